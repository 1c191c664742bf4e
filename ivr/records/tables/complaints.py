"""Complaints, their history, and what rules them: categories, departments, transitions.

Which state may follow which is data (`complaint_transitions`), filled by the
first migration, so that a town can change its procedure without a release.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ivr.records.base import Base, words
from ivr.records.tables.calls import Recording


class ComplaintState(StrEnum):
    RECEIVED = "received"
    ASSIGNED = "assigned"
    HANDLING = "handling"
    REPLIED = "replied"
    CLOSED = "closed"
    REJECTED = "rejected"


class Department(Base):
    """An office a complaint can be given to."""

    __tablename__ = "departments"

    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    name_zh: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(80))


class ComplaintCategory(Base):
    """What a complaint is about, the office it goes to and the days that office has to reply."""

    __tablename__ = "complaint_categories"

    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    position: Mapped[int]
    name_zh: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(80))
    department: Mapped[str | None] = mapped_column(ForeignKey("departments.code"))
    reply_days: Mapped[int]


class ComplaintTransition(Base):
    """One allowed change of state; `needs_note`: a reason (or the reply) must be written."""

    __tablename__ = "complaint_transitions"

    from_state: Mapped[ComplaintState] = mapped_column(words(ComplaintState), primary_key=True)
    to_state: Mapped[ComplaintState] = mapped_column(words(ComplaintState), primary_key=True)
    needs_note: Mapped[bool] = mapped_column(default=False)


_OPEN = text("state IN ('received', 'assigned', 'handling')")
# A number's last four digits, which is what staff know of it: the same SQL in both databases.
_END = "substr({0}, length({0}) - 3)"


class Complaint(Base):
    """One complaint; `finished` is false where the caller hung up before confirming it."""

    __tablename__ = "complaints"
    __table_args__ = (
        Index("ix_complaints_created_at_ticket", "created_at", "ticket"),
        Index("ix_complaints_updated_at_ticket", "updated_at", "ticket"),
        Index("ix_complaints_state_created_at", "state", "created_at"),
        Index("ix_complaints_call_id", "call_id"),
        Index("ix_complaints_recording_id", "recording_id"),
        Index("ix_complaints_merged_into", "merged_into"),
        # What the figures are read from, without the rows themselves.
        Index("ix_complaints_figures", "created_at", "category", "area", "state"),
        Index("ix_complaints_area", "area", "state", "created_at"),
        Index("ix_complaints_state_deadline", "state", "deadline"),
        Index("ix_complaints_department", "department", "state", "created_at"),
        Index("ix_complaints_assignee", "assignee", "state", "created_at"),
        # What there is to do: some thousand of a million, counted without their rows.
        Index(
            "ix_complaints_open",
            *("deadline", "created_at", "ticket"),
            *("department", "state", "assignee", "confidential"),
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("ix_complaints_caller", "caller", "created_at"),
        Index("ix_complaints_caller_end", text(_END.format("caller")), "created_at"),
        Index("ix_complaints_callback", "callback_number", "created_at"),
        Index("ix_complaints_callback_end", text(_END.format("callback_number")), "created_at"),
    )

    ticket: Mapped[str] = mapped_column(String(16), primary_key=True)
    category: Mapped[str] = mapped_column(String(40))
    state: Mapped[ComplaintState] = mapped_column(words(ComplaintState))
    call_id: Mapped[str | None] = mapped_column(ForeignKey("calls.id"))
    recording_id: Mapped[str | None] = mapped_column(ForeignKey("recordings.id"))
    caller: Mapped[str] = mapped_column(String(128), default="")
    callback_number: Mapped[str] = mapped_column(String(128), default="")
    language: Mapped[str | None] = mapped_column(String(16))
    department: Mapped[str | None] = mapped_column(ForeignKey("departments.code"))
    # The username of who works on it; a department gives its complaints to its clerks itself.
    assignee: Mapped[str | None] = mapped_column(String(64))
    area: Mapped[str | None] = mapped_column(ForeignKey("areas.code"))
    # The complaint this one is a duplicate of: whoever asks for this ticket hears of that one.
    merged_into: Mapped[str | None] = mapped_column(ForeignKey("complaints.ticket"))
    confidential: Mapped[bool] = mapped_column(default=False, server_default=false())
    deadline: Mapped[date | None]
    reply: Mapped[str] = mapped_column(Text, default="")
    # What an English caller hears instead, where it was written.
    reply_en: Mapped[str] = mapped_column(Text, default="", server_default="")
    finished: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    recording: Mapped[Recording | None] = relationship()
    events: Mapped[list[ComplaintEvent]] = relationship(order_by="ComplaintEvent.id")


class EventKind(StrEnum):
    """What a line of the history is about; UNSAID in lines older than the word."""

    UNSAID = ""
    FILED = "filed"
    MOVED = "moved"
    ASSIGNED = "given"
    RETURNED = "returned"
    TAKEN = "taken"
    NOTE = "note"


class ComplaintEvent(Base):
    """One line of a complaint's history: who did what when.

    `from_department` and `to_department` are set where it changed hands.
    """

    __tablename__ = "complaint_events"
    __table_args__ = (
        Index("ix_complaint_events_ticket", "ticket"),
        Index("ix_complaint_events_to_state_at", "to_state", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket: Mapped[str] = mapped_column(ForeignKey("complaints.ticket"))
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(64))
    from_state: Mapped[ComplaintState | None] = mapped_column(words(ComplaintState))
    to_state: Mapped[ComplaintState] = mapped_column(words(ComplaintState))
    note: Mapped[str] = mapped_column(Text, default="")
    kind: Mapped[EventKind] = mapped_column(
        words(EventKind), default=EventKind.UNSAID, server_default=""
    )
    from_department: Mapped[str | None] = mapped_column(String(40))
    to_department: Mapped[str | None] = mapped_column(String(40))


class TicketCounter(Base):
    """The last ticket number given out on a day of the line's calendar."""

    __tablename__ = "ticket_counters"

    day: Mapped[date] = mapped_column(primary_key=True)
    last: Mapped[int]
