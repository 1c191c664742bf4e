"""What supervisors need beside the records: counted calls, gaps of the line, notes, searches.

`CallHour` and `StepDay` are sums over calls that have ended, so that a page over ten million
calls reads some thousand rows. They are kept up to date by `ivr.services.statistics_counting`,
outside of any call, and can be made again from the calls at any time.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ivr.records.base import Base


class CallHour(Base):
    """Calls that began in one hour of the line's calendar, by called number and first flow.

    `called` is empty for numbers the line does not list: anybody may dial anything at us.
    Each call is in exactly one of person, self_served, message, abandoned, fault, unanswered.
    """

    __tablename__ = "call_hours"

    day: Mapped[date] = mapped_column(primary_key=True)
    hour: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    called: Mapped[str] = mapped_column(String(128), primary_key=True)
    flow: Mapped[str] = mapped_column(String(64), primary_key=True)
    calls: Mapped[int]
    answered: Mapped[int]
    answered_in_time: Mapped[int]
    person: Mapped[int]
    self_served: Mapped[int]
    message: Mapped[int]
    abandoned: Mapped[int]
    fault: Mapped[int]
    unanswered: Mapped[int]
    # Of the calls that reached a person: whose waiting is known, its sum, and within 30 s.
    person_timed: Mapped[int]
    person_wait_s: Mapped[float]
    person_in_time: Mapped[int]
    talk_s: Mapped[float]


class StepDay(Base):
    """How often callers of a day left a node with an outcome, and how many were lost there.

    `entry` is the flow their call began in; `abandoned` counts calls that ended here with
    nothing finished.
    """

    __tablename__ = "step_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    called: Mapped[str] = mapped_column(String(128), primary_key=True)
    entry: Mapped[str] = mapped_column(String(64), primary_key=True)
    flow: Mapped[str] = mapped_column(String(64), primary_key=True)
    node: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(64), primary_key=True)
    steps: Mapped[int]
    abandoned: Mapped[int]


class ComplaintDay(Base):
    """Complaints filed on one day of UTC, by what figures ask for; `area` is empty for none.

    Sums of whole days that are over, made and mended by `ivr.services.complaint_days`: states
    change for months, so a day is counted again when one of its complaints has changed.
    """

    __tablename__ = "complaint_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    category: Mapped[str] = mapped_column(String(40), primary_key=True)
    area: Mapped[str] = mapped_column(String(8), primary_key=True)
    state: Mapped[str] = mapped_column(String(24), primary_key=True)
    complaints: Mapped[int]


class LineGap(Base):
    """A time in which a process gave no sign of life; written with the first sign after it.

    `kind`: `first` (nothing is known of the time before; since = until), `stopped` (its last
    sign said that it was being stopped) or `silent`.
    """

    __tablename__ = "line_gaps"
    __table_args__ = (Index("ix_line_gaps_process_until", "process", "until"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    process: Mapped[str] = mapped_column(String(64))
    since: Mapped[datetime]
    until: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(16))


class CallPlaces(Base):
    """Where the calls in progress stand: one row a process, overwritten with its signs of life.

    `places`: call id -> [flow, node, UTC time since when, as ISO text].
    """

    __tablename__ = "call_places"

    process: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]
    places: Mapped[dict[str, Any]] = mapped_column(JSON)


class CallNote(Base):
    """What staff wrote about a call."""

    __tablename__ = "call_notes"
    __table_args__ = (Index("ix_call_notes_call_id", "call_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)


class SavedSearch(Base):
    """A search somebody gave a name; `query` holds the fields of the page's form."""

    __tablename__ = "saved_searches"
    __table_args__ = (Index("ix_saved_searches_page_owner", "page", "owner"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    page: Mapped[str] = mapped_column(String(24))
    owner: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(60))
    query: Mapped[dict[str, str]] = mapped_column(JSON)
    # Seen by everybody who may see the page, not by its owner alone.
    shared: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
