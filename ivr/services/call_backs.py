"""Call-back tasks: somebody reached nobody and waits for a person of the office."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session, selectinload

from ivr.records.tables import CallBackResult, CallBackState, CallBackTask, CallBackTry
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.text import note_text, storable

SOON = timedelta(minutes=30)
"""A promise is shown as due so long before its time."""
LATE = timedelta(days=1)
"""Who was promised nothing waits at most so long before the task stands out."""
PAGE = 50


class Pile(StrEnum):
    """The lists of call-backs one works through."""

    OPEN = "open"
    MINE = "mine"
    FREE = "free"
    PROMISED = "promised"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class PilePage:
    """Tasks with their tries; `next` is what to skip for more."""

    tasks: Sequence[CallBackTask]
    total: int
    next: int | None


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


def waiting(session: Session, *, limit: int = 200) -> Sequence[CallBackTask]:
    """Open tasks, the one who has waited longest first."""
    return _in_state(session, CallBackState.OPEN, limit)


def done(session: Session, *, limit: int = 100) -> Sequence[CallBackTask]:
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


def pile(session: Session, which: Pile, *, who: str, skip: int = 0, limit: int = PAGE) -> PilePage:
    """One page: first those whose promised time is next, then who has waited longest."""
    fits = _on(which, who)
    total = session.scalar(select(func.count()).select_from(CallBackTask).where(fits)) or 0
    order = (
        (CallBackTask.done_at.desc(), CallBackTask.id.desc())
        if which is Pile.DONE
        else (
            CallBackTask.promised_at.is_(None),
            CallBackTask.promised_at,
            CallBackTask.created_at,
            CallBackTask.id,
        )
    )
    tasks = session.scalars(
        select(CallBackTask)
        .where(fits)
        .order_by(*order)
        .offset(skip)
        .limit(limit)
        .options(selectinload(CallBackTask.tries))
    ).all()
    return PilePage(tasks, total, skip + limit if total > skip + limit else None)


def pile_counts(session: Session, *, who: str) -> dict[Pile, int]:
    """How many there are in each, those done left out."""
    return {
        which: session.scalar(select(func.count()).select_from(CallBackTask).where(_on(which, who)))
        or 0
        for which in Pile
        if which is not Pile.DONE
    }


def _on(which: Pile, who: str) -> ColumnElement[bool]:
    more: dict[Pile, ColumnElement[bool]] = {
        Pile.MINE: CallBackTask.assignee == who,
        Pile.FREE: CallBackTask.assignee.is_(None),
        Pile.PROMISED: CallBackTask.promised_at.is_not(None),
    }
    state = CallBackState.DONE if which is Pile.DONE else CallBackState.OPEN
    return and_(CallBackTask.state == state, more.get(which, true()))


def due(session: Session, now: datetime, *, who: str) -> Sequence[CallBackTask]:
    """Promised for a time that has come or comes soon: mine, and those nobody has taken."""
    return session.scalars(
        select(CallBackTask)
        .where(
            CallBackTask.state == CallBackState.OPEN,
            CallBackTask.promised_at <= now + SOON,
            or_(CallBackTask.assignee.is_(None), CallBackTask.assignee == who),
        )
        .order_by(CallBackTask.promised_at)
        .limit(PAGE)
    ).all()


def take(session: Session, task_id: int, *, who: str) -> CallBackTask:
    """Work on it oneself; RefusedError where a colleague does."""
    task = _open(session, task_id)
    if task.assignee not in (None, who):
        raise RefusedError("%(who)s has taken this call-back already", who=task.assignee)
    task.assignee = storable(who, 64)
    session.flush()
    return task


def let_go(session: Session, task_id: int) -> CallBackTask:
    """Put it back for colleagues."""
    task = _open(session, task_id)
    task.assignee = None
    session.flush()
    return task


def tried(
    session: Session,
    task_id: int,
    result: CallBackResult,
    *,
    who: str,
    note: str,
    again_at: datetime | None = None,
    now: datetime,
) -> CallBackTask:
    """Somebody called back: reached ends the task, anything else leaves it open.

    `again_at` is when the caller is to be called again; RefusedError where it is past, or missing
    where one was agreed on.
    """
    task = _open(session, task_id)
    if again_at is not None and again_at <= now:
        raise RefusedError("the time to call again must be later than now")
    if result is CallBackResult.LATER and again_at is None:
        raise RefusedError("write when they are to be called again")
    if result is CallBackResult.REACHED:
        again_at = None
    said = note_text(note)
    task.tries.append(
        CallBackTry(at=now, who=storable(who, 64), result=result, note=said, again_at=again_at)
    )
    if result is CallBackResult.REACHED:
        _done(task, who, said, now)
    else:
        task.promised_at = again_at
        task.assignee = task.assignee or storable(who, 64)
    session.flush()
    return task


def _open(session: Session, task_id: int) -> CallBackTask:
    task = session.get(CallBackTask, task_id, with_for_update=True)
    if task is None:
        raise NotFoundError("there is no call-back task %(id)s", id=task_id)
    if task.state is CallBackState.DONE:
        raise RefusedError("this call-back is done already, by %(who)s", who=task.done_by or "-")
    return task


def _done(task: CallBackTask, who: str, note: str, now: datetime) -> None:
    task.state = CallBackState.DONE
    task.done_at = now
    task.done_by = who
    task.note = note


def mark_done(session: Session, task_id: int, *, who: str, note: str, now: datetime) -> None:
    """Somebody has called back; the first to say so counts. NotFoundError."""
    task = session.get(CallBackTask, task_id, with_for_update=True)
    if task is None:
        raise NotFoundError("there is no call-back task %(id)s", id=task_id)
    if task.state is CallBackState.DONE:
        return
    _done(task, who, note_text(note), now)
    session.flush()
