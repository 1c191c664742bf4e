"""Call records for the desk: a filtered list by pages, one call in full, and CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from ivr.records.tables import Call, CallBackTask, CallNote, CallStep, Complaint, Recording
from ivr.records.tables.calls import RUNNING_FIRST
from ivr.services import call_filter
from ivr.services.call_filter import CallFilter
from ivr.services.errors import NotFoundError
from ivr.services.line_time import DEFAULT_ZONE
from ivr.services.looking import COUNTED, List
from ivr.services.masking import NumberView, whole
from ivr.services.paging import PAGE_SIZE, Key, page_key, parse_page_key
from ivr.services.spreadsheet import cell

__all__ = [
    "COUNTED",
    "CSV_HEADER",
    "CallDetail",
    "CallFilter",
    "CallPage",
    "CallSummary",
    "count",
    "csv_rows",
    "find",
    "running",
    "search",
]

Hiding = Callable[[Session, Iterable[str | None]], Callable[[str], str]]
"""Of texts that hold tickets: what shows each of them without those that must stay unknown."""

CALLS = List(Call, Call.started_at, Call.id, "ix_calls_started_at_id")


@dataclass(frozen=True, slots=True)
class CallSummary:
    """A line of the list."""

    call: Call
    recordings: int
    tickets: tuple[str, ...]

    @property
    def seconds(self) -> float | None:
        """From answer to end; None where it was never answered or has not ended."""
        if self.call.answered_at is None or self.call.ended_at is None:
            return None
        return max(0.0, (self.call.ended_at - self.call.answered_at).total_seconds())


@dataclass(frozen=True, slots=True)
class CallPage:
    """A page of the list, newest call first; `next` continues it.

    `total` counts all that match, up to `COUNTED`: `more` says that there are more. It is None
    where counting would mean to look at too many calls one by one. `back_to`: so far back was
    looked, and `next` goes on from there although the page is not full.
    """

    calls: Sequence[CallSummary]
    next: str | None
    total: int | None
    more: bool = False
    back_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class CallDetail:
    """One call and all it left behind."""

    call: Call
    steps: Sequence[CallStep]
    recordings: Sequence[Recording]
    complaints: Sequence[Complaint]
    call_backs: Sequence[CallBackTask]
    notes: Sequence[CallNote]


def search(
    session: Session,
    wanted: CallFilter | None = None,
    *,
    after: str | None = None,
    limit: int = PAGE_SIZE,
) -> CallPage:
    """One page of calls; RefusedError for a page key that is not ours."""
    wanted = wanted or CallFilter()
    key = None if after is None else parse_page_key(after)
    ways = call_filter.ways(session, wanted)
    found = CALLS.page(session, ways, call_filter.spans(wanted), key, limit + 1)
    rows = found.rows[:limit]
    following = CALLS.following(found, limit + 1)
    if len(found.rows) > limit:
        following = Key(rows[-1].started_at, rows[-1].id)
    total = CALLS.count(session, ways, call_filter.spans(wanted))
    if total is None and following is None and after is None:
        total = len(rows)  # all was looked at
    return CallPage(
        _summaries(session, rows),
        page_key(*following) if following else None,
        total if total is None else min(total, COUNTED),
        total is not None and total > COUNTED,
        found.back_to,
    )


def count(session: Session, wanted: CallFilter, *, limit: int = COUNTED) -> int:
    """How many calls fit; `limit` + 1 where there are more, or too many to look at."""
    ways = call_filter.ways(session, wanted)
    found = CALLS.count(session, ways, call_filter.spans(wanted), limit)
    return limit + 1 if found is None else found


def find(session: Session, call_id: str) -> CallDetail:
    """One call in full; NotFoundError."""
    call = session.scalar(
        select(Call)
        .where(Call.id == call_id)
        .options(selectinload(Call.steps), selectinload(Call.recordings))
    )
    if call is None:
        raise NotFoundError("there is no call %(id)s", id=call_id)
    complaints = session.scalars(
        select(Complaint).where(Complaint.call_id == call_id).order_by(Complaint.ticket)
    ).all()
    call_backs = session.scalars(
        select(CallBackTask).where(CallBackTask.call_id == call_id).order_by(CallBackTask.id)
    ).all()
    notes = session.scalars(
        select(CallNote).where(CallNote.call_id == call_id).order_by(CallNote.id)
    ).all()
    return CallDetail(call, call.steps, call.recordings, complaints, call_backs, notes)


def running(session: Session) -> Sequence[Call]:
    """Calls that have not ended, the oldest first."""
    return session.scalars(
        select(Call)
        .where(Call.ended_at.is_(None))
        .with_hint(Call, RUNNING_FIRST, "sqlite")
        .order_by(Call.started_at)
    ).all()


CSV_HEADER = (
    *("id", "caller", "called", "trunk", "started_at", "answered_at", "ended_at", "seconds"),
    *("language", "flow", "flow_revision", "ended_by", "end_reason", "self_served", "path"),
    *("tickets", "recordings", "packets_lost", "jitter_ms", "round_trip_ms"),
    *("outcome", "last_place", "person_wait_s", "signalling", "sound_encrypted"),
)


def csv_rows(
    session: Session,
    wanted: CallFilter | None = None,
    *,
    zone: tzinfo = DEFAULT_ZONE,
    numbers: NumberView = whole,
    hiding: Hiding = lambda _session, _texts: str,
    batch: int = 500,
) -> Iterator[list[str]]:
    """Header and one row a call, newest first, read in batches: memory does not grow.

    Between two batches no transaction is open (`List.all`): a session of its own, please.
    """
    yield list(CSV_HEADER)
    wanted = wanted or CallFilter()
    ways = call_filter.ways(session, wanted)
    for rows in CALLS.all(session, ways, call_filter.spans(wanted), batch):
        paths = _paths(session, [row.id for row in rows], numbers, hiding)
        summaries = _without_hidden(session, _summaries(session, rows), hiding)
        session.expunge_all()
        session.rollback()
        for summary in summaries:
            yield _csv_row(summary, paths.get(summary.call.id, ""), zone, numbers)


def _csv_row(summary: CallSummary, path: str, zone: tzinfo, numbers: NumberView) -> list[str]:
    call = summary.call
    values = (
        *(call.id, numbers(call.caller), call.called, call.trunk),
        *(call.started_at, call.answered_at, call.ended_at, summary.seconds),
        *(call.language, call.flow, call.flow_revision),
        call.ended_by.value if call.ended_by else None,
        *(call.end_reason, call.self_served, path),
        *(" ".join(summary.tickets), summary.recordings),
        *(call.packets_lost, call.jitter_ms, call.round_trip_ms),
        call.outcome.value if call.outcome else None,
        *(call.last_place, call.person_wait_s, call.signalling, call.sound_encrypted),
    )
    return [cell(value, zone) for value in values]


def _summaries(session: Session, rows: Sequence[Call]) -> list[CallSummary]:
    """Two more statements for a whole page, not two for each call."""
    ids = [row.id for row in rows]
    recordings: dict[str | None, int] = dict(
        session.execute(
            select(Recording.call_id, func.count())
            .where(Recording.call_id.in_(ids))
            .group_by(Recording.call_id)
        ).all()
    )
    tickets: dict[str | None, list[str]] = {}
    for call_id, ticket in session.execute(
        select(Complaint.call_id, Complaint.ticket)
        .where(Complaint.call_id.in_(ids))
        .order_by(Complaint.ticket)
    ):
        tickets.setdefault(call_id, []).append(ticket)
    return [
        CallSummary(row, recordings.get(row.id, 0), tuple(tickets.get(row.id, ()))) for row in rows
    ]


def _without_hidden(
    session: Session, summaries: Sequence[CallSummary], hiding: Hiding
) -> list[CallSummary]:
    shown = hiding(session, (ticket for one in summaries for ticket in one.tickets))
    return [
        replace(one, tickets=tuple(ticket for ticket in one.tickets if shown(ticket) == ticket))
        if one.tickets
        else one
        for one in summaries
    ]


def _paths(
    session: Session, ids: Sequence[str], numbers: NumberView, hiding: Hiding
) -> dict[str, str]:
    """The nodes each call went through, with what was keyed: `main_menu=1 ask_account=880123`."""
    paths: dict[str, list[str]] = {}
    # Columns and not `CallStep`s: with millions of calls, objects would be most of the work.
    steps = session.execute(
        select(CallStep.call_id, CallStep.node, CallStep.digits)
        .where(CallStep.call_id.in_(ids))
        .order_by(CallStep.call_id, CallStep.seq)
    ).all()
    shown = hiding(session, (digits for _id, _node, digits in steps))
    for call_id, node, digits in steps:
        keyed = shown(digits) if digits else ""
        if keyed == digits:  # not hidden altogether
            keyed = numbers(digits)
        paths.setdefault(call_id, []).append(f"{node}={keyed}" if digits else node)
    return {call_id: " ".join(parts) for call_id, parts in paths.items()}
