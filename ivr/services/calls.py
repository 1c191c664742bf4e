"""The record of a call as the responder writes it: INVITE, answer, steps, end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Table, Update, bindparam, func, insert, update
from sqlalchemy.orm import Session

from ivr.records.tables import Call, CallStep, EndedBy
from ivr.services.errors import NotFoundError
from ivr.services.text import storable


@dataclass(frozen=True, slots=True)
class NewCall:
    """What is known when the INVITE comes. `id`: at most 32 characters, made by the responder."""

    id: str
    caller: str
    called: str
    started_at: datetime
    caller_name: str = ""
    trunk: str | None = None
    remote: str = ""
    sip_call_id: str = ""
    signalling: str | None = None
    flow: str | None = None
    flow_revision: int | None = None


@dataclass(frozen=True, slots=True)
class StepTaken:
    """One node entered; `digits` already masked where they are sensitive."""

    seq: int
    at: datetime
    flow: str
    node: str
    kind: str
    digits: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Quality:
    """RFC 3550 §6.4 figures of the leg; `remote_*` are what the peer reported of our sound."""

    packets_sent: int | None = None
    packets_received: int | None = None
    packets_lost: int | None = None
    jitter_ms: float | None = None
    remote_packets_lost: int | None = None
    remote_jitter_ms: float | None = None
    round_trip_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """How a call was answered. Fields left None keep what the record has."""

    at: datetime
    codec: str | None = None
    flow: str | None = None
    flow_revision: int | None = None
    language: str | None = None
    sound_encrypted: bool | None = None


@dataclass(frozen=True, slots=True)
class CallEnd:
    """How a call ended. Fields left None keep what the record has."""

    at: datetime
    ended_by: EndedBy
    reason: str = ""
    language: str | None = None
    flow: str | None = None
    flow_revision: int | None = None
    self_served: bool | None = None
    person_at: datetime | None = None
    sound_encrypted: bool | None = None
    quality: Quality | None = None


def open_call(session: Session, call: NewCall) -> None:
    """Write the row, at the INVITE."""
    open_calls(session, [call])


def open_calls(session: Session, new: Sequence[NewCall]) -> None:
    """Write the rows of many calls in one statement."""
    session.execute(
        insert(_calls),
        [
            {
                "id": call.id,
                "caller": storable(call.caller, 128),
                "called": storable(call.called, 128),
                "caller_name": storable(call.caller_name, 128),
                "trunk": call.trunk,
                "remote": storable(call.remote, 128),
                "sip_call_id": storable(call.sip_call_id, 256),
                "signalling": call.signalling,
                "started_at": call.started_at,
                "flow": call.flow,
                "flow_revision": call.flow_revision,
                "end_reason": "",
            }
            for call in new
        ],
    )


def record_answer(
    session: Session,
    call_id: str,
    at: datetime,
    *,
    codec: str | None = None,
    flow: str | None = None,
    flow_revision: int | None = None,
    language: str | None = None,
) -> None:
    """The 200 was acknowledged; NotFoundError where the call was never opened."""
    record_answers(session, [(call_id, Answer(at, codec, flow, flow_revision, language))])


def record_answers(session: Session, answers: Sequence[tuple[str, Answer]]) -> None:
    """The answers of many calls; NotFoundError where one was never opened."""
    _update(
        session,
        _ANSWER,
        [
            {
                "key": call_id,
                "new_answered_at": answer.at,
                "new_codec": answer.codec,
                "new_flow": answer.flow,
                "new_flow_revision": answer.flow_revision,
                "new_language": answer.language,
                "new_sound_encrypted": answer.sound_encrypted,
            }
            for call_id, answer in answers
        ],
    )


def add_steps(session: Session, call_id: str, steps: Iterable[StepTaken]) -> None:
    """Add steps of the path, in one statement."""
    add_paths(session, [(call_id, step) for step in steps])


def add_paths(session: Session, steps: Sequence[tuple[str, StepTaken]]) -> None:
    """Add steps of many calls in one statement."""
    if not steps:
        return
    session.execute(
        insert(_steps),
        [
            {
                "call_id": call_id,
                "seq": step.seq,
                "at": step.at,
                "flow": storable(step.flow, 64),
                "node": storable(step.node, 64),
                "kind": storable(step.kind, 32),
                "digits": storable(step.digits, 64),
                "outcome": storable(step.outcome, 64),
            }
            for call_id, step in steps
        ],
    )


def close_call(session: Session, call_id: str, end: CallEnd) -> None:
    """Complete the row; NotFoundError where the call was never opened."""
    close_calls(session, [(call_id, end)])


def close_calls(session: Session, ends: Sequence[tuple[str, CallEnd]]) -> None:
    """Complete the rows of many calls; NotFoundError where one was never opened."""
    _update(
        session,
        _CLOSE,
        [
            {
                "key": call_id,
                "new_ended_at": end.at,
                "new_ended_by": EndedBy(end.ended_by),
                "new_end_reason": storable(end.reason, 200),
                "new_language": end.language,
                "new_flow": end.flow,
                "new_flow_revision": end.flow_revision,
                "new_self_served": end.self_served,
                "new_person_at": end.person_at,
                "new_sound_encrypted": end.sound_encrypted,
                **{
                    f"new_{name}": getattr(end.quality or _NO_QUALITY, name)
                    for name in Quality.__slots__
                },
            }
            for call_id, end in ends
        ],
    )


_calls = cast(Table, Call.__table__)
_steps = cast(Table, CallStep.__table__)
_NO_QUALITY = Quality()


def _changing(*names: str) -> Update:
    """A statement that sets columns from `new_*`; what is None there stays as it was."""
    values = {
        name: func.coalesce(bindparam(f"new_{name}", type_=_calls.c[name].type), _calls.c[name])
        for name in names
    }
    return update(_calls).where(_calls.c.id == bindparam("key")).values(values)


_ANSWER = _changing("answered_at", "codec", "flow", "flow_revision", "language", "sound_encrypted")
_CLOSE = _changing(
    "ended_at",
    "ended_by",
    "end_reason",
    "language",
    "flow",
    "flow_revision",
    "self_served",
    "person_at",
    "sound_encrypted",
    *Quality.__slots__,
)


def _update(session: Session, statement: Update, rows: list[dict[str, object]]) -> None:
    # On the connection: the ORM's bulk update by primary key takes no expressions.
    result = session.connection().execute(statement, rows)
    if result.rowcount != len(rows):
        raise NotFoundError(
            "of %(asked)s calls %(found)s are in the database",
            asked=len(rows),
            found=result.rowcount,
        )
