"""Schedules and their calendar as they are kept: checked, noted, polled, never half."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ivr.records.tables import DayKind
from ivr.services import china_holidays, schedules
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.opening import DifferentKind
from ivr.services.schedules import DayEntry, ScheduleEntry

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
CHINA = ZoneInfo("Asia/Shanghai")
WEEK = ScheduleEntry("大厅", "Hall", (*["09:00-17:00"] * 5, "", ""))
HOLIDAY = DayEntry(date(2026, 10, 1), date(2026, 10, 7), DayKind.HOLIDAY, "国庆节")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def is_open(database: Any, code: str, when: str) -> bool:
    with database.read() as session:
        return schedules.timetable(session, CHINA).standing(code, at(when)).open


def test_the_schedule_of_people_is_there_from_the_start_and_always_open(database):
    with database.read() as session:
        assert schedules.get(session, "office").weekly == ["00:00-24:00"] * 7
    assert is_open(database, "office", "2026-10-01T03:00")
    assert is_open(database, "nobody_made_this", "2026-10-01T03:00")


def test_what_was_published_for_2026_closes_holidays_and_opens_moved_days(database):
    with database.begin() as session:
        schedules.add(session, "hall", WEEK, who="clerk", now=NOW)
        assert schedules.fill_year(session, 2026, who="clerk", now=NOW) == 13
        assert schedules.fill_year(session, 2026, who="clerk", now=NOW) == 0
    assert not is_open(database, "hall", "2026-10-01T10:00")  # a Thursday
    assert is_open(database, "hall", "2026-10-10T10:00")  # a Saturday that works
    assert not is_open(database, "hall", "2026-10-11T10:00")
    assert is_open(database, "office", "2026-10-01T10:00")  # does not follow the calendar


def test_every_year_that_comes_with_the_line_is_whole():
    """Of each notice: holidays and working days apart, all of the year, weekends where moved."""
    for year in china_holidays.YEARS:
        days = china_holidays.published(year)
        covered = [
            (day.first + timedelta(days=n), day.kind)
            for day in days
            for n in range((day.last - day.first).days + 1)
        ]
        assert len({day for day, _ in covered}) == len(covered)
        assert {day.year for day, _ in covered} == {year}
        moved = [day for day, kind in covered if kind is DifferentKind.WORKDAY]
        assert all(day.weekday() >= 5 for day in moved)
        # A weekday that is free beyond the festivals of the law is worked off at a weekend: in
        # 2026 there are 13 of them, 33 days off in all.
        assert len([day for day, kind in covered if kind is DifferentKind.HOLIDAY]) == 33
    assert china_holidays.published(1999) == ()


def test_a_year_that_is_not_known_is_refused_by_name(database):
    with pytest.raises(NotFoundError, match="2031"), database.begin() as session:
        schedules.fill_year(session, 2031, who="clerk", now=NOW)


def test_a_stale_edit_is_refused_and_changes_nothing(database):
    with database.begin() as session:
        schedules.add(session, "hall", WEEK, who="one", now=NOW)
    changed = replace(WEEK, weekly=["10:00-11:00"] * 7)
    with database.begin() as session:
        row = schedules.edit(session, "hall", changed, base=1, who="two", now=NOW)
        assert (row.revision, row.updated_by) == (2, "two")
    with pytest.raises(RefusedError, match="two has changed"), database.begin() as session:
        schedules.edit(session, "hall", WEEK, base=1, who="three", now=NOW)
    with database.read() as session:
        assert schedules.get(session, "hall").weekly == ["10:00-11:00"] * 7


def test_every_change_is_noted_with_what_was_there_before_and_moves_the_stamp(database):
    stamps = []

    def change(act: Any) -> Any:
        with database.begin() as session:
            found = act(session)
            session.flush()
            stamps.append(schedules.stamp(session))
            return getattr(found, "id", None)

    change(lambda s: schedules.add(s, "hall", WEEK, who="a", now=NOW))
    hours = replace(WEEK, weekly=["08:00-09:00"] * 7)
    change(lambda s: schedules.edit(s, "hall", hours, base=1, who="b", now=NOW))
    day = change(lambda s: schedules.add_day(s, HOLIDAY, who="c", now=NOW))
    moved = replace(HOLIDAY, first=date(2026, 10, 2))
    change(lambda s: schedules.edit_day(s, day, moved, who="d", now=NOW))
    change(lambda s: schedules.remove_day(s, day, who="e", now=NOW))
    change(lambda s: schedules.remove(s, "hall", used_by=(), who="f", now=NOW))
    assert len(set(stamps)) == len(stamps)
    with database.read() as session:
        noted = [(row.who, row.what) for row in reversed(schedules.changes(session))]
        edited = schedules.changes(session)[-2]
    assert noted == [
        ("a", "added"),
        ("b", "edited"),
        ("c", "day_added"),
        ("d", "day_edited"),
        ("e", "day_removed"),
        ("f", "removed"),
    ]
    assert edited.detail["before"]["weekly"][0] == "09:00-17:00"
    assert edited.detail["after"]["weekly"][0] == "08:00-09:00"


def test_an_edit_that_changes_nothing_is_no_change(database):
    with database.begin() as session:
        schedules.add(session, "hall", WEEK, who="a", now=NOW)
        schedules.edit(session, "hall", WEEK, base=1, who="b", now=NOW)
        assert len(schedules.changes(session)) == 1


@pytest.mark.parametrize(
    "given",
    [
        {"last": date(2026, 9, 30)},
        {"last": date(2028, 10, 1)},
        {"first": date(1999, 12, 31)},
        {"name": "  "},
        {"hours": "09:00-12:00"},
        {"hours": "nine to five"},
        {"schedule": "no_such"},
    ],
)
def test_a_day_that_cannot_be_is_refused(database, given):
    with pytest.raises((RefusedError, NotFoundError)), database.begin() as session:
        schedules.add_day(session, replace(HOLIDAY, **given), who="clerk", now=NOW)
    with database.read() as session:
        assert schedules.days(session) == []


def test_the_same_day_twice_is_refused(database):
    with database.begin() as session:
        schedules.add_day(session, HOLIDAY, who="clerk", now=NOW)
    with pytest.raises(RefusedError, match="already"), database.begin() as session:
        schedules.add_day(session, HOLIDAY, who="clerk", now=NOW)


def test_a_special_day_without_hours_is_closed_and_with_hours_has_them(database):
    monday = date(2026, 11, 23)
    with database.begin() as session:
        schedules.add(session, "hall", WEEK, who="clerk", now=NOW)
        closed = DayEntry(monday, monday, DayKind.SPECIAL, "stocktaking", schedule="hall")
        schedules.add_day(session, closed, who="clerk", now=NOW)
    assert not is_open(database, "hall", "2026-11-23T10:00")
    with database.begin() as session:
        (row,) = schedules.days(session)
        late = replace(closed, hours="18:00-20:00")
        schedules.edit_day(session, row.id, late, who="clerk", now=NOW)
    assert is_open(database, "hall", "2026-11-23T19:00")
    assert not is_open(database, "hall", "2026-11-23T10:00")


def test_a_schedule_that_flows_ask_for_stays(database):
    with pytest.raises(RefusedError, match="person"), database.begin() as session:
        schedules.remove(session, "office", used_by=["person"], who="clerk", now=NOW)
    with pytest.raises(RefusedError, match="small letters"), database.begin() as session:
        schedules.add(session, "Office 1", WEEK, who="clerk", now=NOW)
    with pytest.raises(RefusedError, match="already"), database.begin() as session:
        schedules.add(session, "office", WEEK, who="clerk", now=NOW)


def test_a_year_without_holidays_is_told_three_months_before_it_begins(database):
    with database.begin() as session:
        schedules.fill_year(session, 2026, who="clerk", now=NOW)

        def missing(day: date) -> tuple[int | None, int]:
            found = schedules.years_filled(session, day)
            return found.missing, found.days_left

        assert missing(date(2026, 10, 2))[0] is None
        assert missing(date(2026, 10, 3)) == (2027, 90)
        assert missing(date(2026, 11, 22)) == (2027, 40)
        assert missing(date(2027, 1, 1)) == (2027, 0)
        entry = replace(HOLIDAY, first=date(2027, 10, 1), last=date(2027, 10, 3))
        schedules.add_day(session, entry, who="clerk", now=NOW)
        assert missing(date(2026, 11, 22))[0] is None
