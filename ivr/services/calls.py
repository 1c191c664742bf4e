"""The record of a call as the responder writes it: INVITE, answer, steps, end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import CursorResult, Table, insert, update
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
class CallEnd:
    """How a call ended. Fields left None keep what the record has."""

    at: datetime
    ended_by: EndedBy
    reason: str = ""
    language: str | None = None
    flow: str | None = None
    flow_revision: int | None = None
    self_served: bool | None = None
    quality: Quality | None = None


def open_call(session: Session, call: NewCall) -> None:
    """Write the row, at the INVITE."""
    session.execute(
        insert(cast(Table, Call.__table__)).values(
            id=call.id,
            caller=storable(call.caller, 128),
            called=storable(call.called, 128),
            caller_name=storable(call.caller_name, 128),
            trunk=call.trunk,
            remote=storable(call.remote, 128),
            sip_call_id=storable(call.sip_call_id, 256),
            started_at=call.started_at,
            flow=call.flow,
            flow_revision=call.flow_revision,
            end_reason="",
        )
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
    known: dict[str, object] = {
        "codec": codec,
        "flow": flow,
        "flow_revision": flow_revision,
        "language": language,
    }
    _update(session, call_id, {"answered_at": at, **_not_none(known)})


def add_steps(session: Session, call_id: str, steps: Iterable[StepTaken]) -> None:
    """Add steps of the path, in one statement."""
    rows = [
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
        for step in steps
    ]
    if rows:
        session.execute(insert(cast(Table, CallStep.__table__)), rows)


def close_call(session: Session, call_id: str, end: CallEnd) -> None:
    """Complete the row; NotFoundError where the call was never opened."""
    known: dict[str, object] = {
        "language": end.language,
        "flow": end.flow,
        "flow_revision": end.flow_revision,
        "self_served": end.self_served,
    }
    if end.quality is not None:
        known |= {name: getattr(end.quality, name) for name in Quality.__slots__}
    _update(
        session,
        call_id,
        {
            "ended_at": end.at,
            "ended_by": EndedBy(end.ended_by),
            "end_reason": storable(end.reason, 200),
            **_not_none(known),
        },
    )


def _not_none(values: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _update(session: Session, call_id: str, values: dict[str, object]) -> None:
    table = cast(Table, Call.__table__)
    result = session.execute(update(table).where(table.c.id == call_id).values(values))
    if cast("CursorResult[object]", result).rowcount != 1:
        raise NotFoundError(f"there is no call {call_id}")
