"""Schedules and the calendar of days that differ, as staff keep them; what is kept is polled.

Every change is noted beside the rows (`schedule_changes`) with what was there before, so that a
page can tell who changed what; the audit log is the desk's. A schedule is edited from a revision:
a stale edit is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from ivr.records.tables import CalendarDay, DayKind, Schedule, ScheduleChange
from ivr.services.china_holidays import published
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.opening import (
    DifferentDay,
    DifferentKind,
    Hours,
    Timetable,
    hours_text,
    parse_hours,
)
from ivr.services.text import storable

CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")
LONGEST_RANGE_DAYS = 366
YEARS = range(2000, 2101)
WARN_DAYS = 90
"""So long before a year without holidays begins, the page warns."""
CHANGES_SHOWN = 50
KEPT = 5000
"""Days of the calendar at the most: more is a mistake, and would be read at every change."""


@dataclass(frozen=True, slots=True)
class DayEntry:
    """A day as a clerk enters it; `hours` as text, empty for none."""

    first: date
    last: date
    kind: DayKind
    name: str
    hours: str = ""
    schedule: str | None = None


@dataclass(frozen=True, slots=True)
class ScheduleEntry:
    """A schedule as a clerk enters it; `weekly` are the hours of Monday to Sunday, as text."""

    name_zh: str
    name_en: str
    weekly: Sequence[str]
    working_day: int = 0
    follows_calendar: bool = True


# --- what is kept


def all_schedules(session: Session) -> Sequence[Schedule]:
    """Every schedule, by its code."""
    return session.scalars(select(Schedule).order_by(Schedule.code)).all()


def get(session: Session, code: str) -> Schedule:
    """One schedule; NotFoundError."""
    row = session.get(Schedule, code)
    if row is None:
        raise NotFoundError("there is no schedule %(code)r", code=code)
    return row


def days(
    session: Session, *, first: date | None = None, last: date | None = None
) -> Sequence[CalendarDay]:
    """The days that differ, those that touch `first` to `last`, in order."""
    wanted = select(CalendarDay).order_by(CalendarDay.first_day, CalendarDay.id)
    if first is not None:
        wanted = wanted.where(CalendarDay.last_day >= first)
    if last is not None:
        wanted = wanted.where(CalendarDay.first_day <= last)
    return session.scalars(wanted).all()


def get_day(session: Session, day_id: int) -> CalendarDay:
    """One day of the calendar; NotFoundError."""
    row = session.get(CalendarDay, day_id)
    if row is None:
        raise NotFoundError("this day is no longer in the calendar")
    return row


def changes(
    session: Session, schedule: str | None = None, limit: int = CHANGES_SHOWN
) -> Sequence[ScheduleChange]:
    """Who changed what, newest first; of one schedule, what holds for all included."""
    wanted = select(ScheduleChange).order_by(ScheduleChange.id.desc()).limit(limit)
    if schedule is not None:
        wanted = wanted.where(
            or_(ScheduleChange.schedule == schedule, ScheduleChange.schedule.is_(None))
        )
    return session.scalars(wanted).all()


def stamp(session: Session) -> tuple[int, int]:
    """Changes with anything kept here; cheap to ask, so a responder can poll it."""
    newest = session.scalar(select(func.coalesce(func.max(ScheduleChange.id), 0))) or 0
    return newest, session.scalar(select(func.count()).select_from(Schedule)) or 0


def timetable(session: Session, zone: tzinfo) -> Timetable:
    """All schedules, ready to be asked from memory."""
    listed = [_different(row) for row in days(session)]
    return Timetable({row.code: hours_of(row, listed, zone) for row in all_schedules(session)})


def hours_of(
    row: Schedule, listed: Sequence[tuple[str | None, DifferentDay]], zone: tzinfo
) -> Hours:
    """One schedule with the days that hold for it."""
    return Hours(
        weekly=tuple(parse_hours(text) for text in row.weekly),
        days=tuple(
            day
            for schedule, day in listed
            if schedule == row.code or (schedule is None and row.follows_calendar)
        ),
        working_day=row.working_day,
        zone=zone,
    )


def _different(row: CalendarDay) -> tuple[str | None, DifferentDay]:
    return row.schedule, DifferentDay(
        row.first_day,
        row.last_day,
        DifferentKind(row.kind.value),
        row.name,
        # A special day without hours is closed; a moved working day has those of its weekday.
        None if row.kind is DayKind.WORKDAY and not row.hours else parse_hours(row.hours),
        own=row.schedule is not None,
        entered=row.id,
    )


# --- changing a schedule


def add(session: Session, code: str, entry: ScheduleEntry, *, who: str, now: datetime) -> Schedule:
    """Make a schedule; RefusedError where the code or the hours will not do."""
    if not CODE.fullmatch(code):
        raise RefusedError("a schedule's code is of small letters, digits and _, such as office")
    if session.get(Schedule, code) is not None:
        raise RefusedError("there is a schedule %(code)r already", code=code)
    row = Schedule(code=code, revision=1, updated_by=who, updated_at=now, **_checked(entry))
    session.add(row)
    session.flush()
    _note(session, code, "added", {"after": _written(row)}, who, now)
    return row


def edit(
    session: Session,
    code: str,
    entry: ScheduleEntry,
    *,
    base: int,
    who: str,
    now: datetime,
) -> Schedule:
    """Change a schedule from revision `base`; RefusedError where somebody else did meanwhile."""
    row = get(session, code)
    if row.revision != base:
        raise RefusedError(
            "%(who)s has changed this schedule meanwhile; look at it again and decide anew",
            who=row.updated_by or "-",
        )
    before = _written(row)
    for name, value in _checked(entry).items():
        setattr(row, name, value)
    after = _written(row)
    if after != before:
        row.revision, row.updated_by, row.updated_at = base + 1, who, now
        session.flush()
        _note(session, code, "edited", {"before": before, "after": after}, who, now)
    return row


def remove(session: Session, code: str, *, used_by: Sequence[str], who: str, now: datetime) -> None:
    """Remove a schedule with its own days; RefusedError while flows (`used_by`) ask for it."""
    row = get(session, code)
    if used_by:
        raise RefusedError(
            "the call flows %(flows)s ask for this schedule; change them first",
            flows=", ".join(used_by),
        )
    before = _written(row)
    for day in session.scalars(select(CalendarDay).where(CalendarDay.schedule == code)):
        session.delete(day)
    session.flush()
    session.delete(row)
    _note(session, code, "removed", {"before": before}, who, now)


def _checked(entry: ScheduleEntry) -> dict[str, Any]:
    if len(entry.weekly) != 7 or entry.working_day not in range(7):
        raise RefusedError("a week has seven days")
    name = storable(entry.name_zh.strip(), 80)
    if not name:
        raise RefusedError("give the schedule a name")
    return {
        "name_zh": name,
        "name_en": storable(entry.name_en.strip(), 80),
        "weekly": [hours_text(parse_hours(text)) for text in entry.weekly],
        "working_day": entry.working_day,
        "follows_calendar": entry.follows_calendar,
    }


def _written(row: Schedule) -> dict[str, Any]:
    return {
        "name_zh": row.name_zh,
        "name_en": row.name_en,
        "weekly": list(row.weekly),
        "working_day": row.working_day,
        "follows_calendar": row.follows_calendar,
    }


# --- changing the calendar


def checked_day(session: Session, entry: DayEntry) -> DayEntry:
    """The entry as it will be kept; RefusedError says what is wrong with it."""
    if entry.last < entry.first:
        raise RefusedError("the last day comes before the first")
    if entry.first.year not in YEARS or entry.last.year not in YEARS:
        raise RefusedError("a day from 2000 to 2100 is wanted")
    if (entry.last - entry.first).days >= LONGEST_RANGE_DAYS:
        raise RefusedError("a range of at most %(days)s days", days=LONGEST_RANGE_DAYS)
    name = storable(entry.name.strip(), 80)
    if not name:
        raise RefusedError("give the day a name, such as 国庆节")
    spans = parse_hours(entry.hours)
    if entry.kind is DayKind.HOLIDAY and spans:
        raise RefusedError("a holiday is closed; for hours of its own, make it a special day")
    if entry.schedule is not None:
        get(session, entry.schedule)
    return DayEntry(entry.first, entry.last, entry.kind, name, hours_text(spans), entry.schedule)


def add_day(session: Session, entry: DayEntry, *, who: str, now: datetime) -> CalendarDay:
    """Enter a day; RefusedError where it is wrong or there already."""
    kept = checked_day(session, entry)
    if is_there(session, kept):
        raise RefusedError("this day is in the calendar already")
    row = _insert(session, kept, who=who, now=now)
    _note(session, kept.schedule, "day_added", {"after": _day(row)}, who, now)
    return row


def add_days(
    session: Session, entries: Sequence[DayEntry], *, source: str, who: str, now: datetime
) -> int:
    """Enter many days at once (`checked_day` before); those there already are passed over."""
    added = []
    for entry in entries:
        if not is_there(session, entry):
            added.append(_day(_insert(session, entry, who=who, now=now)))
    if added:
        _note(session, None, "days_added", {"source": source, "days": added}, who, now)
    return len(added)


def fill_year(session: Session, year: int, *, who: str, now: datetime) -> int:
    """Enter the published days of a year; NotFoundError where they are not known here."""
    found = published(year)
    if not found:
        raise NotFoundError(
            "the notice for %(year)s does not come with this release; enter its days, or import "
            "them as a list",
            year=year,
        )
    entries = [DayEntry(day.first, day.last, DayKind(day.kind.value), day.name) for day in found]
    return add_days(session, entries, source=f"china {year}", who=who, now=now)


def edit_day(
    session: Session, day_id: int, entry: DayEntry, *, who: str, now: datetime
) -> CalendarDay:
    """Change a day; NotFoundError, RefusedError."""
    row = get_day(session, day_id)
    kept = checked_day(session, entry)
    before = _day(row)
    row.first_day, row.last_day, row.kind = kept.first, kept.last, kept.kind
    row.name, row.hours, row.schedule = kept.name, kept.hours, kept.schedule
    session.flush()
    after = _day(row)
    if after != before:
        _note(session, kept.schedule, "day_edited", {"before": before, "after": after}, who, now)
    return row


def remove_day(session: Session, day_id: int, *, who: str, now: datetime) -> None:
    """Take a day out of the calendar; NotFoundError."""
    row = get_day(session, day_id)
    _note(session, row.schedule, "day_removed", {"before": _day(row)}, who, now)
    session.delete(row)


def is_there(session: Session, entry: DayEntry) -> bool:
    """Whether the same day, of the same kind and hours, is in the calendar already."""
    same = select(CalendarDay.id).where(
        CalendarDay.first_day == entry.first,
        CalendarDay.last_day == entry.last,
        CalendarDay.kind == entry.kind,
        CalendarDay.hours == entry.hours,
        CalendarDay.schedule == entry.schedule
        if entry.schedule is not None
        else CalendarDay.schedule.is_(None),
    )
    return session.scalar(same.limit(1)) is not None


def _insert(session: Session, entry: DayEntry, *, who: str, now: datetime) -> CalendarDay:
    if (session.scalar(select(func.count()).select_from(CalendarDay)) or 0) >= KEPT:
        raise RefusedError("the calendar holds %(most)s entries already", most=KEPT)
    row = CalendarDay(
        schedule=entry.schedule,
        first_day=entry.first,
        last_day=entry.last,
        kind=entry.kind,
        name=entry.name,
        hours=entry.hours,
        created_by=who,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def _day(row: CalendarDay) -> dict[str, Any]:
    return {
        "first": row.first_day.isoformat(),
        "last": row.last_day.isoformat(),
        "kind": row.kind.value,
        "name": row.name,
        "hours": row.hours,
    }


def _note(
    session: Session,
    schedule: str | None,
    what: str,
    detail: Mapping[str, Any],
    who: str,
    now: datetime,
) -> None:
    session.add(ScheduleChange(schedule=schedule, what=what, detail=dict(detail), who=who, at=now))
    session.flush()


# --- is a year filled


@dataclass(frozen=True, slots=True)
class YearsFilled:
    """Which years have holidays. `missing` is one that begins soon, or runs, without any."""

    filled: tuple[int, ...]
    missing: int | None
    days_left: int


def years_filled(session: Session, today: date) -> YearsFilled:
    """Which years of the common calendar have holidays, and whether one is wanting soon."""
    filled: set[int] = set()
    for row in days(session):
        if row.kind is DayKind.HOLIDAY and row.schedule is None:
            filled.update((row.first_day.year, row.last_day.year))
    following = date(today.year + 1, 1, 1)
    left = (following - today).days
    missing = None
    if today.year not in filled:
        missing, left = today.year, 0
    elif following.year not in filled and left <= WARN_DAYS:
        missing = following.year
    return YearsFilled(tuple(sorted(filled)), missing, left)


def next_days(hours: Hours, first: date, count: int = 14) -> list[Any]:
    """What holds on each of the days from `first` on."""
    return [hours.on(first + timedelta(days=n)) for n in range(count)]
