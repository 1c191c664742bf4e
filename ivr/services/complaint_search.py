"""Complaints for the desk: a filtered list by pages, counts by state, and CSV.

What was said is searched by LIKE, transcript by transcript: Chinese has no blanks between
words and most of its words have two characters, which neither SQLite's trigram index (three
at least) nor PostgreSQL's dictionaries find. 100 000 complaints take up to 0.7 s
(docs/architecture.md).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from sqlalchemy import Select, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session, selectinload

from ivr.records.tables import Complaint, ComplaintState, Recording, Transcript
from ivr.services.line_time import DEFAULT_ZONE
from ivr.services.masking import NumberView, in_text, whole
from ivr.services.paging import PAGE_SIZE, page_key, parse_page_key
from ivr.services.spreadsheet import cell
from ivr.services.text import storable

COUNTED = 10_000
"""Up to so many complaints that fit are counted."""
SETTLED = (ComplaintState.REPLIED, ComplaintState.CLOSED, ComplaintState.REJECTED)
"""States in which no deadline can be missed any more."""


@dataclass(frozen=True, slots=True)
class ComplaintFilter:
    """Which complaints; `overdue_on` is a day, `unsettled` are those that wait for a reply.

    Each word of `text` is a part of ticket, caller, callback number or transcript.
    """

    text: str = ""
    state: ComplaintState | None = None
    unsettled: bool = False
    category: str | None = None
    department: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    finished: bool | None = None
    overdue_on: date | None = None
    area: str | None = None
    without_area: bool = False
    confidential: bool | None = None


@dataclass(frozen=True, slots=True)
class ComplaintPage:
    """A page of the list, newest first, each with its recording loaded.

    `total` counts up to `COUNTED`; `more` says that there are more.
    """

    complaints: Sequence[Complaint]
    next: str | None
    total: int
    more: bool = False


def search(
    session: Session,
    wanted: ComplaintFilter | None = None,
    *,
    after: str | None = None,
    limit: int = PAGE_SIZE,
) -> ComplaintPage:
    """One page of complaints; RefusedError for a page key that is not ours."""
    query = _filtered(wanted or ComplaintFilter())
    counted = query.with_only_columns(Complaint.ticket).limit(COUNTED + 1).subquery()
    total = session.scalar(select(func.count()).select_from(counted)) or 0
    rows = _rows(session, query, after, limit + 1)
    more = len(rows) > limit
    rows = rows[:limit]
    last = rows[-1] if more else None
    following = page_key(last.created_at, last.ticket) if last else None
    return ComplaintPage(rows, following, min(total, COUNTED), total > COUNTED)


def counts(session: Session, *, department: str | None = None) -> dict[ComplaintState, int]:
    """How many complaints are in each state, zeros too; of one department where it is given."""
    query = select(Complaint.state, func.count()).group_by(Complaint.state)
    if department is not None:
        query = query.where(Complaint.department == department)
    found: dict[ComplaintState, int] = dict(session.execute(query).all())
    return {state: found.get(state, 0) for state in ComplaintState}


CSV_HEADER = (
    *("ticket", "category", "state", "created_at", "updated_at", "deadline", "department"),
    *("caller", "callback_number", "language", "finished", "reply", "call_id", "recording"),
    *("transcript", "transcript_verified"),
)


def csv_rows(
    session: Session,
    wanted: ComplaintFilter | None = None,
    *,
    zone: tzinfo = DEFAULT_ZONE,
    numbers: NumberView = whole,
    batch: int = 500,
) -> Iterator[list[str]]:
    """Header and one row a complaint, newest first, read in batches."""
    yield list(CSV_HEADER)
    query = _filtered(wanted or ComplaintFilter())
    after: str | None = None
    while True:
        rows = _rows(session, query, after, batch)
        for row in rows:
            values = (
                *(row.ticket, row.category, row.state.value, row.created_at, row.updated_at),
                *(row.deadline, row.department),
                *(numbers(row.caller), numbers(row.callback_number), row.language),
                *(row.finished, row.reply, row.call_id),
                row.recording.path if row.recording else None,
                *_said(row, numbers),
            )
            yield [cell(value, zone) for value in values]
        if len(rows) < batch:
            return
        after = page_key(rows[-1].created_at, rows[-1].ticket)
        session.expunge_all()


def _said(row: Complaint, numbers: NumberView) -> tuple[str | None, bool | None]:
    """What was said as far as it is known, and whether somebody checked it against the sound."""
    transcript = row.recording.transcript if row.recording else None
    if transcript is None or not transcript.text:
        return None, None
    return in_text(transcript.text, numbers), transcript.checked_at is not None


def _filtered(wanted: ComplaintFilter) -> Select[Complaint]:
    query = select(Complaint)
    for part in storable(unicodedata.normalize("NFKC", wanted.text), 128).split():
        query = query.where(
            or_(
                Complaint.ticket.contains(part, autoescape=True),
                Complaint.caller.contains(part, autoescape=True),
                Complaint.callback_number.contains(part, autoescape=True),
                exists()
                .where(Transcript.recording_id == Complaint.recording_id)
                .where(Transcript.text.icontains(part, autoescape=True)),
            )
        )
    if wanted.state is not None:
        query = query.where(Complaint.state == wanted.state)
    if wanted.unsettled:
        query = query.where(Complaint.state.not_in(SETTLED))
    if wanted.category is not None:
        query = query.where(Complaint.category == wanted.category)
    if wanted.department is not None:
        query = query.where(Complaint.department == wanted.department)
    if wanted.since is not None:
        query = query.where(Complaint.created_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(Complaint.created_at < wanted.until)
    if wanted.area is not None:
        query = query.where(Complaint.area == wanted.area)
    if wanted.without_area:
        query = query.where(Complaint.area.is_(None))
    if wanted.confidential is not None:
        query = query.where(Complaint.confidential.is_(wanted.confidential))
    if wanted.finished is not None:
        query = query.where(Complaint.finished.is_(wanted.finished))
    if wanted.overdue_on is not None:
        query = query.where(Complaint.deadline < wanted.overdue_on, Complaint.state.not_in(SETTLED))
    return query


def _rows(
    session: Session, query: Select[Complaint], after: str | None, limit: int
) -> Sequence[Complaint]:
    if after is not None:
        at, ticket = parse_page_key(after)
        query = query.where(tuple_(Complaint.created_at, Complaint.ticket) < (at, ticket))
    return session.scalars(
        query.order_by(Complaint.created_at.desc(), Complaint.ticket.desc())
        .limit(limit)
        .options(selectinload(Complaint.recording).joinedload(Recording.transcript))
    ).all()
