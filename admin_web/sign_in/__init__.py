"""Signing in and out; one's own account: password, second factor, sessions."""

from admin_web.sign_in import account, own_second_factor, views
from admin_web.sign_in.blueprint import blueprint
from admin_web.sign_in.person import attach

__all__ = ["account", "attach", "blueprint", "own_second_factor", "views"]
