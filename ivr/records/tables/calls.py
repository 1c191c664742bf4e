"""Calls, the steps of each, what was recorded in them, and the call-backs they left behind."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ivr.records.base import Base, words

if TYPE_CHECKING:
    from ivr.records.tables.transcripts import Transcript


class EndedBy(StrEnum):
    """Who or what ended a call."""

    CALLER = "caller"
    LINE = "line"
    TRANSFER = "transfer"
    SILENCE = "silence"
    ERROR = "error"
    CRASH = "crash"


class CallOutcome(StrEnum):
    """What came of a call that has ended; `ivr.services.statistics_counting` decides."""

    PERSON = "person"
    SELF_SERVED = "self_served"
    MESSAGE = "message"
    ABANDONED = "abandoned"
    FAULT = "fault"
    UNANSWERED = "unanswered"


class RecordingKind(StrEnum):
    COMPLAINT = "complaint"
    MESSAGE = "message"


class RecordingState(StrEnum):
    """`unfinished`: the line died while it was being written; what was said is there.

    `purged`: its time of retention is over and its file is removed; that it was is still known.
    """

    RECORDING = "recording"
    COMPLETE = "complete"
    UNFINISHED = "unfinished"
    FAILED = "failed"
    PURGED = "purged"


class CallBackState(StrEnum):
    OPEN = "open"
    DONE = "done"


# The calls the counting has yet to look at: an index over these few, not over all.
_UNCOUNTED = text("outcome IS NULL AND ended_at IS NOT NULL")
_RUNNING = text("ended_at IS NULL")
_KEPT = text("state <> 'purged'")
# A number's last four digits, which is what staff know of it: the same SQL in both databases.
_CALLER_END = "substr(caller, length(caller) - 3)"


# For `with_hint(Call, RUNNING_FIRST, "sqlite")`: SQLite would rather read all calls in order.
RUNNING_FIRST = "INDEXED BY ix_calls_running"


class Call(Base):
    """One call, written when its INVITE comes and completed when it ends."""

    __tablename__ = "calls"
    __table_args__ = (
        Index("ix_calls_started_at_id", "started_at", "id"),
        Index("ix_calls_caller_started_at", "caller", "started_at"),
        Index("ix_calls_called_started_at", "called", "started_at"),
        # By their last four digits, which is what staff know of a number.
        Index("ix_calls_caller_end", text(_CALLER_END), "started_at"),
        Index("ix_calls_ended_by_started_at", "ended_by", "started_at"),
        Index("ix_calls_outcome_started_at", "outcome", "started_at"),
        Index("ix_calls_last_place_started_at", "last_place", "started_at"),
        Index("ix_calls_route_id_started_at", "route_id", "started_at"),
        Index(
            "ix_calls_running",
            "started_at",
            sqlite_where=_RUNNING,
            postgresql_where=_RUNNING,
        ),
        Index(
            "ix_calls_uncounted",
            "ended_at",
            sqlite_where=_UNCOUNTED,
            postgresql_where=_UNCOUNTED,
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    caller: Mapped[str] = mapped_column(String(128), default="")
    caller_name: Mapped[str] = mapped_column(String(128), default="")
    called: Mapped[str] = mapped_column(String(128), default="")
    trunk: Mapped[str | None] = mapped_column(String(64))
    remote: Mapped[str] = mapped_column(String(128), default="")
    sip_call_id: Mapped[str] = mapped_column(String(256), default="")
    codec: Mapped[str | None] = mapped_column(String(16))
    # How the caller's messages came (udp, tcp, tls), and whether all of the sound was encrypted.
    signalling: Mapped[str | None] = mapped_column(String(8))
    sound_encrypted: Mapped[bool | None]

    started_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    language: Mapped[str | None] = mapped_column(String(16))
    flow: Mapped[str | None] = mapped_column(String(64))
    flow_revision: Mapped[int | None]
    ended_by: Mapped[EndedBy | None] = mapped_column(words(EndedBy))
    end_reason: Mapped[str] = mapped_column(String(200), default="")
    # True: the caller got what was asked from the line alone; None: not known.
    self_served: Mapped[bool | None]
    # When the person the caller was put through to answered.
    person_at: Mapped[datetime | None]

    # Filled after the end, by `ivr.services.statistics_counting`; `last_place` is `flow.node`.
    outcome: Mapped[CallOutcome | None] = mapped_column(words(CallOutcome))
    last_place: Mapped[str | None] = mapped_column(String(130))
    person_wait_s: Mapped[float | None]
    # Of `routes`; no foreign key, for which SQLite would copy ten million calls. None: not known
    # yet; 0: its steps are to be asked (`ivr.services.call_routes`).
    route_id: Mapped[int | None]

    packets_sent: Mapped[int | None]
    packets_received: Mapped[int | None]
    packets_lost: Mapped[int | None]
    jitter_ms: Mapped[float | None]
    remote_packets_lost: Mapped[int | None]
    remote_jitter_ms: Mapped[float | None]
    round_trip_ms: Mapped[float | None]

    steps: Mapped[list[CallStep]] = relationship(
        order_by="CallStep.seq", cascade="all, delete-orphan", passive_deletes=True
    )
    recordings: Mapped[list[Recording]] = relationship(order_by="Recording.created_at")


class CallStep(Base):
    """One node a call went through. `digits` are masked by the flow where they are sensitive."""

    __tablename__ = "call_steps"

    call_id: Mapped[str] = mapped_column(
        ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    flow: Mapped[str] = mapped_column(String(64))
    node: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(32))
    digits: Mapped[str] = mapped_column(String(64), default="")
    outcome: Mapped[str] = mapped_column(String(64), default="")


class Recording(Base):
    """A caller's own words. The row is committed before the first sample is written."""

    __tablename__ = "recordings"
    __table_args__ = (
        Index("ix_recordings_call_id", "call_id"),
        Index("ix_recordings_state", "state"),
        # The oldest that still have their file, which the purge asks for each night.
        Index("ix_recordings_kept", "created_at", sqlite_where=_KEPT, postgresql_where=_KEPT),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    call_id: Mapped[str | None] = mapped_column(ForeignKey("calls.id"))
    kind: Mapped[RecordingKind] = mapped_column(words(RecordingKind))
    # Relative to the state folder, so that a state folder can be moved or restored elsewhere.
    path: Mapped[str] = mapped_column(String(255), unique=True)
    state: Mapped[RecordingState] = mapped_column(words(RecordingState))
    seconds: Mapped[float | None]
    # What the caller chose before speaking, should the call die before the complaint is filed.
    category: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime]

    transcript: Mapped[Transcript | None] = relationship()


class CallBackTask(Base):
    """Somebody waits for a person of the office to call back."""

    __tablename__ = "call_back_tasks"
    __table_args__ = (
        Index("ix_call_back_tasks_state_created_at", "state", "created_at"),
        Index("ix_call_back_tasks_state_done_at", "state", "done_at"),
        Index("ix_call_back_tasks_call_id", "call_id"),
        Index("ix_call_back_tasks_recording_id", "recording_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str | None] = mapped_column(ForeignKey("calls.id"))
    recording_id: Mapped[str | None] = mapped_column(ForeignKey("recordings.id"))
    number: Mapped[str] = mapped_column(String(128))
    reason: Mapped[str] = mapped_column(String(64))
    state: Mapped[CallBackState] = mapped_column(words(CallBackState))
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    done_by: Mapped[str | None] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text, default="")
    # The username of who has taken it, and when the caller was promised to be called (again).
    assignee: Mapped[str | None] = mapped_column(String(64))
    promised_at: Mapped[datetime | None]

    tries: Mapped[list[CallBackTry]] = relationship(
        order_by="CallBackTry.id", cascade="all, delete-orphan", passive_deletes=True
    )


class CallBackResult(StrEnum):
    REACHED = "reached"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    WRONG_NUMBER = "wrong_number"
    LATER = "later"  # reached, and asked to be called again


class CallBackTry(Base):
    """Once that somebody was called back; `again_at` is when they are to be called again."""

    __tablename__ = "call_back_tries"
    __table_args__ = (Index("ix_call_back_tries_task_id", "task_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("call_back_tasks.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(64))
    result: Mapped[CallBackResult] = mapped_column(words(CallBackResult))
    note: Mapped[str] = mapped_column(Text, default="")
    again_at: Mapped[datetime | None]
