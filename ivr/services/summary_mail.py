"""Whether the summary of a day has been mailed: once a day, tried again after a failure.

Kept in `settings`, so that the desk may be restarted. Who is about to send says so first, in
a transaction of its own: of two desks one sends. Should a desk die while it sends, the next
try comes after `AGAIN`, and the mail may arrive twice rather than never.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from ivr.records.tables import Setting
from ivr.services.text import storable

NAME = "daily_summary"
AGAIN = timedelta(minutes=15)
MOST_TRIES = 12
"""Three hours of trying; then the page says what is wrong until the next day's works."""


@dataclass(frozen=True, slots=True)
class MailState:
    """The last day mailed or tried; `error` is empty once it was sent, `at` the last try."""

    day: date
    at: datetime
    tries: int
    sent: bool
    error: str


def state(session: Session) -> MailState | None:
    """What became of the last summary; None where none was ever tried."""
    row = session.get(Setting, NAME)
    if row is None:
        return None
    kept = row.value
    return MailState(
        date.fromisoformat(kept["day"]),
        datetime.fromisoformat(kept["at"]),
        int(kept["tries"]),
        bool(kept["sent"]),
        str(kept["error"]),
    )


def claim(session: Session, day: date, now: datetime) -> bool:
    """Whether the summary of `day` is to be sent now, and by the asker."""
    row = session.get(Setting, NAME, with_for_update=True)
    before = state(session) if row is not None else None
    tries = 0
    if before is not None and before.day >= day:
        waited = now - before.at >= AGAIN
        if before.sent or before.day > day or not waited or before.tries >= MOST_TRIES:
            return False
        tries = before.tries
    _keep(session, row, MailState(day, now, tries + 1, False, before.error if before else ""))
    return True


def done(session: Session, day: date, now: datetime, error: str = "") -> None:
    """Write down that it was sent, or why not."""
    row = session.get(Setting, NAME, with_for_update=True)
    before = state(session)
    tries = before.tries if before is not None else 1
    _keep(session, row, MailState(day, now, tries, not error, storable(error, 300)))


def _keep(session: Session, row: Setting | None, kept: MailState) -> None:
    if row is None:
        row = Setting(name=NAME)
        session.add(row)
    row.value = {
        "day": kept.day.isoformat(),
        "at": kept.at.isoformat(),
        "tries": kept.tries,
        "sent": kept.sent,
        "error": kept.error,
    }
    session.flush()
