"""How long what is kept, what goes tonight, and what went."""

from admin_web.retention.views import blueprint

__all__ = ["blueprint"]
