"""Call-back tasks: somebody reached nobody and waits for a person of the office."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr.records.tables import CallBackState, CallBackTask
from ivr.services.errors import NotFoundError
from ivr.services.text import note_text, storable


def create(
    session: Session,
    *,
    call_id: str | None,
    number: str,
    reason: str,
    now: datetime,
    recording_id: str | None = None,
) -> CallBackTask:
    """Add a task; the same recording never makes two."""
    if recording_id is not None:
        known = session.scalar(
            select(CallBackTask).where(CallBackTask.recording_id == recording_id)
        )
        if known is not None:
            return known
    task = CallBackTask(
        call_id=call_id,
        recording_id=recording_id,
        number=storable(number, 128),
        reason=storable(reason, 64),
        state=CallBackState.OPEN,
        created_at=now,
    )
    session.add(task)
    session.flush()
    return task


def waiting(session: Session) -> Sequence[CallBackTask]:
    """Open tasks, the one who has waited longest first."""
    return _in_state(session, CallBackState.OPEN, 1000)


def done(session: Session, *, limit: int = 200) -> Sequence[CallBackTask]:
    """Tasks done, the newest first."""
    return _in_state(session, CallBackState.DONE, limit)


def _in_state(session: Session, state: CallBackState, limit: int) -> Sequence[CallBackTask]:
    order = (
        (CallBackTask.created_at, CallBackTask.id)
        if state is CallBackState.OPEN
        else (CallBackTask.done_at.desc(), CallBackTask.id.desc())
    )
    return session.scalars(
        select(CallBackTask).where(CallBackTask.state == state).order_by(*order).limit(limit)
    ).all()


def count_waiting(session: Session) -> int:
    """How many wait."""
    return session.scalar(select(func.count()).where(CallBackTask.state == CallBackState.OPEN)) or 0


def mark_done(session: Session, task_id: int, *, who: str, note: str, now: datetime) -> None:
    """Somebody has called back; the first to say so counts. NotFoundError."""
    task = session.get(CallBackTask, task_id, with_for_update=True)
    if task is None:
        raise NotFoundError("there is no call-back task %(id)s", id=task_id)
    if task.state is CallBackState.DONE:
        return
    task.state = CallBackState.DONE
    task.done_at = now
    task.done_by = who
    task.note = note_text(note)
    session.flush()
