"""Complaints for the desk: a filtered list by pages, counts by state, and CSV.

What was said is searched by LIKE, transcript by transcript: Chinese has no blanks between
words and most of its words have two characters, which neither SQLite's trigram index (three
at least) nor PostgreSQL's dictionaries find. So a page looks at some thousand transcripts and
says how far back it got (`ivr.services.looking`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo

from sqlalchemy import ColumnElement, exists, false, func, literal, or_, select
from sqlalchemy.orm import Session, selectinload

from ivr.records.tables import Complaint, ComplaintEvent, ComplaintState, Recording, Transcript
from ivr.services.line_time import DEFAULT_ZONE
from ivr.services.looking import COUNTED, List, Way, few
from ivr.services.masking import NumberView, in_text, whole
from ivr.services.number_search import NumberColumn
from ivr.services.paging import PAGE_SIZE, Key, page_key, parse_page_key
from ivr.services.spreadsheet import cell
from ivr.services.text import storable

COMPLAINTS = List(
    Complaint,
    Complaint.created_at,
    Complaint.ticket,
    "ix_complaints_created_at_ticket",
    (selectinload(Complaint.recording).joinedload(Recording.transcript),),
)
SETTLED = (ComplaintState.REPLIED, ComplaintState.CLOSED, ComplaintState.REJECTED)
"""States in which no deadline can be missed any more."""
OPEN = tuple(state for state in ComplaintState if state not in SETTLED)
_TICKET = NumberColumn(Complaint.ticket, "sqlite_autoindex_complaints_1")
_NUMBERS = (
    NumberColumn(Complaint.caller, "ix_complaints_caller", "ix_complaints_caller_end"),
    NumberColumn(Complaint.callback_number, "ix_complaints_callback", "ix_complaints_callback_end"),
)
_NUMBER = re.compile(r"\+?[0-9]{3,}")
_DIGITS = re.compile(r"[0-9]{3,}")


@dataclass(frozen=True, slots=True)
class ComplaintFilter:
    """Which complaints; `overdue_on` is a day, `unsettled` are those that wait for a reply.

    Each word of `text` is a part of the transcript; one of three digits or more is a ticket, a
    caller or a call-back number, the whole or its beginning, or its last digits, or is a part of
    the transcript where it stands beside other words. `masked` as in `number_search`.
    `replied_since` and `replied_until` (before) are for when a reply was given, the first or a
    later one.
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
    masked: bool = False
    replied_since: datetime | None = None
    replied_until: datetime | None = None

    @property
    def filed_until(self) -> datetime | None:
        """Before when it must have been filed: no reply comes earlier."""
        ends = [end for end in (self.until, self.replied_until) if end is not None]
        return min(ends, default=None)


@dataclass(frozen=True, slots=True)
class ComplaintPage:
    """A page of the list, newest first, each with its recording loaded.

    `total` counts up to `COUNTED`; `more` says that there are more; None where counting would mean
    to look at too many. `back_to`: so far back was looked, and `next` goes on from there although
    the page is not full.
    """

    complaints: Sequence[Complaint]
    next: str | None
    total: int | None
    more: bool = False
    back_to: datetime | None = None


def search(
    session: Session,
    wanted: ComplaintFilter | None = None,
    *,
    after: str | None = None,
    limit: int = PAGE_SIZE,
) -> ComplaintPage:
    """One page of complaints; RefusedError for a page key that is not ours."""
    wanted = wanted or ComplaintFilter()
    key = None if after is None else parse_page_key(after)
    ways, spans = _ways(session, wanted), [(wanted.since, wanted.filed_until)]
    found = COMPLAINTS.page(session, ways, spans, key, limit + 1)
    rows = found.rows[:limit]
    following = COMPLAINTS.following(found, limit + 1)
    if len(found.rows) > limit:
        following = Key(rows[-1].created_at, rows[-1].ticket)
    total = COMPLAINTS.count(session, ways, spans)
    if total is None and following is None and after is None:
        total = len(rows)  # all was looked at
    return ComplaintPage(
        rows,
        page_key(*following) if following else None,
        total if total is None else min(total, COUNTED),
        total is not None and total > COUNTED,
        found.back_to,
    )


def counts(session: Session, *, department: str | None = None) -> dict[ComplaintState, int]:
    """How many complaints are in each state, zeros too; of one department where it is given."""
    query = select(Complaint.state, func.count()).group_by(Complaint.state)
    if department is not None:
        query = query.where(Complaint.department == department)
    found: dict[ComplaintState, int] = dict(session.execute(query).all())
    return {state: found.get(state, 0) for state in ComplaintState}


def count_unsettled(session: Session, *, department: str | None = None) -> int:
    """How many complaints wait for a reply: an index holds just these together."""
    query = select(func.count()).where(Complaint.state.in_(OPEN))
    if department is not None:
        query = query.where(Complaint.department == department)
    return session.scalar(query) or 0


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
    wanted = wanted or ComplaintFilter()
    ways = _ways(session, wanted)
    for rows in COMPLAINTS.all(session, ways, [(wanted.since, wanted.filed_until)], batch):
        session.expunge_all()
        session.rollback()  # a slow reader holds no view of the database open
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


def _said(row: Complaint, numbers: NumberView) -> tuple[str | None, bool | None]:
    """What was said as far as it is known, and whether somebody checked it against the sound."""
    transcript = row.recording.transcript if row.recording else None
    if transcript is None or not transcript.text:
        return None, None
    return in_text(transcript.text, numbers), transcript.checked_at is not None


def _ways(session: Session, wanted: ComplaintFilter) -> list[Way]:
    """How the complaints that fit are found; when they were filed is not in it."""
    words = storable(unicodedata.normalize("NFKC", wanted.text), 128).split()
    rest = _rest(wanted)
    if len(words) == 1 and _is_number(words[0]):
        found = _by_number(session, words[0], wanted)
    else:
        rest += [_word(word, wanted) for word in words]
        found = _by_reply(session, wanted) or _by_state(wanted)
    scattered = wanted.department is not None or wanted.area is not None
    cost = (5 if scattered else 3) if words or _asks_for_reply(wanted) else 1
    return [replace(way, rest=(*way.rest, *rest), cost=cost) for way in found]


def _by_state(wanted: ComplaintFilter) -> list[Way]:
    """One way a state, each in the order of time within an index, where it leads anywhere."""
    states: tuple[ComplaintState, ...] = tuple(ComplaintState)
    if wanted.unsettled or wanted.overdue_on is not None:
        states = OPEN
    if wanted.state is not None:
        states = tuple(state for state in states if state is wanted.state)
    if wanted.department is not None:
        of, index = [Complaint.department == wanted.department], "ix_complaints_department"
    elif wanted.area is not None:
        of, index = [Complaint.area == wanted.area], "ix_complaints_area"
    elif len(states) < len(ComplaintState):
        of, index = [], "ix_complaints_state_created_at"
    else:
        return [Way()]
    return [Way((*of, Complaint.state == state), index=index) for state in states]


def replies(since: datetime | None, until: datetime | None) -> tuple[ColumnElement[bool], ...]:
    """Lines of histories by which a complaint got a reply; a correction of one is none."""
    found = [ComplaintEvent.to_state == ComplaintState.REPLIED]
    if since is not None:
        found.append(ComplaintEvent.at >= since)
    if until is not None:
        found.append(ComplaintEvent.at < until)
    return (*found, ComplaintEvent.from_state != ComplaintState.REPLIED)


def _asks_for_reply(wanted: ComplaintFilter) -> bool:
    return wanted.replied_since is not None or wanted.replied_until is not None


def _by_reply(session: Session, wanted: ComplaintFilter) -> list[Way]:
    """By the tickets that were replied to, where those are few enough to be sorted."""
    if not _asks_for_reply(wanted):
        return []
    *dated, first = replies(wanted.replied_since, wanted.replied_until)
    if not few(session, *dated):
        return []
    tickets = select(ComplaintEvent.ticket).where(*dated, first)
    lead = (Complaint.ticket.in_(tickets), *_state_conditions(wanted))
    return [Way(lead, index="sqlite_autoindex_complaints_1")]


def _has_reply(wanted: ComplaintFilter) -> ColumnElement[bool]:
    """Whether this complaint got one then, by its own history: SQLite would look at all replies."""
    reply = select(literal(1)).select_from(ComplaintEvent)
    reply = reply.with_hint(ComplaintEvent, "INDEXED BY ix_complaint_events_ticket", "sqlite")
    dated = replies(wanted.replied_since, wanted.replied_until)
    return reply.where(ComplaintEvent.ticket == Complaint.ticket, *dated).exists()


def _by_number(session: Session, number: str, wanted: ComplaintFilter) -> list[Way]:
    """A ticket or a telephone number; a part of what was said where it is neither of any."""
    found = _TICKET.ways(session, number, masked=False)
    for column in _NUMBERS:
        found += column.ways(session, number, masked=wanted.masked)
    states = _state_conditions(wanted)
    found = [replace(way, rest=(*way.rest, *states)) for way in found]
    if any(_leads_anywhere(session, way) for way in found) or wanted.masked:
        return found
    return [replace(way, rest=(_said_with(number),)) for way in _by_state(wanted)]


def _leads_anywhere(session: Session, way: Way) -> bool:
    if not way.lead:
        return True
    found = select(literal(1)).select_from(Complaint).where(*way.lead).limit(1)
    return session.scalar(found) is not None


def _word(word: str, wanted: ComplaintFilter) -> ColumnElement[bool]:
    """One word among others, looked at complaint by complaint."""
    if not _is_number(word):
        hidden = wanted.masked and _DIGITS.search(word)
        return false() if hidden else _said_with(word)
    of_number = [column.fits(word, masked=wanted.masked) for column in _NUMBERS]
    said = [] if wanted.masked else [_said_with(word)]
    return or_(Complaint.ticket.startswith(word, autoescape=True), *of_number, *said)


def _said_with(word: str) -> ColumnElement[bool]:
    # Chinese has no capitals, and without folding PostgreSQL compares ten times as fast.
    has_case = word.lower() != word or word.upper() != word
    said = Transcript.text.icontains if has_case else Transcript.text.contains
    return (
        exists()
        .where(Transcript.recording_id == Complaint.recording_id)
        .where(said(word, autoescape=True))
    )


def _is_number(word: str) -> bool:
    return bool(_NUMBER.fullmatch(word))


def _state_conditions(wanted: ComplaintFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.state is not None:
        found.append(Complaint.state == wanted.state)
    if wanted.unsettled or wanted.overdue_on is not None:
        found.append(Complaint.state.in_(OPEN))
    if wanted.department is not None:
        found.append(Complaint.department == wanted.department)
    if wanted.area is not None:
        found.append(Complaint.area == wanted.area)
    return found


def _rest(wanted: ComplaintFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.department is not None and wanted.area is not None:
        found.append(Complaint.area == wanted.area)
    if wanted.category is not None:
        found.append(Complaint.category == wanted.category)
    if wanted.without_area:
        found.append(Complaint.area.is_(None))
    if wanted.confidential is not None:
        found.append(Complaint.confidential.is_(wanted.confidential))
    if wanted.finished is not None:
        found.append(Complaint.finished.is_(wanted.finished))
    if wanted.overdue_on is not None:
        found.append(Complaint.deadline < wanted.overdue_on)
    if _asks_for_reply(wanted):
        found.append(_has_reply(wanted))
    return found
