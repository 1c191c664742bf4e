"""The page of settings. They are changed where the line is started, not here."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from admin_web.desk import desk

blueprint = Blueprint("line_settings", __name__, url_prefix="/settings")


@blueprint.get("/")
def line_settings() -> ResponseReturnValue:
    """Every setting; secrets are hidden."""
    return render_template("line_settings/settings.html", listed=desk().settings.listed)
