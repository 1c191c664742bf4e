"""Outage notices: what callers hear now, what is planned, what has ended."""

from admin_web.outages import templates, uploads, views
from admin_web.outages.blueprint import blueprint

__all__ = ["blueprint", "templates", "uploads", "views"]
