"""The blueprint that all pages of call flows belong to."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("flows", __name__, url_prefix="/flows")
