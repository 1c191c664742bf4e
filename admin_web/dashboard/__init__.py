"""Figures for supervisors: a chosen period compared with the one before, and what went wrong."""

from admin_web.dashboard.views import blueprint

__all__ = ["blueprint"]
