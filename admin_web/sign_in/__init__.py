"""Signing in and out, and one's own password."""

from admin_web.sign_in.person import attach
from admin_web.sign_in.views import blueprint

__all__ = ["attach", "blueprint"]
