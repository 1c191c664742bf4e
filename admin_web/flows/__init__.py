"""Call flows: what happens when, read, checked and published."""

from admin_web.flows.views import blueprint

__all__ = ["blueprint"]
