"""Protection: who the line does not listen to, why and until when."""

from admin_web.protection.views import blueprint

__all__ = ["blueprint"]
