"""The span of days figures are asked for, and the one before it to compare with.

The one before has the same length and ends where this one begins; a span that reaches into
today is compared only up to the same hour, or every morning would look like a bad day.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from ivr.services.errors import RefusedError
from ivr.services.line_time import local_day

LONGEST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Period:
    """Days of the line's calendar, both included; of the last one the hours up to `last_hour`."""

    first: date
    last: date
    last_hour: int = 23

    @property
    def days(self) -> int:
        """How many days, the last one counted whole."""
        return (self.last - self.first).days + 1

    def since(self, zone: tzinfo) -> datetime:
        """The moment it begins."""
        return datetime.combine(self.first, time(), zone)

    def until(self, zone: tzinfo) -> datetime:
        """The moment it is over."""
        end = datetime.combine(self.last, time(), zone)
        return end + timedelta(hours=self.last_hour + 1)


def today(now: datetime, zone: tzinfo) -> Period:
    """Today, up to this hour."""
    return Period(local_day(now, zone), local_day(now, zone), now.astimezone(zone).hour)


def yesterday(now: datetime, zone: tzinfo) -> Period:
    """The whole of yesterday."""
    day = local_day(now, zone) - timedelta(days=1)
    return Period(day, day)


def last_7_days(now: datetime, zone: tzinfo) -> Period:
    """Today and the six days before."""
    day = today(now, zone)
    return Period(day.first - timedelta(days=6), day.last, day.last_hour)


def this_month(now: datetime, zone: tzinfo) -> Period:
    """From the first of the month to today."""
    day = today(now, zone)
    return Period(day.first.replace(day=1), day.last, day.last_hour)


def between(first: date, last: date, now: datetime, zone: tzinfo) -> Period:
    """Any days up to today; RefusedError where they are out of order, too many or to come."""
    day = today(now, zone)
    if last < first:
        raise RefusedError("the last day is before the first one")
    if first > day.last:
        raise RefusedError("this day is yet to come")
    if (last - first).days >= LONGEST_DAYS:
        raise RefusedError("at most %(days)s days at once", days=LONGEST_DAYS)
    return Period(first, day.last, day.last_hour) if last >= day.last else Period(first, last)


def before(period: Period) -> Period:
    """The span to compare with: the month before for days from the first of a month on."""
    first_of_month = period.first.day == 1 and period.days > 7
    if first_of_month and period.last.month == period.first.month:
        year, month = divmod(period.first.year * 12 + period.first.month - 2, 12)
        length = calendar.monthrange(year, month + 1)[1]
        whole = period.last.day == calendar.monthrange(period.last.year, period.last.month)[1]
        last = length if whole else min(period.last.day, length)
        return Period(date(year, month + 1, 1), date(year, month + 1, last), period.last_hour)
    shift = timedelta(days=period.days)
    return Period(period.first - shift, period.last - shift, period.last_hour)
