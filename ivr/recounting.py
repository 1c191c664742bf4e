"""`python -m ivr recount`: the sums of all days, made again from the calls that are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from ivr.records import Database
from ivr.services import complaint_days, statistics_counting
from ivr.settings import Settings


@dataclass(frozen=True, slots=True)
class Recounted:
    """Calls and days counted; `left` days were not touched."""

    calls: int
    days: int
    left: int


def recount(settings: Settings, *, since: date | None, force: bool) -> Recounted:
    """Count what waits, then every day from `since` (or the first call kept) on.

    The line may be running. DayChangedError where calls end faster than they are read.
    """
    zone = settings.timezone
    database = Database(settings.database_url)
    try:
        more = True
        while more:
            with database.begin() as session:
                more = bool(statistics_counting.count_ended(session, zone=zone))
        with database.read() as session:
            days = statistics_counting.days_kept(session, zone)
        counted = [
            statistics_counting.recount_day(database, day, zone=zone, force=force)
            for day in days
            if since is None or day >= since
        ]
        with database.begin() as session:
            complaint_days.forget(session)
        while complaint_days.tend(database, datetime.now(UTC)):
            pass
    finally:
        database.close()
    done = [calls for calls in counted if calls is not None]
    return Recounted(sum(done), len(done), len(counted) - len(done))
