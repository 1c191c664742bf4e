"""Calls: who called, the way of each call through the flows, its sound quality, its recordings."""

from admin_web.calls.views import blueprint

__all__ = ["blueprint"]
