"""What the desk's process does beside its pages: counting calls, mailing the summary.

One thread, woken by an event and no clock of its own; a chore that fails is logged and tried
again at its next time, and never ends the pages.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from types import TracebackType

from flask import Flask

from admin_web.dashboard.mailing import mail_if_due
from admin_web.settings import MailSettings
from ivr.records import Database, DatabaseUnavailable
from ivr.services import call_routes, complaint_days, statistics_counting

COUNT_EVERY_S = 5.0
COUNT_PAUSE_S = 0.1
"""Between two transactions of counting: the line writes meanwhile."""
MAIL_EVERY_S = 60.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to do every so often; it says after how many seconds to do it again."""

    name: str
    do: Callable[[], float]


class Chores:
    """Does its chores in a thread of its own, from `with` to its end."""

    def __init__(self, chores: list[Chore]) -> None:
        self._due = dict.fromkeys(chores, 0.0)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chores", daemon=True)

    def __enter__(self) -> Chores:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join(10.0)

    def _run(self) -> None:
        while not self._stopping.is_set():
            chore = min(self._due, key=self._due.__getitem__)
            if self._stopping.wait(max(0.0, self._due[chore] - time.monotonic())):
                return
            self._due[chore] = time.monotonic() + _done(chore)


def _done(chore: Chore) -> float:
    try:
        return chore.do()
    except DatabaseUnavailable as error:
        log.warning("%s is put off: %s", chore.name, error)
    except Exception:
        log.exception("%s failed", chore.name)
    return MAIL_EVERY_S


def counting(database: Database, zone: tzinfo) -> Chore:
    """Count the calls that have ended; once few wait, days of complaints and old routes."""

    def count() -> float:
        with database.read() as session:
            ended = statistics_counting.waiting(session, limit=1)
        if ended:
            with database.begin() as session:
                counted = statistics_counting.count_ended(session, zone=zone)
            if counted == statistics_counting.BATCH:
                return COUNT_PAUSE_S
        # On a busy line a call has always ended: waiting for none would put these off for ever.
        more = complaint_days.tend(database, datetime.now(UTC)) or call_routes.tend(database)
        return COUNT_PAUSE_S if more else COUNT_EVERY_S

    return Chore("Counting calls", count)


def mailing(app: Flask, mail: MailSettings) -> Chore:
    """Mail the summary of yesterday."""

    def post() -> float:
        mail_if_due(app, mail)
        return MAIL_EVERY_S

    return Chore("Mailing the summary", post)
