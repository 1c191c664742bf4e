"""Call-backs: who reached nobody and waits for a person of the office."""

from admin_web.call_backs.views import blueprint

__all__ = ["blueprint"]
