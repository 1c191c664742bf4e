"""The telephone's pages share one blueprint."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("telephone", __name__, url_prefix="/telephone")
