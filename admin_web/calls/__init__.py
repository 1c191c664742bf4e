"""Calls: who called, the way of each call through the flows, its sound quality, its recordings."""

from admin_web.calls import listening, live, trace, views  # noqa: F401 - they add their pages
from admin_web.calls.blueprint import blueprint

__all__ = ["blueprint"]
