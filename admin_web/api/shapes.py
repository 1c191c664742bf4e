"""What records look like in JSON. Names stay; new ones may be added."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, PlainSerializer

from admin_web.api.fields import Answer, Page
from admin_web.confidential import HIDDEN, Veil
from admin_web.numbers import number_view, numbers_in
from ivr.records.tables import (
    Call,
    CallBackResult,
    CallBackState,
    CallBackTask,
    CallNote,
    CallOutcome,
    CallStep,
    Complaint,
    ComplaintEvent,
    ComplaintState,
    EndedBy,
    Recording,
    RecordingKind,
    RecordingState,
    Transcript,
    TranscriptState,
)

At = Annotated[
    datetime,
    PlainSerializer(lambda at: at.astimezone(UTC).isoformat(), return_type=str),
    Field(json_schema_extra={"format": "date-time"}),
]
Yuan = Annotated[
    Decimal,
    PlainSerializer(lambda amount: f"{amount:.2f}", return_type=str),
    Field(json_schema_extra={"pattern": r"^-?[0-9]+\.[0-9]{2}$"}),
]


class StepOut(Answer):
    """A node a call left, and with what."""

    time: At
    flow: str
    node: str
    kind: str
    digits: str
    outcome: str

    @classmethod
    def of(cls, row: CallStep, veil: Veil) -> StepOut:
        """Digits are masked where the flow says they are sensitive, and like all numbers."""
        return cls(
            time=row.at,
            flow=row.flow,
            node=row.node,
            kind=row.kind,
            digits=HIDDEN if veil.covers(row.digits) else number_view()(row.digits),
            outcome=row.outcome,
        )


class RecordingOut(Answer):
    """What is known of a recording; ``path`` is relative to the state folder."""

    id: str
    kind: RecordingKind
    state: RecordingState
    start: At
    seconds: float | None
    path: str

    @classmethod
    def of(cls, row: Recording) -> RecordingOut:
        """From its row."""
        return cls(
            id=row.id,
            kind=row.kind,
            state=row.state,
            start=row.created_at,
            seconds=row.seconds,
            path=row.path,
        )


class QualityOut(Answer):
    """How a call sounded; null where nothing was reported."""

    codec: str | None
    packets_sent: int | None
    packets_received: int | None
    packets_lost: int | None
    jitter_ms: float | None
    remote_packets_lost: int | None
    remote_jitter_ms: float | None
    round_trip_ms: float | None


class CallOut(Answer):
    """One call record."""

    id: str
    caller: str
    caller_name: str
    called: str
    trunk: str | None
    start: At
    answer: At | None
    end: At | None
    language: str | None
    flow: str | None
    flow_revision: int | None
    ended_by: EndedBy | None
    end_reason: str
    self_served: bool | None
    outcome: CallOutcome | None
    last_place: str | None
    person_wait_s: float | None
    signalling: str | None
    sound_encrypted: bool | None
    path: list[StepOut]
    recordings: list[RecordingOut]
    complaints: list[str]
    quality: QualityOut

    @classmethod
    def of(cls, row: Call, tickets: tuple[str, ...], veil: Veil) -> CallOut:
        """With path and recordings, which should be loaded."""
        return cls(**call_facts(row, tickets, veil))


def call_facts(row: Call, tickets: tuple[str, ...], veil: Veil) -> dict[str, Any]:
    """Return the fields of ``CallOut``."""
    numbers = number_view()
    return {
        "id": row.id,
        "caller": numbers(row.caller),
        "caller_name": numbers(row.caller_name),
        "called": row.called,
        "trunk": row.trunk,
        "start": row.started_at,
        "answer": row.answered_at,
        "end": row.ended_at,
        "language": row.language,
        "flow": row.flow,
        "flow_revision": row.flow_revision,
        "ended_by": row.ended_by,
        "end_reason": row.end_reason,
        "self_served": row.self_served,
        "outcome": row.outcome,
        "last_place": row.last_place,
        "person_wait_s": row.person_wait_s,
        "signalling": row.signalling,
        "sound_encrypted": row.sound_encrypted,
        "path": [StepOut.of(step, veil) for step in row.steps],
        "recordings": [RecordingOut.of(kept) for kept in row.recordings],
        "complaints": [ticket for ticket in tickets if not veil.covers(ticket)],
        "quality": QualityOut(
            **{name: getattr(row, name) for name in QualityOut.model_fields},
        ),
    }


class NoteOut(Answer):
    """A note of staff."""

    time: At
    who: str
    text: str

    @classmethod
    def of(cls, row: CallNote, veil: Veil) -> NoteOut:
        """The numbers in it are masked like all others."""
        return cls(time=row.at, who=row.who, text=numbers_in(veil(row.text)))


class CallWhole(CallOut):
    """One call and all it left behind."""

    notes: list[NoteOut]
    call_backs: list[int]


class Calls(Page):
    """Call records, newest first. ``total`` is counted up to 10,000; ``more``: there are more."""

    calls: list[CallOut]
    total: int | None
    more: bool


class TranscriptOut(Answer):
    """What was said as far as it is known; ``verified`` once staff compared it."""

    state: TranscriptState
    text: str
    verified: bool
    machine_text: str
    language: str | None
    confidence: float | None
    engine: str
    written: At | None

    @classmethod
    def of(cls, row: Transcript | None) -> TranscriptOut | None:
        """The numbers in it are masked like all others; None where there is none."""
        if row is None:
            return None
        return cls(
            state=row.state,
            text=numbers_in(row.text),
            verified=row.checked_at is not None,
            machine_text=numbers_in(row.machine_text),
            language=row.language,
            confidence=row.confidence,
            engine=row.engine,
            written=row.written_at,
        )


class ComplaintOut(Answer):
    """One complaint."""

    ticket: str
    category: str
    state: ComplaintState
    created: At
    updated: At
    caller: str
    callback_number: str
    language: str | None
    department: str | None
    assignee: str | None
    area: str | None
    deadline: date | None
    reply: str
    reply_en: str
    finished: bool
    confidential: bool
    merged_into: str | None
    call: str | None
    recording: RecordingOut | None
    transcript: TranscriptOut | None

    @classmethod
    def of(cls, row: Complaint, veil: Veil) -> ComplaintOut:
        """With recording and transcript, which should be loaded."""
        return cls(**complaint_facts(row, veil))


def complaint_facts(row: Complaint, veil: Veil) -> dict[str, Any]:
    """Return the fields of ``ComplaintOut``."""
    numbers = number_view()
    return {
        "ticket": row.ticket,
        "category": row.category,
        "state": row.state,
        "created": row.created_at,
        "updated": row.updated_at,
        "caller": numbers(row.caller),
        "callback_number": numbers(row.callback_number),
        "language": row.language,
        "department": row.department,
        "assignee": row.assignee,
        "area": row.area,
        "deadline": row.deadline,
        "reply": row.reply,
        "reply_en": row.reply_en,
        "finished": row.finished,
        "confidential": row.confidential,
        "merged_into": row.merged_into and veil(row.merged_into),
        "call": row.call_id,
        "recording": RecordingOut.of(row.recording) if row.recording else None,
        "transcript": TranscriptOut.of(row.recording.transcript if row.recording else None),
    }


class EventOut(Answer):
    """A step of a complaint's history; ``before`` is null where it was filed."""

    time: At
    who: str
    before: ComplaintState | None
    state: ComplaintState
    note: str

    @classmethod
    def of(cls, row: ComplaintEvent, veil: Veil) -> EventOut:
        """The numbers in its note are masked like all others."""
        return cls(
            time=row.at,
            who=row.who,
            before=row.from_state,
            state=row.to_state,
            note=numbers_in(veil(row.note)),
        )


class Complaints(Page):
    """Complaints, newest first. ``total`` is counted up to 10,000; ``more``: there are more."""

    complaints: list[ComplaintOut]
    total: int | None
    more: bool


class TryOut(Answer):
    """Somebody called back: what came of it."""

    time: At
    who: str
    result: CallBackResult
    note: str


class CallBackOut(Answer):
    """A caller who waits to be called, or was."""

    id: int
    state: CallBackState
    number: str
    reason: str
    created: At
    call: str | None
    recording: str | None
    assignee: str | None
    promised: At | None
    tries: list[TryOut]
    done: At | None
    done_by: str | None
    note: str

    @classmethod
    def of(cls, row: CallBackTask) -> CallBackOut:
        """From its row."""
        return cls(
            id=row.id,
            state=row.state,
            number=number_view()(row.number),
            reason=row.reason,
            created=row.created_at,
            call=row.call_id,
            recording=row.recording_id,
            assignee=row.assignee,
            promised=row.promised_at,
            tries=[
                TryOut(time=one.at, who=one.who, result=one.result, note=numbers_in(one.note))
                for one in row.tries
            ],
            done=row.done_at,
            done_by=row.done_by,
            note=numbers_in(row.note),
        )
