"""How much a transaction of long work may do, so that who writes beside it waits little.

SQLite has one writer and no queue: whoever wants to write waits for the whole transaction of
another. How long one of a hundred records takes hangs on the machine, the disk and what else they
do; so the next size follows from how long the last one took.
"""

from __future__ import annotations

from dataclasses import dataclass

AIM_S = 0.015
"""A transaction of long work: two of them, and a commit, are within the 50 ms of others."""


@dataclass(slots=True)
class Pace:
    """`size` records for the next transaction, between `least` and `most`."""

    size: int
    least: int = 5
    most: int = 200
    aim_s: float = AIM_S

    def took(self, seconds: float, records: int) -> None:
        """Learn from one that did `records`; at most twice as many the next time."""
        if records < min(self.size, self.least):
            return  # the last few say little of many
        fitting = int(records * self.aim_s / max(seconds, 1e-6))
        self.size = min(self.most, max(self.least, min(2 * self.size, fitting)))
