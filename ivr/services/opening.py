"""Open or closed at a moment: hours of the week, and days that differ. Pure, out of memory.

A day's hours are spans of the clock on the wall. A span that ends at or before its beginning
goes on past midnight and belongs to the day on which it begins: `22:00-06:00` of a Friday holds
on Saturday morning, even where Saturday is a holiday. `00:00-24:00` is a whole day.

Where days overlap, one of them decides: a schedule's own day before a common one; then special
before moved working day before holiday; then the shorter range; then the one entered last.

Clocks are set forward and back: a span begins when the clock first shows its beginning (where
that is left out, at the leap) and ends when the clock shows its end for the last time.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from itertools import pairwise

from ivr.services.errors import RefusedError

DAY_MINUTES = 24 * 60
MOST_SPANS = 8
LOOKED_AHEAD_DAYS = 62
"""How far the next opening is looked for; a longer closure says no day."""

_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_DASHES = str.maketrans(
    {"–": "-", "—": "-", "~": "-", "至": "-", "到": "-", ";": ",", "、": ",", "\n": ","}
)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Minutes from a day's midnight; `ends` is over 1440 where it crosses the next one."""

    begins: int
    ends: int

    def __str__(self) -> str:
        ends = self.ends if self.ends <= DAY_MINUTES else self.ends - DAY_MINUTES
        return f"{_clock(self.begins)}-{_clock(ends)}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def parse_hours(text: str) -> tuple[Span, ...]:
    """Read `09:00-12:00, 13:30-17:30`; empty is closed. RefusedError says what is wrong."""
    # NFKC makes of a full-width colon, comma or digit its plain form.
    plain = unicodedata.normalize("NFKC", text).translate(_DASHES)
    parts = [part.strip() for part in plain.split(",") if part.strip()]
    if len(parts) > MOST_SPANS:
        raise RefusedError("at most %(most)s spans a day", most=MOST_SPANS)
    spans = sorted(_span(part) for part in parts)
    for one, following in pairwise(spans):
        if following.begins < one.ends:
            raise RefusedError("%(one)s and %(other)s overlap", one=str(one), other=str(following))
    return tuple(spans)


def _span(text: str) -> Span:
    found = _SPAN.fullmatch(text)
    if found is None or not all(digits.isascii() for digits in found.groups()):
        raise RefusedError(
            "“%(text)s” is no span of hours; write it as 09:00-12:00, 13:30-17:30", text=text[:40]
        )
    begin_h, begin_m, end_h, end_m = map(int, found.groups())
    begins, ends = begin_h * 60 + begin_m, end_h * 60 + end_m
    if begin_m > 59 or end_m > 59 or begins >= DAY_MINUTES or ends > DAY_MINUTES:
        raise RefusedError("“%(text)s”: a day has the hours 00:00 to 24:00", text=text[:40])
    if begins == ends:
        raise RefusedError(
            "“%(text)s” begins and ends at once; a whole day is 00:00-24:00", text=text[:40]
        )
    return Span(begins, ends if ends > begins else ends + DAY_MINUTES)


def hours_text(spans: Iterable[Span]) -> str:
    """Hours as a clerk writes them."""
    return ", ".join(map(str, spans))


class DifferentKind(StrEnum):
    """What a day is instead of its weekday; the same words as the table's."""

    HOLIDAY = "holiday"
    WORKDAY = "workday"
    SPECIAL = "special"


_WEIGHT = {DifferentKind.SPECIAL: 2, DifferentKind.WORKDAY: 1, DifferentKind.HOLIDAY: 0}


@dataclass(frozen=True, slots=True)
class DifferentDay:
    """A day, or a range, that differs. `own` is one schedule's; `hours` None where not given."""

    first: date
    last: date
    kind: DifferentKind
    name: str = ""
    hours: tuple[Span, ...] | None = None
    own: bool = False
    entered: int = 0

    @property
    def rank(self) -> tuple[bool, int, int, int]:
        """The greatest decides where days overlap."""
        return self.own, _WEIGHT[self.kind], -(self.last - self.first).days, self.entered


@dataclass(frozen=True, slots=True)
class DayHours:
    """What holds on a day: its spans, and the day of the calendar that made it so."""

    day: date
    spans: tuple[Span, ...]
    because: DifferentDay | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Open or closed at a moment, until when; times in the line's zone.

    `opens` is the next opening while closed, `closes` the next closing while open; None where
    none is in sight. `day` is what today's calendar says of it.
    """

    open: bool
    opens: datetime | None = None
    closes: datetime | None = None
    day: DayHours | None = None


@dataclass(frozen=True, slots=True)
class Hours:
    """One schedule, ready to be asked. `weekly` are Monday to Sunday.

    `working_day` is the weekday whose hours a moved working day without own hours takes.
    """

    weekly: Sequence[tuple[Span, ...]]
    days: Sequence[DifferentDay] = ()
    working_day: int = 0
    zone: tzinfo = UTC
    _by_day: dict[date, DayHours] = field(default_factory=dict, repr=False, compare=False)

    def on(self, day: date) -> DayHours:
        """What holds on a day."""
        known = self._by_day.get(day)
        if known is None:
            if len(self._by_day) > 2000:
                self._by_day.clear()
            known = self._by_day[day] = self._decided(day)
        return known

    def _decided(self, day: date) -> DayHours:
        found = [one for one in self.days if one.first <= day <= one.last]
        if not found:
            return DayHours(day, self.weekly[day.weekday()])
        one = max(found, key=lambda different: different.rank)
        if one.kind is DifferentKind.HOLIDAY:
            return DayHours(day, (), one)
        if one.hours is not None:
            return DayHours(day, one.hours, one)
        return DayHours(day, self.weekly[self.working_day], one)

    def periods(self, day: date) -> list[tuple[datetime, datetime]]:
        """When it is open by the hours of this day, as moments in UTC; empty ones left out."""
        found = []
        for span in self.on(day).spans:
            begins = _first_shown(_wall(day, span.begins), self.zone)
            ends = _last_shown(_wall(day, span.ends), self.zone)
            if begins < ends:
                found.append((begins, ends))
        return found

    def is_open(self, now: datetime) -> bool:
        """Whether it is open at a moment (aware)."""
        today = now.astimezone(self.zone).date()
        # A night's span begins the day before; a leap of the clock may take an hour more.
        return any(
            begins <= now < ends
            for day in (today - timedelta(days=1), today, today + timedelta(days=1))
            for begins, ends in self.periods(day)
        )

    def standing(self, now: datetime) -> Standing:
        """Open or closed, until when. Looks `LOOKED_AHEAD_DAYS` ahead, and no farther."""
        today = now.astimezone(self.zone).date()
        there = self.on(today)
        first = today - timedelta(days=1)
        if self.is_open(now):
            until = now
            for day in _days(first, LOOKED_AHEAD_DAYS):
                moved = self._until(day, until)
                if moved == until and day > until.astimezone(self.zone).date():
                    return Standing(True, closes=until.astimezone(self.zone), day=there)
                until = moved
            return Standing(True, day=there)
        for day in _days(first, LOOKED_AHEAD_DAYS):
            later = [begins for begins, _ends in self.periods(day) if begins > now]
            if later:
                return Standing(False, opens=min(later).astimezone(self.zone), day=there)
        return Standing(False, day=there)

    def _until(self, day: date, moment: datetime) -> datetime:
        """To where the hours of a day carry on being open from `moment`."""
        for begins, ends in sorted(self.periods(day)):
            if begins <= moment < ends:
                moment = ends
        return moment


ALWAYS = Hours(weekly=((Span(0, DAY_MINUTES),),) * 7)
"""What an unknown schedule is: a line without schedules is always open."""


def _days(first: date, count: int) -> Iterable[date]:
    return (first + timedelta(days=n) for n in range(count))


def _wall(day: date, minutes: int) -> datetime:
    return datetime.combine(day, time()) + timedelta(minutes=minutes)


def _first_shown(wall: datetime, zone: tzinfo) -> datetime:
    """The first moment at which the clock shows `wall` or later."""
    return _shown(wall, zone, fold=0)


def _last_shown(wall: datetime, zone: tzinfo) -> datetime:
    """The moment at which the clock shows `wall` for the last time; a leap over it is one."""
    return _shown(wall, zone, fold=1)


def _shown(wall: datetime, zone: tzinfo, fold: int) -> datetime:
    moment = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    # The clock leaps over this time. The leap lies between the two readings of it.
    early, late = sorted(wall.replace(tzinfo=zone, fold=one).astimezone(UTC) for one in (0, 1))
    before = early.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        if middle.astimezone(zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Timetable:
    """All schedules of the line by code, as they are at one time; kept in memory and asked."""

    schedules: Mapping[str, Hours] = field(default_factory=dict)

    def standing(self, schedule: str, now: datetime) -> Standing:
        """How a schedule stands at a moment; one that nobody made is always open."""
        return self.schedules.get(schedule, ALWAYS).standing(now)
