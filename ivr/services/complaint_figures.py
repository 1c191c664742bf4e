"""Complaints of a period by category, area and state, and how old the open ones are.

Read from the complaints themselves: what state they are in changes for months, and an index
holds all that is asked for.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr.records.tables import Complaint
from ivr.services.complaint_search import OPEN as OPEN

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
    query = (
        select(Complaint.category, Complaint.area, Complaint.state, func.count())
        .where(Complaint.created_at >= since, Complaint.created_at < until)
        .group_by(Complaint.category, Complaint.area, Complaint.state)
    )
    if area is not None:
        query = query.where(Complaint.area == area)
    total = 0
    categories: Counter[str] = Counter()
    areas: Counter[str | None] = Counter()
    states: Counter[str] = Counter()
    for category, where, state, count in session.execute(query):
        total += count
        categories[category] += count
        areas[where] += count
        states[state.value] += count
    return ComplaintFigures(total, categories, areas, states)


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
