"""Complaints summed by the day they were filed, so that a year's figures read some thousand rows.

What is asked for (category, area, state) changes for months after a complaint was filed, so sums
cannot be kept as those of calls are. Instead a day is counted anew whenever one of its complaints
has changed since: `updated_at` tells, by an index. `tend` does so a few days at a time, in the
desk's counting chore; `Known.of` says which days' sums hold at this moment, and all other days are
read from the complaints. So figures are exact whether or not anything was ever summed.

Days are those of UTC, whatever the line's zone: a period of that is whole days of UTC and some
hours at either end.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from ivr.records import Database
from ivr.records.tables import Complaint, ComplaintDay
from ivr.services import facts

FACT = "complaint_days"
SETTLES = timedelta(minutes=2)
"""Longer than a transaction lasts: what was changed before this is there to be seen."""
AT_ONCE = 5
"""Days counted in one transaction: some twenty milliseconds with some thousand each."""
MOST_CHANGED = 2_000
"""With more complaints changed since, all is read from the complaints."""


@dataclass(frozen=True, slots=True)
class Known:
    """The days whose sums hold: from `first` to `last`, without the `changed` ones."""

    first: date
    last: date
    changed: frozenset[date]

    @classmethod
    def of(cls, session: Session) -> Known | None:
        """As it is now; None where there is nothing to go by."""
        state = _State.read(session)
        if state is None or state.last < state.first:
            return None
        rows = session.scalars(
            select(Complaint.created_at)
            .where(Complaint.updated_at >= state.seen)
            .limit(MOST_CHANGED + 1)
        ).all()
        if len(rows) > MOST_CHANGED:
            return None
        return cls(state.first, state.last, frozenset(at.astimezone(UTC).date() for at in rows))


@dataclass(frozen=True, slots=True)
class _State:
    """What was counted: the days, and up to when changes were looked at."""

    first: date
    last: date
    seen: datetime

    @classmethod
    def read(cls, session: Session) -> _State | None:
        kept = facts.read(session, FACT)
        if kept is None:
            return None
        return cls(
            date.fromisoformat(kept["first"]),
            date.fromisoformat(kept["last"]),
            datetime.fromisoformat(kept["seen"]),
        )

    def write(self, session: Session) -> None:
        facts.write(
            session,
            FACT,
            {
                "first": self.first.isoformat(),
                "last": self.last.isoformat(),
                "seen": self.seen.isoformat(),
            },
        )


def tend(database: Database, now: datetime) -> bool:
    """Count some days that are over or have changed; True where there is more to do."""
    with database.read() as session:
        state = _State.read(session) or _beginning(session, now)
        if state is None:
            return False
        days, seen, more = _stale(session, state, now)
        kept = _State.read(session)
        if kept is not None and not days and now - kept.seen < 2 * SETTLES:
            return False  # nothing to do: an idle line writes nothing
    with database.begin() as session:
        for day in days:
            recount(session, [day])
        new = [day for day in days if day > state.last]
        _State(state.first, max([state.last, *new]), seen).write(session)
    return more


def _beginning(session: Session, now: datetime) -> _State | None:
    first = session.scalar(select(func.min(Complaint.created_at)))
    if first is None:
        return None
    day = first.astimezone(UTC).date()
    return _State(day, day - timedelta(days=1), now - SETTLES)


def _stale(session: Session, state: _State, now: datetime) -> tuple[list[date], datetime, bool]:
    """Days to count now, up to when changes are looked at with them, and whether more follow."""
    changed: dict[date, None] = {}
    seen, more = now - SETTLES, False
    for created, updated in session.execute(
        select(Complaint.created_at, Complaint.updated_at)
        .where(Complaint.updated_at >= state.seen)
        .order_by(Complaint.updated_at)
    ):
        day = created.astimezone(UTC).date()
        if not state.first <= day <= state.last:
            continue
        if day not in changed and len(changed) == AT_ONCE:
            seen, more = min(seen, updated), True
            break
        changed[day] = None
    over = now.astimezone(UTC).date() - timedelta(days=1)
    room = AT_ONCE - len(changed)
    new = [
        state.last + timedelta(days=n) for n in range(1, min(room, (over - state.last).days) + 1)
    ]
    return [*changed, *new], seen, more or (bool(new) and new[-1] < over)


def recount(session: Session, days: Collection[date]) -> None:
    """Make the sums of these days again from their complaints; needs a transaction that writes."""
    for day in sorted(days):
        begin = datetime.combine(day, time(), UTC)
        rows = session.execute(
            select(Complaint.category, Complaint.area, Complaint.state, func.count())
            .where(Complaint.created_at >= begin, Complaint.created_at < begin + timedelta(days=1))
            .group_by(Complaint.category, Complaint.area, Complaint.state)
            .with_hint(Complaint, "INDEXED BY ix_complaints_figures", "sqlite")
        ).all()
        session.execute(delete(ComplaintDay).where(ComplaintDay.day == day))
        if rows:
            session.execute(
                insert(ComplaintDay),
                [
                    {
                        "day": day,
                        "category": category,
                        "area": area or "",
                        "state": state.value,
                        "complaints": count,
                    }
                    for category, area, state, count in rows
                ],
            )


def forget(session: Session) -> None:
    """Begin anew: the sums are made again from the first complaint on."""
    session.execute(delete(ComplaintDay))
    facts.remove(session, FACT)
