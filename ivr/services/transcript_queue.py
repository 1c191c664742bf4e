"""The queue of recordings to transcribe: what waits, what is being written, what failed.

A recording waits once a complaint or a message for a person came of it; what a caller
replaced by recording again is nobody's business. The newest is taken first: it is what
staff read today, and a backlog of years (the feature was just switched on) fills up
behind it. A recording that brings the recogniser down is tried `MOST_ATTEMPTS` times
and then says why, until somebody asks for it again (`transcripts.ask_again`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from ivr.records.tables import (
    Call,
    CallBackTask,
    Complaint,
    Recording,
    RecordingState,
    Transcript,
    TranscriptFault,
    TranscriptState,
)
from ivr.services.text import note_text, storable

MOST_ATTEMPTS = 3
BATCH = 500
RETRY_AFTER = (timedelta(minutes=1), timedelta(minutes=5))
_COMPLETE = (RecordingState.COMPLETE, RecordingState.UNFINISHED)
# Trying these again cannot end otherwise.
FINAL = frozenset(
    {TranscriptFault.FILE_MISSING, TranscriptFault.UNREADABLE, TranscriptFault.TOO_LONG}
)


@dataclass(frozen=True, slots=True)
class Job:
    """One recording to transcribe; `path` is relative to the state folder."""

    recording_id: str
    path: str
    language: str | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Written:
    """What the recogniser made of a recording; an empty text means that nobody spoke."""

    text: str
    engine: str
    language: str | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class QueueState:
    """How the queue stands; `oldest_due` is since when something could have been tried."""

    waiting: int
    failed: int
    oldest_due: datetime | None


def enqueue(session: Session, now: datetime, *, since: datetime | None, limit: int = BATCH) -> int:
    """Let what was filed since then, and has no transcript yet, wait; how many came.

    The newest first, at most `limit` of complaints and of messages each: as many as that
    means there are more.
    """
    found = _unqueued(session, since, limit)
    for recording_id, (created_at, spoken) in found.items():
        session.add(
            Transcript(
                recording_id=recording_id,
                state=TranscriptState.WAITING,
                asked_at=created_at,
                due_at=now,
                language=spoken,
            )
        )
    session.flush()
    return len(found)


def anything_to_do(session: Session, now: datetime, *, since: datetime | None) -> bool:
    """Whether `enqueue` or `claim` would find something: asked while nobody's writes wait."""
    due = select(Transcript.recording_id).where(*_due(now)).limit(1)
    return session.scalar(due) is not None or bool(_unqueued(session, since, BATCH))


def _unqueued(
    session: Session, since: datetime | None, limit: int
) -> dict[str, tuple[datetime, str | None]]:
    """Recordings without a place in the queue: when they were made, and the language spoken."""
    found: dict[str, tuple[datetime, str | None]] = {}
    for table, language in ((Complaint, Complaint.language), (CallBackTask, Call.language)):
        query = (
            select(Recording.id, Recording.created_at, language, Recording.state)
            .join(table, table.recording_id == Recording.id)
            .outerjoin(Call, Call.id == Recording.call_id)
            .outerjoin(Transcript, Transcript.recording_id == Recording.id)
            .where(Transcript.recording_id.is_(None))
            .order_by(table.created_at.desc())
            .limit(limit)
        )
        if since is not None:
            query = query.where(table.created_at >= since)
        for recording_id, created_at, spoken, state in session.execute(query):
            # Not in the query: SQLite would go through all recordings by their state.
            if state in _COMPLETE:
                found.setdefault(recording_id, (created_at, spoken))
    return found


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return Transcript.state == TranscriptState.WAITING, Transcript.due_at <= now


def claim(session: Session, now: datetime) -> Job | None:
    """The next recording to transcribe, now being written; None where nothing is due."""
    row = session.scalar(
        select(Transcript)
        .where(*_due(now))
        .order_by(Transcript.asked_at.desc(), Transcript.recording_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if row is None:
        return None
    recording = session.get_one(Recording, row.recording_id)
    row.state, row.started_at = TranscriptState.WRITING, now
    row.attempts += 1
    session.flush()
    return Job(row.recording_id, recording.path, row.language, recording.seconds)


def finish(session: Session, recording_id: str, written: Written, now: datetime) -> None:
    """Keep what was written. Words that staff wrote meanwhile stay what is shown."""
    row = session.get(Transcript, recording_id, with_for_update=True)
    if row is None:
        return
    row.machine_text = note_text(written.text)
    row.engine = storable(written.engine, 80)
    row.confidence = written.confidence
    row.written_at = now
    row.language = written.language or row.language
    if row.state is TranscriptState.WRITING:
        row.state = TranscriptState.DONE if row.machine_text else TranscriptState.SILENT
        row.text = row.machine_text
        row.fault, row.fault_detail = None, ""
    session.flush()


def fail(
    session: Session, recording_id: str, fault: TranscriptFault, now: datetime, detail: str = ""
) -> None:
    """It did not work: again later, or given up with the reason."""
    row = session.get(Transcript, recording_id, with_for_update=True)
    if row is None or row.state is not TranscriptState.WRITING:
        return
    row.fault, row.fault_detail = fault, storable(detail, 200)
    if fault in FINAL or row.attempts >= MOST_ATTEMPTS:
        row.state = TranscriptState.FAILED
        row.written_at = now
    else:
        row.state = TranscriptState.WAITING
        row.due_at = now + RETRY_AFTER[min(row.attempts, len(RETRY_AFTER)) - 1]
    session.flush()


def give_back(session: Session, recording_id: str) -> None:
    """It was interrupted by us and not by its own fault: it waits as if never tried."""
    row = session.get(Transcript, recording_id, with_for_update=True)
    if row is None or row.state is not TranscriptState.WRITING:
        return
    row.state = TranscriptState.WAITING
    row.attempts = max(0, row.attempts - 1)
    session.flush()


def recover(session: Session, now: datetime) -> Sequence[str]:
    """What a crash left being written waits again, or fails where it was tried often enough."""
    left = session.scalars(
        select(Transcript.recording_id).where(Transcript.state == TranscriptState.WRITING)
    ).all()
    for recording_id in left:
        fail(session, recording_id, TranscriptFault.INTERRUPTED, now)
    return left


def state(session: Session, now: datetime) -> QueueState:
    """How many wait and failed, and since when the first of them waits."""
    waits = (TranscriptState.WAITING, TranscriptState.WRITING)
    counts: dict[TranscriptState, int] = dict(
        session.execute(
            select(Transcript.state, func.count())
            .where(Transcript.state.in_((*waits, TranscriptState.FAILED)))
            .group_by(Transcript.state)
        ).all()
    )
    return QueueState(
        waiting=sum(counts.get(one, 0) for one in waits),
        failed=counts.get(TranscriptState.FAILED, 0),
        oldest_due=session.scalar(
            select(func.min(Transcript.due_at)).where(
                Transcript.state.in_(waits), Transcript.due_at <= now
            )
        ),
    )
