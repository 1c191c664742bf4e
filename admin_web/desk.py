"""What every page needs of its application, found in one place.

A view asks ``desk()`` for the settings, the database and the clock; nothing is a module
global, so that tests may run several desks at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from flask import current_app

from admin_web.settings import DeskSettings
from admin_web.tries import Tries
from ivr.records import Database

EXTENSION = "minsheng_desk"


@dataclass(frozen=True, slots=True)
class Desk:
    """One running desk: settings, database, the line's zone and a clock (aware, UTC)."""

    settings: DeskSettings
    database: Database
    zone: ZoneInfo
    now: Callable[[], datetime]
    sign_in_tries: Tries = field(default_factory=Tries)


def desk() -> Desk:
    """Return the desk of the application at work."""
    return cast(Desk, current_app.extensions[EXTENSION])
