"""The settings of the line, to be read: where each came from, and what it means."""

from admin_web.line_settings.views import blueprint

__all__ = ["blueprint"]
