"""The line's calendar: the day a ticket bears and a bill is overdue by."""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from zoneinfo import ZoneInfo

DEFAULT_ZONE: tzinfo = ZoneInfo("Asia/Shanghai")


def local_day(now: datetime, zone: tzinfo) -> date:
    """The calendar day of `now` in the line's zone; ValueError for a naive time."""
    if now.tzinfo is None:
        raise ValueError("a time without a zone has no day on the line's calendar")
    return now.astimezone(zone).date()
