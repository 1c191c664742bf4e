"""The pages of signing in and of one's own account share one blueprint."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("sign_in", __name__)
