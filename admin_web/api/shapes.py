"""What a call and a complaint look like in JSON. Names stay; new ones may be added."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ivr.records.tables import Call, Complaint, Recording, Transcript
from ivr.services.masking import NumberView, in_text, whole


def moment(value: datetime | None) -> str | None:
    """Return a time as RFC 3339 in UTC."""
    return value.isoformat(timespec="milliseconds") if value else None


def call(row: Call, tickets: tuple[str, ...], numbers: NumberView = whole) -> dict[str, Any]:
    """Return one call record; digits are masked where the flow says they are sensitive."""
    return {
        "id": row.id,
        "caller": numbers(row.caller),
        "caller_name": numbers(row.caller_name),
        "called": row.called,
        "trunk": row.trunk,
        "start": moment(row.started_at),
        "answer": moment(row.answered_at),
        "end": moment(row.ended_at),
        "language": row.language,
        "flow": row.flow,
        "flow_revision": row.flow_revision,
        "ended_by": row.ended_by,
        "end_reason": row.end_reason,
        "self_served": row.self_served,
        "path": [
            {
                "time": moment(step.at),
                "flow": step.flow,
                "node": step.node,
                "kind": step.kind,
                "digits": numbers(step.digits),
                "outcome": step.outcome,
            }
            for step in row.steps
        ],
        "recordings": [recording(kept) for kept in row.recordings],
        "complaints": list(tickets),
        "quality": {
            "codec": row.codec,
            "packets_sent": row.packets_sent,
            "packets_received": row.packets_received,
            "packets_lost": row.packets_lost,
            "jitter_ms": row.jitter_ms,
            "remote_packets_lost": row.remote_packets_lost,
            "remote_jitter_ms": row.remote_jitter_ms,
            "round_trip_ms": row.round_trip_ms,
        },
    }


def recording(row: Recording) -> dict[str, Any]:
    """Return what is known of a recording; ``path`` is relative to the state folder."""
    return {
        "id": row.id,
        "kind": row.kind,
        "state": row.state,
        "start": moment(row.created_at),
        "seconds": row.seconds,
        "path": row.path,
    }


def complaint(row: Complaint, numbers: NumberView = whole) -> dict[str, Any]:
    """Return one complaint."""
    return {
        "ticket": row.ticket,
        "category": row.category,
        "state": row.state,
        "created": moment(row.created_at),
        "updated": moment(row.updated_at),
        "caller": numbers(row.caller),
        "callback_number": numbers(row.callback_number),
        "language": row.language,
        "department": row.department,
        "deadline": row.deadline.isoformat() if row.deadline else None,
        "reply": row.reply,
        "finished": row.finished,
        "call": row.call_id,
        "recording": recording(row.recording) if row.recording else None,
        "transcript": transcript(row.recording.transcript if row.recording else None, numbers),
    }


def transcript(row: Transcript | None, numbers: NumberView = whole) -> dict[str, Any] | None:
    """Return what was said as far as it is known; ``verified`` once staff compared it."""
    if row is None:
        return None
    return {
        "state": row.state,
        "text": in_text(row.text, numbers),
        "verified": row.checked_at is not None,
        "machine_text": in_text(row.machine_text, numbers),
        "language": row.language,
        "confidence": row.confidence,
        "engine": row.engine,
        "written": moment(row.written_at),
    }
