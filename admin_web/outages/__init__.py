"""Outage notices: what callers hear now, what is planned, what has ended."""

from admin_web.outages.views import blueprint

__all__ = ["blueprint"]
