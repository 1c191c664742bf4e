"""The emergency announcement: said before everything else, from a click to its end."""

from admin_web.announcements import banner
from admin_web.announcements.views import blueprint

__all__ = ["banner", "blueprint"]
