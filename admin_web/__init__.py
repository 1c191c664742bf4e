"""The desk: the web pages of staff, rendered on the server, one folder per page."""

from admin_web.app import create_app
from admin_web.settings import DeskSettings

__all__ = ["DeskSettings", "create_app"]
