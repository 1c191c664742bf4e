"""The gate's bans written down for staff, and what staff want of them taken up.

Every few seconds, off the reactor thread: what has changed since the last time, the newest at
most, in one transaction; a flood of bans is no flood of writes. A responder that starts goes on
with the bans that run.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy.orm import Session
from twisted.python.failure import Failure

from ivr.gate import Ban, Gate, Networks
from ivr.responder.database import Records
from ivr.responder.journal import utc_now
from ivr.responder.ticker import Deadlines
from ivr.services import protection
from ivr.services.protection import BanSeen, Wishes

WRITE_EVERY_S = 3.0
MOST_AT_ONCE = 200

log = logging.getLogger(__name__)


class BanBook:
    """Keeps gate and database in step."""

    def __init__(self, gate: Gate, records: Records, deadlines: Deadlines) -> None:
        self._gate = gate
        self._records = records
        self._deadlines = deadlines
        self._written: dict[str, tuple[float, int]] = {}

    def begin_with(self, session: Session, monotonic_s: float) -> None:
        """Take up what ran when the line was stopped, and what staff want."""
        now = utc_now()
        for seen in protection.remembered(session, now):
            since, until = ((at - now).total_seconds() for at in (seen.since, seen.until))
            self._gate.bans.restore(
                Ban(
                    seen.source,
                    seen.reason,
                    monotonic_s + since,
                    monotonic_s + until,
                    seen.strikes,
                    seen.proven,
                    seen.refused,
                )
            )
        self._take(protection.wishes(session, now))

    def start(self) -> None:
        """Begin to write and look."""
        self._step()

    def _step(self) -> None:
        now, wall = self._deadlines.now, utc_now()
        changed = self._changed(now)
        seen = [_seen(ban, now, wall) for ban in changed]

        def exchange(session: Session) -> Wishes:
            if seen:
                protection.note_bans(session, seen, wall)
            return protection.wishes(session, wall)

        # Where there is nothing to write, looking is enough: no lock, no flush to disk.
        asking = self._records.write(exchange) if seen else self._records.read(exchange)
        asking.addCallbacks(self._done, self._failed, callbackArgs=(changed,))
        asking.addBoth(self._again)

    def _again(self, _result: object) -> None:
        self._deadlines.at(self._deadlines.now + WRITE_EVERY_S, self._step)

    def _changed(self, now: float) -> list[Ban]:
        running = self._gate.bans.running(now)
        kept = {ban.source for ban in running}
        self._written = {s: known for s, known in self._written.items() if s in kept}
        new = [ban for ban in running if self._written.get(ban.source) != (ban.since, ban.refused)]
        new.sort(key=lambda ban: ban.since, reverse=True)
        return new[:MOST_AT_ONCE]

    def _done(self, wishes: Wishes, changed: list[Ban]) -> None:
        for ban in changed:
            self._written[ban.source] = ban.since, ban.refused
        self._take(wishes)

    def _take(self, wishes: Wishes) -> None:
        for source in wishes.lifted:
            if self._gate.bans.lift(source):
                log.info("The ban of %s is lifted", source)
        if wishes.exempt != tuple(self._gate.exempt):
            self._gate.exempt.replace(wishes.exempt)
            for ban in self._gate.bans.running(self._deadlines.now):
                if ban.source.partition("/")[0] in Networks(wishes.exempt):
                    self._gate.bans.lift(ban.source)

    def _failed(self, failure: Failure) -> None:
        log.warning("The ban list is not written now: %s", failure.getErrorMessage())


def _seen(ban: Ban, now: float, wall: datetime) -> BanSeen:
    """The ban in times of the wall clock."""
    return BanSeen(
        ban.source,
        ban.reason,
        wall + timedelta(seconds=ban.since - now),
        wall + timedelta(seconds=ban.until - now),
        ban.strikes,
        ban.proven,
        ban.refused,
    )
