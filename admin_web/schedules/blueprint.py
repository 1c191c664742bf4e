"""The blueprint, which the pages of the room share."""

from flask import Blueprint

blueprint = Blueprint("schedules", __name__, url_prefix="/schedules")
