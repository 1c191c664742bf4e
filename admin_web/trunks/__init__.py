"""Trunks and numbers: how the line is reached, and which flow a called number starts."""

from admin_web.trunks.views import blueprint

__all__ = ["blueprint"]
