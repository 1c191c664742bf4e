"""The alarms that are up, at the head of every page of staff.

They come out of the desk's memory, so that a page which cannot reach the database has them too.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask

from admin_web.desk import desk
from ivr.services.alarms import Alarm


def attach(app: Flask) -> None:
    """Let the layout of ``app`` ask what is wrong."""

    def alarms_up() -> Sequence[Alarm]:
        return desk().settings.alarms.alarms

    app.jinja_env.globals["alarms_up"] = alarms_up
