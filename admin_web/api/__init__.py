"""Calls and complaints for programs: JSON by pages, CSV as a whole, with a token."""

from admin_web.api.views import blueprint

__all__ = ["blueprint"]
