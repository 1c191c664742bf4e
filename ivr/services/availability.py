"""When the line could not answer, as far as its records tell.

The responder writes a sign of life every two seconds. Whoever writes one after more than
`GAP` writes the gap down too (`heartbeats.beat`), so what is known outlives the last sign.
Computed from this alone: a gap is also a time in which calls were answered but the database
could not be reached, and what a trunk or the network lost is not seen. A stop by an operator
counts as not available, and is told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr.records.tables import Heartbeat, LineGap

RESPONDER = "responder"
GAP = timedelta(seconds=10)
"""Five signs of life missed in a row."""
FIRST, STOPPED, SILENT = "first", "stopped", "silent"


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without the line; `until` is None while it lasts."""

    since: datetime
    until: datetime | None
    kind: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Availability:
    """`share` of the watched part of a period, 0 to 1; None where nothing of it was watched."""

    share: float | None
    watched_s: float
    lost_s: float
    gaps: Sequence[Gap]
    watched_since: datetime | None


def note_gap(session: Session, before: Heartbeat | None, process: str, now: datetime) -> None:
    """Write down what lies between the last sign of `process` and this one."""
    if before is None:
        session.add(LineGap(process=process, since=now, until=now, kind=FIRST))
    elif now - before.at > GAP:
        kind = STOPPED if before.detail.get("draining") else SILENT
        session.add(LineGap(process=process, since=before.at, until=now, kind=kind))


def between(session: Session, since: datetime, until: datetime, now: datetime) -> Availability:
    """The line's availability from `since` to `until`, no later than `now`."""
    watched_since = session.scalar(
        select(func.min(LineGap.since)).where(LineGap.process == RESPONDER)
    )
    end = min(until, now)
    if watched_since is None or watched_since >= end:
        return Availability(None, 0.0, 0.0, (), watched_since)
    begin = max(since, watched_since)
    rows = session.scalars(
        select(LineGap)
        .where(
            LineGap.process == RESPONDER,
            LineGap.kind != FIRST,
            LineGap.until > begin,
            LineGap.since < end,
        )
        .order_by(LineGap.since)
    ).all()
    gaps = [_cut(row.since, row.until, row.kind, begin, end) for row in rows]
    last = session.get(Heartbeat, RESPONDER)
    if last is not None and now - last.at > GAP and last.at < end:
        kind = STOPPED if last.detail.get("draining") else SILENT
        gaps.append(_cut(last.at, None, kind, begin, end))
    watched = (end - begin).total_seconds()
    lost = min(watched, sum(gap.seconds for gap in gaps))
    return Availability(1 - lost / watched, watched, lost, gaps, watched_since)


def _cut(since: datetime, until: datetime | None, kind: str, begin: datetime, end: datetime) -> Gap:
    inside = min(until or end, end) - max(since, begin)
    return Gap(since, until, kind, max(0.0, inside.total_seconds()))
