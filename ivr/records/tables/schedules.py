"""When the town works: schedules with weekly hours, and the calendar of days that differ.

Hours are kept as the clerk writes them (`09:00-12:00, 13:30-17:30`); `ivr.services.opening`
reads them. Announcements that are said before anything else stand here too.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ivr.records.base import Base, words


class Schedule(Base):
    """A named schedule. `weekly` holds the hours of Monday to Sunday, seven texts.

    `working_day` is the weekday (0: Monday) whose hours a moved working day takes;
    `follows_calendar` whether the common days (holidays) hold for it.
    """

    __tablename__ = "schedules"

    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    name_zh: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(80), default="")
    weekly: Mapped[list[str]] = mapped_column(JSON)
    working_day: Mapped[int]
    follows_calendar: Mapped[bool]
    revision: Mapped[int]
    updated_by: Mapped[str] = mapped_column(String(64))
    updated_at: Mapped[datetime]


class DayKind(StrEnum):
    """What a day of the calendar is instead of its weekday."""

    HOLIDAY = "holiday"
    WORKDAY = "workday"
    SPECIAL = "special"


class CalendarDay(Base):
    """One day, or a range of days, that differ. Without a schedule they hold for all."""

    __tablename__ = "calendar_days"
    __table_args__ = (Index("ix_calendar_days_last_day", "last_day"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    schedule: Mapped[str | None] = mapped_column(ForeignKey("schedules.code"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    kind: Mapped[DayKind] = mapped_column(words(DayKind))
    name: Mapped[str] = mapped_column(String(80))
    hours: Mapped[str] = mapped_column(String(200), default="")
    created_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class ScheduleChange(Base):
    """Who changed what of schedules and calendar, when; its newest id is what is polled."""

    __tablename__ = "schedule_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    schedule: Mapped[str | None] = mapped_column(String(64))
    what: Mapped[str] = mapped_column(String(32))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    who: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]


class Manner(StrEnum):
    """What callers can do once an announcement has been said."""

    GO_ON = "go_on"
    PERSON_ONLY = "person_only"


class Announcement(Base):
    """An emergency announcement, said before anything else from `begins_at` to its end.

    `prompt` names a prompt that is said instead of the words; `flow` the only flow whose
    callers hear it. It ends at `ends_at` by itself, or was ended (or replaced) before.
    """

    __tablename__ = "announcements"
    __table_args__ = (Index("ix_announcements_ends_at", "ends_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    words_zh: Mapped[str] = mapped_column(Text, default="")
    words_en: Mapped[str] = mapped_column(Text, default="")
    prompt: Mapped[str] = mapped_column(String(64), default="")
    flow: Mapped[str] = mapped_column(String(64), default="")
    manner: Mapped[Manner] = mapped_column(words(Manner))
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    begun_by: Mapped[str] = mapped_column(String(64))
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(String(64), default="")
    revision: Mapped[int]
