"""Complaints of a period by category, area and state, and how old the open ones are.

Read from the sums of days (`complaint_days`), and of days whose sums do not hold from an index
over the complaints that holds all that is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr.records.tables import Complaint, ComplaintDay
from ivr.services import complaint_days
from ivr.services.complaint_search import OPEN as OPEN

_DAY = timedelta(days=1)
_DAY = timedelta(days=1)
AGES_DAYS: tuple[tuple[int, int | None], ...] = ((0, 2), (3, 7), (8, 15), (16, 30), (31, None))
"""How many days ago a complaint was filed, both included."""


@dataclass(frozen=True, slots=True)
class Age:
    """Open complaints filed from `first` (None: from the beginning) to `last`, both included."""

    low: int
    high: int | None
    first: date | None
    last: date
    count: int


@dataclass(frozen=True, slots=True)
class ComplaintFigures:
    """Complaints filed in a period, each counted once in every table; None: no area is known."""

    total: int
    by_category: Counter[str]
    by_area: Counter[str | None]
    by_state: Counter[str]


def filed(
    session: Session, since: datetime, until: datetime, area: str | None = None
) -> ComplaintFigures:
    """The complaints filed from `since` until before `until`."""
    total = 0
    categories: Counter[str] = Counter()
    areas: Counter[str | None] = Counter()
    states: Counter[str] = Counter()
    for category, where, state, count in _counted(session, since, until, area):
        total += count
        categories[category] += count
        areas[where] += count
        states[state] += count
    return ComplaintFigures(total, categories, areas, states)


def _counted(
    session: Session, since: datetime, until: datetime, area: str | None
) -> Iterator[tuple[str, str | None, str, int]]:
    """Category, area, state, how many: from the sums of days that hold, else by complaint."""
    known = complaint_days.Known.of(session)
    spans = [(since, until)]
    if known is not None:
        begin = max(_next_midnight(since), datetime.combine(known.first, time(), UTC))
        end = min(_midnight(until), datetime.combine(known.last, time(), UTC) + _DAY)
        if begin < end:
            changed = sorted(day for day in known.changed if begin.date() <= day < end.date())
            yield from _summed(session, begin, end, changed, area)
            midnights = [datetime.combine(day, time(), UTC) for day in changed]
            spans = [(since, begin), *((at, at + _DAY) for at in midnights), (end, until)]
    for low, high in spans:
        if low < high:
            yield from _one_by_one(session, low, high, area)


def _summed(
    session: Session, begin: datetime, end: datetime, without: Sequence[date], area: str | None
) -> Iterator[tuple[str, str | None, str, int]]:
    keys = (ComplaintDay.category, ComplaintDay.area, ComplaintDay.state)
    query = (
        select(*keys, func.sum(ComplaintDay.complaints))
        .where(
            ComplaintDay.day >= begin.date(),
            ComplaintDay.day < end.date(),
            ComplaintDay.day.not_in(without),
        )
        .group_by(*keys)
    )
    if area is not None:
        query = query.where(ComplaintDay.area == area)
    for category, where, state, count in session.execute(query):
        yield category, where or None, state, count


def _one_by_one(
    session: Session, since: datetime, until: datetime, area: str | None
) -> Iterator[tuple[str, str | None, str, int]]:
    keys = (Complaint.category, Complaint.area, Complaint.state)
    query = (
        select(*keys, func.count())
        .where(Complaint.created_at >= since, Complaint.created_at < until)
        .group_by(*keys)
        .with_hint(Complaint, "INDEXED BY ix_complaints_figures", "sqlite")
    )
    if area is not None:
        query = query.where(Complaint.area == area)
    for category, where, state, count in session.execute(query):
        yield category, where, state.value, count


def _midnight(at: datetime) -> datetime:
    """The last midnight of UTC."""
    return datetime.combine(at.astimezone(UTC).date(), time(), UTC)


def _next_midnight(at: datetime) -> datetime:
    """This one, or the next."""
    midnight = _midnight(at)
    return midnight if midnight == at else midnight + _DAY


def ages(session: Session, today: date, zone: tzinfo, area: str | None = None) -> list[Age]:
    """The complaints that wait for a reply now, by how long ago they were filed."""
    found = []
    for low, high in AGES_DAYS:
        last = today - timedelta(days=low)
        first = today - timedelta(days=high) if high is not None else None
        query = (
            select(func.count())
            .select_from(Complaint)
            .where(
                Complaint.state.in_(OPEN),
                Complaint.created_at < datetime.combine(last + timedelta(days=1), time(), zone),
            )
        )
        if first is not None:
            query = query.where(Complaint.created_at >= datetime.combine(first, time(), zone))
        if area is not None:
            query = query.where(Complaint.area == area)
        found.append(Age(low, high, first, last, session.scalar(query) or 0))
    return found


def overdue(session: Session, today: date, area: str | None = None) -> int:
    """The complaints whose department let its deadline pass."""
    query = (
        select(func.count())
        .select_from(Complaint)
        .where(Complaint.state.in_(OPEN), Complaint.deadline < today)
    )
    if area is not None:
        query = query.where(Complaint.area == area)
    return session.scalar(query) or 0
