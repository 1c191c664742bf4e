"""The first page: how the line is doing, in words."""

from admin_web.home.views import blueprint

__all__ = ["blueprint"]
