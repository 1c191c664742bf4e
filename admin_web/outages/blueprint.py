"""The blueprint that the modules of this room share."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("outages", __name__, url_prefix="/outages")
