"""Complaints in the order they last changed, for programs that keep a copy.

The page after a row holds all that changed later, whatever it was: one that changes while a
program reads comes again at the end. The last row's key is kept by the program and is where it
goes on the next time. Read by an index; a page costs the same wherever it begins.

A transaction that began a moment ago may commit after one that began later: what is younger than
`SETTLED_AFTER` is told with the next question, or it could be passed over for good.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session, selectinload

from ivr.records.tables import Complaint, Recording
from ivr.services.paging import PAGE_SIZE, page_key, parse_page_key

SETTLED_AFTER = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """What changed, longest ago first; `next` is where to go on, now or later."""

    complaints: Sequence[Complaint]
    next: str | None


def since(
    session: Session,
    at: datetime | None = None,
    *,
    now: datetime,
    department: str | None = None,
    confidential: bool | None = None,
    after: str | None = None,
    limit: int = PAGE_SIZE,
) -> ChangesPage:
    """What changed at `at` or later, or after a page; RefusedError for a key that is not ours."""
    query = select(Complaint).where(Complaint.updated_at <= now - SETTLED_AFTER)
    if at is not None:
        query = query.where(Complaint.updated_at >= at)
    if department is not None:
        query = query.where(Complaint.department == department)
    if confidential is not None:
        query = query.where(Complaint.confidential.is_(confidential))
    if after is not None:
        query = query.where(tuple_(Complaint.updated_at, Complaint.ticket) > parse_page_key(after))
    rows = session.scalars(
        query.order_by(Complaint.updated_at, Complaint.ticket)
        .limit(limit)
        .options(selectinload(Complaint.recording).joinedload(Recording.transcript))
    ).all()
    last = rows[-1] if rows else None
    return ChangesPage(rows, page_key(last.updated_at, last.ticket) if last else after)
