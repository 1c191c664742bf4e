"""Once a night the desk has `ivr purge` run, in a process of its own (backups: `nightly_backup`).

A machine that is off at night makes up for it once it is on: what counts is whether there was a
run since the last time it was due.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo

from ivr.records import Database
from ivr.services import retention

COMMAND = (sys.executable, "-m", "ivr", "purge")
# A clock that is set, a machine that slept: the time is looked at again as often as this.
LOOK_EVERY_S = 600.0
LOOK_AT_RUN_S = 5.0
AGAIN_AFTER = timedelta(hours=1)
# A line that has just been started loads its voices and is looked at: no run is made up for then.
QUIET_START = timedelta(minutes=10)
STOP_LIMIT_S = 5.0

log = logging.getLogger(__name__)


def last_due(now: datetime, at: time, zone: tzinfo) -> datetime:
    """The newest moment at or before `now` that is `at` in `zone`."""
    here = now.astimezone(zone)
    due = datetime.combine(here.date(), at, zone)
    if due > here:
        due = datetime.combine(here.date() - timedelta(days=1), at, zone)
    return due.astimezone(UTC)


def next_due(now: datetime, at: time, zone: tzinfo) -> datetime:
    """The next moment after `now` that is `at` in `zone`."""
    here = now.astimezone(zone)
    due = datetime.combine(here.date(), at, zone)
    if due <= here:
        due = datetime.combine(here.date() + timedelta(days=1), at, zone)
    return due.astimezone(UTC)


class Nightly:
    """Has `ivr purge` run when it is due. `tend` is a chore of the desk; `close` ends a run.

    `failed`: the last run did not do what it should.
    """

    def __init__(
        self,
        database: Database | None,
        at: time,
        zone: tzinfo,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        command: Sequence[str] = COMMAND,
        quiet_start: timedelta = QUIET_START,
    ) -> None:
        self._database, self._at, self._zone, self._now = database, at, zone, now
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._not_before = now() + quiet_start
        self.failed = False

    def tend(self) -> float:
        """Start a run that is due, or look how it goes; the seconds to the next look."""
        now = self._now()
        if self._process is not None:
            status = self._process.poll()
            if status is None:
                return LOOK_AT_RUN_S
            self._process = None
            self.failed = bool(status)
            if status:
                words = " ".join(self._command[2:])
                log.error("nightly: `%s` ended with status %s", words, status)
        elif self.is_due(now):
            self._not_before = now + AGAIN_AFTER
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)
            return LOOK_AT_RUN_S
        wait_s = (next_due(now, self._at, self._zone) - now).total_seconds()
        return min(wait_s, LOOK_EVERY_S)

    def is_due(self, now: datetime) -> bool:
        """Whether a run is missing. One that failed is tried again after an hour."""
        if now < self._not_before:
            return False
        done_at = self.last_done()
        return done_at is None or done_at < last_due(now, self._at, self._zone)

    def last_done(self) -> datetime | None:
        """When the last run was."""
        if self._database is None:
            return None
        with self._database.read() as session:
            done = retention.last(session)
        return done.at if done is not None else None

    def close(self) -> None:
        """End a run in progress; it goes on the next night."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
