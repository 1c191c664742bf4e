"""The red banner on every page while an emergency announcement is in force."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask, g

from admin_web.desk import desk
from ivr.records.tables import Announcement
from ivr.services import announcements


def in_force() -> Sequence[Announcement]:
    """Return what new callers hear first, asked once a page."""
    if "announcements" not in g:
        with desk().database.read() as session:
            g.announcements = announcements.in_force(session, desk().now())
    found: Sequence[Announcement] = g.announcements
    return found


def attach(app: Flask) -> None:
    """Let the layout of ``app`` ask what is in force."""
    app.jinja_env.globals["announcements_in_force"] = in_force
