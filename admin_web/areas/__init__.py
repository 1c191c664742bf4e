"""Areas of the town: their codes, which callers key, and their names in both languages."""

from admin_web.areas.views import blueprint

__all__ = ["blueprint"]
