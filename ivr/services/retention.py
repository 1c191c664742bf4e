"""How long each kind of data is kept, what is due to go, and its removal, some at a time.

Rules: a recording of a complaint that is not closed or rejected stays, and so does what belongs to
an open call-back; a call stays as long as a complaint, a call-back, a recording that still has its
file, or a transcript belongs to it. A recording whose time is over loses its file and keeps its
row, so that a page can say what became of it, until its call goes too. Of the audit log the oldest
entries go; an anchor stays in their place (`ivr.services.audit_check`).

Each transaction removes so few records that it is over within some milliseconds, as measured with
those before it (`ivr.services.pace`); what is due is looked for before, in a transaction that only
reads. Between two of them writers have their turn, and SQLite's log is brought into the file by the
purge that made it long: nobody on the telephone waits for a purge. It may be ended at any moment
and goes on the next night.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, or_, select, text
from sqlalchemy.orm import Session, aliased

from ivr.records import Database
from ivr.records.tables import (
    AuditAnchor,
    AuditEntry,
    Call,
    CallBackState,
    CallBackTask,
    Complaint,
    ComplaintEvent,
    ComplaintState,
    Recording,
    RecordingState,
    Transcript,
    TranscriptEdit,
    TranscriptState,
)
from ivr.services import audit, call_routes, complaint_days, facts, sessions
from ivr.services.audit_check import PURGED
from ivr.services.pace import Pace

BATCH = 50
"""So many go in the first transaction of a kind; `MOST` in any."""
MOST = 200
MOST_AUDIT = 1000
MOST_COUNTED = 10_000
"""A page counts no further; removal does."""
MOST_STUBBORN = 1000
SESSIONS_KEPT = timedelta(days=90)
WHO = "line"
LAST_PURGE = "last_purge"
KINDS = ("complaints", "recordings", "transcripts", "call_backs", "calls", "audit")

log = logging.getLogger(__name__)

# SQLite takes a state for more telling than fifty keys, and would read all that are closed.
_BY_KEY = "INDEXED BY sqlite_autoindex_{}_1"
_ENDED = (ComplaintState.CLOSED, ComplaintState.REJECTED)


@dataclass(frozen=True, slots=True)
class Periods:
    """Days each kind is kept; 0 keeps it for ever."""

    calls: int
    recordings: int
    transcripts: int
    complaints: int
    audit: int

    def cutoffs(self, now: datetime) -> dict[str, datetime]:
        """What is older than this goes, by kind; kinds kept for ever are not in it."""
        days = {
            "complaints": self.complaints,
            "recordings": self.recordings,
            "transcripts": self.transcripts,
            "call_backs": self.calls,
            "calls": self.calls,
            "audit": self.audit,
        }
        return {kind: now - timedelta(days=days[kind]) for kind in KINDS if days[kind]}


@dataclass(slots=True)
class Purge:
    """One run: what it removed, by kind, and files it could not remove."""

    removed: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def count(self, kind: str, number: int) -> None:
        """Add to a kind."""
        if number:
            self.removed[kind] = self.removed.get(kind, 0) + number


def due(session: Session, periods: Periods, now: datetime) -> dict[str, int]:
    """How much of each kind would go now; `MOST_COUNTED` + 1 means more than that."""
    return {
        kind: _count(session, _due_query(session, kind, cutoff))
        for kind, cutoff in periods.cutoffs(now).items()
    }


def _count(session: Session, query: Select[Any]) -> int:
    counted = select(func.count()).select_from(query.limit(MOST_COUNTED + 1).subquery())
    return session.scalar(counted) or 0


def _due_query(session: Session, kind: str, cutoff: datetime) -> Select[Any]:
    query: Select[Any]
    if kind == "complaints":
        query = (
            select(Complaint.ticket)
            .where(_complaint_is_due(cutoff))
            .with_hint(Complaint, "INDEXED BY ix_complaints_updated_at_ticket", "sqlite")
        )
    elif kind == "recordings":
        query = (
            select(Recording.id)
            .where(_recording_is_due(cutoff), text("recordings.state <> 'purged'"))
            .with_hint(Recording, "INDEXED BY ix_recordings_kept", "sqlite")
        )
    elif kind == "transcripts":
        query = (
            select(Transcript.recording_id)
            .join(Recording, Recording.id == Transcript.recording_id)
            .where(_transcript_is_due(cutoff))
        )
    elif kind == "call_backs":
        query = select(CallBackTask.id).where(_call_back_is_due(cutoff))
    elif kind == "calls":
        query = select(Call.id).where(_call_is_due(cutoff))
    else:
        query = select(AuditEntry.id).where(AuditEntry.id <= _last_due_entry(session, cutoff))
    return query


def purge(
    database: Database,
    periods: Periods,
    now: datetime,
    *,
    state_dir: Path,
    rest: Callable[[], bool] = lambda: True,
) -> Purge:
    """Remove what is due and note it. `rest` is called between two batches; False ends the run."""
    done = Purge()
    stubborn: set[str] = set()
    for kind, cutoff in periods.cutoffs(now).items():
        step = _STEPS[kind]
        pace = Pace(BATCH, most=MOST_AUDIT if kind == "audit" else MOST)
        while True:
            found = _found(database, kind, cutoff, stubborn, pace.size)
            if kind != "audit" and not found:
                break
            with database.begin() as session:
                began = time.monotonic()
                work = _Work(session, cutoff, now, state_dir, done, stubborn, found, pace.size)
                looked_at, removed = step(work)
            pace.took(time.monotonic() - began, looked_at)
            done.count(kind, removed)
            database.checkpoint()
            if not looked_at:
                break
            if not rest():
                return _noted(database, done, now)
    while call_routes.forget_unused(database):
        if not rest():
            break
    while rest():
        with database.begin() as session:
            forgotten = sessions.forget(session, now - SESSIONS_KEPT, limit=BATCH)
        done.count("sessions", forgotten)
        if not forgotten:
            break
    return _noted(database, done, now)


def _found(
    database: Database, kind: str, cutoff: datetime, stubborn: set[str], limit: int
) -> Sequence[Any]:
    """The keys of some that are due, looked for while others write: that may take its time."""
    if kind == "audit":
        return ()
    with database.read() as session:
        query = _due_query(session, kind, cutoff)
        if kind == "recordings":
            query = query.where(Recording.id.not_in(stubborn)).order_by(Recording.created_at)
        elif kind == "complaints":
            query = query.order_by(Complaint.updated_at)
        elif kind == "calls":
            query = query.order_by(Call.started_at)
        return session.scalars(query.limit(limit)).all()


def _noted(database: Database, done: Purge, now: datetime) -> Purge:
    keep_outcome(database, done.removed, done.faults, now)
    return done


def keep_outcome(
    database: Database, removed: Mapping[str, int], faults: list[str], now: datetime
) -> None:
    """Say what went, in the audit log where anything did, and on the page in any case."""
    with database.begin() as session:
        if removed:
            detail = {kind: str(number) for kind, number in removed.items()}
            audit.record(session, who=WHO, what="purged", detail=detail, now=now)
        facts.write(
            session,
            LAST_PURGE,
            {"at": now.isoformat(), "removed": dict(removed), "faults": faults[:20]},
        )


@dataclass(frozen=True, slots=True)
class LastPurge:
    """What the last run did."""

    at: datetime
    removed: Mapping[str, int]
    faults: tuple[str, ...]


def last(session: Session) -> LastPurge | None:
    """The last run; None before the first."""
    kept = facts.read(session, LAST_PURGE)
    if kept is None:
        return None
    return LastPurge(datetime.fromisoformat(kept["at"]), kept["removed"], tuple(kept["faults"]))


@dataclass(frozen=True, slots=True)
class _Work:
    """What a step needs. `stubborn`: recordings whose file cannot be removed; not tried again.

    `found`: the keys of what was due a moment ago; whether it still is, is asked again. `limit`: so
    many where nothing was looked for before.
    """

    session: Session
    cutoff: datetime
    now: datetime
    state_dir: Path
    done: Purge
    stubborn: set[str]
    found: Sequence[Any]
    limit: int


def _complaint_is_due(cutoff: datetime) -> ColumnElement[bool]:
    merged = aliased(Complaint)
    return and_(
        Complaint.state.in_(_ENDED),
        Complaint.updated_at < cutoff,
        # What was merged into it goes first.
        ~exists().where(merged.merged_into == Complaint.ticket),
    )


def _complaints(work: _Work) -> tuple[int, int]:
    found = work.session.execute(
        select(Complaint.ticket, Complaint.created_at)
        .where(Complaint.ticket.in_(work.found), _complaint_is_due(work.cutoff))
        .with_hint(Complaint, _BY_KEY.format("complaints"), "sqlite")
        .with_for_update()
    ).all()
    tickets = [row.ticket for row in found]
    work.session.execute(delete(ComplaintEvent).where(ComplaintEvent.ticket.in_(tickets)))
    work.session.execute(delete(Complaint).where(Complaint.ticket.in_(tickets)))
    complaint_days.recount(work.session, {row.created_at.astimezone(UTC).date() for row in found})
    return len(tickets), len(tickets)


def _is_of_open_complaint() -> ColumnElement[bool]:
    """Said in a complaint that is open, in its call, or in one merged into such a complaint."""
    into = aliased(Complaint)
    merged_into_open = exists().where(
        into.ticket == Complaint.merged_into, into.state.not_in(_ENDED)
    )
    still_open = or_(Complaint.state.not_in(_ENDED), merged_into_open)
    # Two questions and not one with OR, for which SQLite would read all complaints each time.
    return or_(
        exists().where(Complaint.recording_id == Recording.id, still_open),
        exists().where(Complaint.call_id == Recording.call_id, still_open),
    )


def _is_of_open_call_back() -> ColumnElement[bool]:
    # Without the hint SQLite reads all open ones for each recording.
    return (
        select(CallBackTask.id)
        .where(CallBackTask.recording_id == Recording.id, CallBackTask.state == CallBackState.OPEN)
        .with_hint(CallBackTask, "INDEXED BY ix_call_back_tasks_recording_id", "sqlite")
        .exists()
    )


def _recording_is_due(cutoff: datetime) -> ColumnElement[bool]:
    return and_(
        Recording.created_at < cutoff,
        Recording.state.not_in((RecordingState.RECORDING, RecordingState.PURGED)),
        ~_is_of_open_complaint(),
        ~_is_of_open_call_back(),
    )


def _recordings(work: _Work) -> tuple[int, int]:
    """Files first, rows with the commit: a crash between leaves what the next night removes."""
    session = work.session
    if len(work.stubborn) > MOST_STUBBORN:  # the disk is not ours to write to
        return 0, 0
    found = session.scalars(
        select(Recording)
        .where(Recording.id.in_(work.found), _recording_is_due(work.cutoff))
        .with_for_update()
    ).all()
    # Somebody may be opening one of these complaints again: then it is seen below, or waits.
    session.execute(
        select(Complaint.ticket)
        .where(
            or_(
                Complaint.recording_id.in_([row.id for row in found]),
                Complaint.call_id.in_([row.call_id for row in found if row.call_id]),
            )
        )
        .with_for_update()
    ).all()
    still = set(
        session.scalars(
            select(Recording.id).where(
                Recording.id.in_([row.id for row in found]), _recording_is_due(work.cutoff)
            )
        )
    )
    removed = 0
    for row in found:
        if row.id not in still or not _remove_file(work, row):
            work.stubborn.add(row.id)
            continue
        row.state = RecordingState.PURGED
        removed += 1
    session.flush()
    return len(found), removed


def _remove_file(work: _Work, row: Recording) -> bool:
    folder = work.state_dir.resolve()
    path = (folder / row.path).resolve()
    try:
        if not path.is_relative_to(folder):
            raise OSError(f"{row.path} is outside of the state folder")
        path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("recording %s cannot be removed: %s", row.id, error)
        work.done.faults.append(f"{row.path}: {error.strerror or error}")
        return False
    return True


def _transcript_is_due(cutoff: datetime) -> ColumnElement[bool]:
    return and_(
        Recording.created_at < cutoff,
        Transcript.state != TranscriptState.WRITING,
        # While there is sound, one that is gone would be written anew.
        Recording.state == RecordingState.PURGED,
        ~_is_of_open_complaint(),
        ~_is_of_open_call_back(),
    )


def _transcripts(work: _Work) -> tuple[int, int]:
    ids = work.session.scalars(
        select(Transcript.recording_id)
        .join(Recording, Recording.id == Transcript.recording_id)
        .where(Transcript.recording_id.in_(work.found), _transcript_is_due(work.cutoff))
        .with_hint(Transcript, _BY_KEY.format("transcripts"), "sqlite")
        .with_for_update(of=Transcript)
    ).all()
    work.session.execute(delete(TranscriptEdit).where(TranscriptEdit.recording_id.in_(ids)))
    work.session.execute(delete(Transcript).where(Transcript.recording_id.in_(ids)))
    return len(ids), len(ids)


def _call_back_is_due(cutoff: datetime) -> ColumnElement[bool]:
    return and_(CallBackTask.state == CallBackState.DONE, CallBackTask.done_at < cutoff)


def _call_backs(work: _Work) -> tuple[int, int]:
    ids = work.session.scalars(
        select(CallBackTask.id)
        .where(CallBackTask.id.in_(work.found), _call_back_is_due(work.cutoff))
        .with_for_update()
    ).all()
    work.session.execute(delete(CallBackTask).where(CallBackTask.id.in_(ids)))
    return len(ids), len(ids)


def _call_is_due(cutoff: datetime) -> ColumnElement[bool]:
    kept = exists().where(
        Recording.call_id == Call.id,
        or_(
            Recording.state != RecordingState.PURGED,
            exists().where(Transcript.recording_id == Recording.id),
            exists().where(Complaint.recording_id == Recording.id),
            exists().where(CallBackTask.recording_id == Recording.id),
        ),
    )
    return and_(
        Call.started_at < cutoff,
        Call.ended_at.is_not(None),
        ~exists().where(Complaint.call_id == Call.id),
        ~exists().where(CallBackTask.call_id == Call.id),
        ~kept,
    )


def _calls(work: _Work) -> tuple[int, int]:
    session = work.session
    ids = session.scalars(
        select(Call.id).where(Call.id.in_(work.found), _call_is_due(work.cutoff)).with_for_update()
    ).all()
    # Steps and notes go with their call.
    session.execute(delete(Recording).where(Recording.call_id.in_(ids)))
    session.execute(delete(Call).where(Call.id.in_(ids)))
    return len(ids), len(ids)


def _last_due_entry(session: Session, cutoff: datetime) -> int:
    """The last entry of those at the beginning that are all due; 0 where the first is not."""
    kept = session.scalar(select(func.min(AuditEntry.id)).where(AuditEntry.at >= cutoff))
    if kept is None:
        return session.scalar(select(func.max(AuditEntry.id))) or 0
    before = session.scalar(select(func.max(AuditEntry.id)).where(AuditEntry.id < kept))
    return before or 0


def _audit(work: _Work) -> tuple[int, int]:
    """Set the anchor and note it, then remove what is behind it."""
    session = work.session
    up_to = _last_due_entry(session, work.cutoff)
    anchored = session.scalar(select(func.max(AuditAnchor.up_to))) or 0
    if up_to > anchored:
        last_one = session.get_one(AuditEntry, up_to)
        session.add(AuditAnchor(up_to=up_to, hash=last_one.hash, at=work.now))
        audit.record(
            session,
            who=WHO,
            what=PURGED,
            detail={"up_to": up_to, "hash": last_one.hash},
            now=work.now,
        )
        session.flush()
        anchored = up_to
    ids = session.scalars(
        select(AuditEntry.id)
        .where(AuditEntry.id <= anchored)
        .order_by(AuditEntry.id)
        .limit(work.limit)
    ).all()
    if ids:
        session.execute(delete(AuditEntry).where(AuditEntry.id <= ids[-1]))
    return len(ids), len(ids)


# Each returns how many records it looked at (none: it is done) and how many of them went.
_STEPS: Mapping[str, Callable[[_Work], tuple[int, int]]] = {
    "complaints": _complaints,
    "recordings": _recordings,
    "transcripts": _transcripts,
    "call_backs": _call_backs,
    "calls": _calls,
    "audit": _audit,
}
