"""Callers who wait to be called back."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from pydantic import Field

from admin_web.api.fields import Given, Moment, Page, Paged
from admin_web.api.operation import WAV, operation
from admin_web.api.problems import ProblemError
from admin_web.api.shapes import CallBackOut
from admin_web.audit import heard, note
from admin_web.desk import desk
from admin_web.sound import send_recording
from ivr.records.tables import CallBackResult, CallBackState, CallBackTask
from ivr.services import call_backs as service
from ivr.services import recent, recordings

Number = Annotated[int, Field(ge=1, le=2**31 - 1)]


class CallBackQuery(Paged):
    """Which of them."""

    state: CallBackState = CallBackState.OPEN


class CallBacks(Page):
    """Call-back tasks, newest first."""

    call_backs: list[CallBackOut]


@operation(
    "GET",
    "/call-backs",
    _l("Call-back tasks, newest first"),
    page="call_backs.call_backs",
    scope="call-backs:read",
    query=CallBackQuery,
    answer=CallBacks,
)
def call_backs(query: CallBackQuery) -> CallBacks:
    """Those that wait, or those that are done."""
    with desk().database.read() as session:
        found = recent.call_backs(session, query.state, after=query.after, limit=query.limit)
        return CallBacks(call_backs=list(map(CallBackOut.of, found.rows)), next=found.next)


@operation(
    "GET",
    "/call-backs/{task_id}",
    _l("One call-back task"),
    page="call_backs.call_backs",
    scope="call-backs:read",
    parts={"task_id": Number},
    answer=CallBackOut,
)
def call_back(task_id: int) -> CallBackOut:
    """As in the list."""
    with desk().database.read() as session:
        task = session.get(CallBackTask, task_id)
        if task is None:
            raise ProblemError(404)
        return CallBackOut.of(task)


class Done(Given):
    """What came of it."""

    note: Annotated[str, Field(max_length=500)] = ""


@operation(
    "POST",
    "/call-backs/{task_id}/done",
    _l("Say that somebody has called back"),
    page="call_backs.done",
    scope="call-backs:write",
    parts={"task_id": Number},
    body=Done,
    answer=CallBackOut,
    conflicts=True,
)
def call_back_done(task_id: int, body: Done) -> CallBackOut:
    """The first to say so counts; saying it again changes nothing."""
    with desk().database.begin() as session:
        service.mark_done(
            session, task_id, who=current_user.username, note=body.note, now=desk().now()
        )
        note(session, "call_back_done", f"call-back {task_id}")
        task = session.get_one(CallBackTask, task_id)
        return CallBackOut.of(task)


class Tried(Given):
    """What came of calling back; with a time: when to try again, or what was promised."""

    result: CallBackResult
    note: Annotated[str, Field(max_length=500)] = ""
    again: Moment | None = None


@operation(
    "POST",
    "/call-backs/{task_id}/tried",
    _l("Note that somebody tried to call back"),
    page="call_backs.tried",
    scope="call-backs:write",
    parts={"task_id": Number},
    body=Tried,
    answer=CallBackOut,
    conflicts=True,
)
def call_back_tried(task_id: int, body: Tried) -> CallBackOut:
    """It is done where the caller was reached, and stays open otherwise."""
    with desk().database.begin() as session:
        service.tried(
            session,
            task_id,
            body.result,
            who=current_user.username,
            note=body.note,
            again_at=body.again,
            now=desk().now(),
        )
        done = body.result is CallBackResult.REACHED
        note(session, "call_back_done" if done else "call_back_tried", f"call-back {task_id}")
        return CallBackOut.of(session.get_one(CallBackTask, task_id))


@operation(
    "POST",
    "/call-backs/{task_id}/take",
    _l("Take a call-back to make it"),
    page="call_backs.take",
    scope="call-backs:write",
    parts={"task_id": Number},
    answer=CallBackOut,
    conflicts=True,
)
def take_call_back(task_id: int) -> CallBackOut:
    """Under the token's name; refused where somebody else has it."""
    with desk().database.begin() as session:
        service.take(session, task_id, who=current_user.username)
        note(session, "call_back_taken", f"call-back {task_id}")
        return CallBackOut.of(session.get_one(CallBackTask, task_id))


@operation(
    "POST",
    "/call-backs/{task_id}/let-go",
    _l("Put a call-back back for others"),
    page="call_backs.let_go",
    scope="call-backs:write",
    parts={"task_id": Number},
    answer=CallBackOut,
    conflicts=True,
)
def let_go_call_back(task_id: int) -> CallBackOut:
    """Nobody has taken it then."""
    with desk().database.begin() as session:
        return CallBackOut.of(service.let_go(session, task_id))


@operation(
    "GET",
    "/call-backs/{task_id}/recording.wav",
    _l("The message that was left, as sound"),
    page="call_backs.recording",
    scope="recordings:read",
    parts={"task_id": Number},
    gives=WAV,
)
def call_back_recording(task_id: int) -> Response:
    """By ranges, and noted in the audit log."""
    with desk().database.read() as session:
        task = session.get(CallBackTask, task_id)
        if task is None or task.recording_id is None:
            raise ProblemError(404)
        path = recordings.get(session, task.recording_id).path
    heard(f"call-back {task_id}")
    return send_recording(path, f"call-back-{task_id}")
