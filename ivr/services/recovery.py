"""After a crash: what the dead process left open is closed, and nothing said is lost.

Run once, before the line answers. Calls without an end get `ended_by = crash`;
recordings being written become `unfinished` (their files are for the caller to
repair: `ivr.media`); a complaint that was spoken but not filed is filed as
unfinished, with a ticket; a message left for a person becomes a call-back task.
Running it twice does nothing the second time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr.records.tables import (
    Call,
    CallStep,
    Complaint,
    EndedBy,
    Recording,
    RecordingKind,
    RecordingState,
)
from ivr.records.tables.calls import RUNNING_FIRST
from ivr.services import call_backs, complaints
from ivr.services.line_time import DEFAULT_ZONE

UNKNOWN_CATEGORY = "other"
CALL_BACK_REASON = "message"


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was done; `recordings` are ids with paths relative to the state folder."""

    calls: tuple[str, ...]
    recordings: tuple[tuple[str, str], ...]
    tickets: tuple[str, ...]
    call_backs: tuple[int, ...]


def recover(session: Session, now: datetime, *, zone: tzinfo = DEFAULT_ZONE) -> Recovered:
    """Close what a crash left open; the line must not be answering meanwhile."""
    cut = session.scalars(
        select(Recording)
        .where(Recording.state == RecordingState.RECORDING)
        .order_by(Recording.created_at, Recording.id)
    ).all()
    for recording in cut:
        recording.state = RecordingState.UNFINISHED
    ended = session.scalars(
        select(Call)
        .where(Call.ended_at.is_(None))
        .with_hint(Call, RUNNING_FIRST, "sqlite")
        .order_by(Call.started_at, Call.id)
    ).all()
    # The call of a recording may have been closed properly although the recording was not.
    ids = [call.id for call in ended]
    ids += [r.call_id for r in cut if r.call_id is not None and r.call_id not in ids]
    orphans = [r for r in cut if r.call_id is None]
    spoken = [_last_unfiled(session, call_id) for call_id in ids]
    tickets = [
        _file(session, recording, now, zone)
        for recording in [*spoken, *(r for r in orphans if r.kind is RecordingKind.COMPLAINT)]
        if recording is not None
    ]
    tasks = [
        _call_back(session, message, now)
        for message in [*_messages(session, ids), *orphans]
        if message.kind is RecordingKind.MESSAGE
    ]
    for call in ended:
        call.ended_at = _last_sign(session, call)
        call.ended_by = EndedBy.CRASH
        call.end_reason = "the line stopped in the middle of the call"
    session.flush()
    return Recovered(
        calls=tuple(call.id for call in ended),
        recordings=tuple((r.id, r.path) for r in cut),
        tickets=tuple(tickets),
        call_backs=tuple(tasks),
    )


def _last_unfiled(session: Session, call_id: str) -> Recording | None:
    """The call's newest complaint recording, if no complaint came of it or after it.

    An earlier one was replaced by its caller ("record again"), or filed.
    """
    newest = session.scalar(
        select(Recording)
        .where(
            Recording.call_id == call_id,
            Recording.kind == RecordingKind.COMPLAINT,
            Recording.state != RecordingState.FAILED,
        )
        .order_by(Recording.created_at.desc(), Recording.id.desc())
        .limit(1)
    )
    if newest is None:
        return None
    filed = session.scalar(
        select(Complaint.ticket)
        .where(Complaint.call_id == call_id, Complaint.created_at >= newest.created_at)
        .limit(1)
    )
    return None if filed is not None else newest


def _file(session: Session, recording: Recording, now: datetime, zone: tzinfo) -> str:
    call = session.get(Call, recording.call_id) if recording.call_id else None
    caller = call.caller if call else ""
    return complaints.file(
        session,
        category=recording.category or UNKNOWN_CATEGORY,
        call_id=recording.call_id,
        recording_id=recording.id,
        caller=caller,
        callback_number=caller,
        finished=False,
        now=now,
        language=call.language if call else None,
        zone=zone,
    ).ticket


def _messages(session: Session, call_ids: Sequence[str]) -> Sequence[Recording]:
    return session.scalars(
        select(Recording)
        .where(
            Recording.call_id.in_(call_ids),
            Recording.kind == RecordingKind.MESSAGE,
            Recording.state != RecordingState.FAILED,
        )
        .order_by(Recording.created_at)
    ).all()


def _call_back(session: Session, message: Recording, now: datetime) -> int:
    call = session.get(Call, message.call_id) if message.call_id else None
    return call_backs.create(
        session,
        call_id=message.call_id,
        number=call.caller if call else "",
        reason=CALL_BACK_REASON,
        recording_id=message.id,
        now=now,
    ).id


def _last_sign(session: Session, call: Call) -> datetime:
    """When the call was last known to live: better than claiming it lasted until the restart."""
    step = session.scalar(select(func.max(CallStep.at)).where(CallStep.call_id == call.id))
    return max(at for at in (call.started_at, call.answered_at, step) if at is not None)
