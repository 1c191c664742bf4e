"""What a session asks of the town's schedules: open or closed, until when.

The schedules themselves are a room's of their own (`ivr.services.opening`); a session is given a
function, as it is given the facts of the call, and so stays free of clock and database. Whoever
tries a flow out or replays a call gives an answer of their own (`Said`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class Standing(Protocol):
    """How a schedule stands now. Times are aware, in the line's zone; None: none in sight."""

    @property
    def open(self) -> bool: ...
    @property
    def opens(self) -> datetime | None: ...
    @property
    def closes(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Said:
    """An answer given by hand."""

    open: bool = True
    opens: datetime | None = None
    closes: datetime | None = None


Hours = Callable[[str], Standing]
"""The standing of a schedule, by its code."""


def always_open(_schedule: str) -> Standing:
    """A line without schedules."""
    return Said()
