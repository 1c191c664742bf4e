"""A day of the line for whoever comes in at nine: first what went wrong, then the figures.

What counts as wrong is data below, so that a town can be asked about it; everything is read
from sums and indexed records.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from sqlalchemy import ColumnElement, distinct, func, select
from sqlalchemy.orm import Session

from ivr.records.base import Base
from ivr.records.tables import (
    Call,
    CallBackState,
    CallBackTask,
    Complaint,
    ComplaintEvent,
    Recording,
    RecordingState,
    StepDay,
)
from ivr.services import availability, complaint_figures, statistics, statistics_counting, trunks
from ivr.services.availability import Availability
from ivr.services.complaint_search import replies
from ivr.services.statistics import Figures, NodeLoss, Scope
from ivr.services.statistics_period import Period

IN_TIME_SHARE = 0.95
"""Fewer calls than this answered within 15 s is worth a line."""
AWAY_S = 60.0
FEW_CALLS = 20
"""Shares of fewer calls say nothing."""
UNUSUAL = 1.5
"""Abandoned: so many times the share of the seven days before."""
BROKEN = ("error", "timeout")
"""Outcomes of a lookup that are the line's fault."""
_TRUNK_TROUBLE = ("refused", "unreachable")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that went wrong: its kind (a word the desk puts into a sentence) and facts."""

    kind: str
    tone: str
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Summary:
    """One day. `uncounted`: calls that have ended and are not in the figures yet."""

    day: date
    troubles: Sequence[Trouble]
    figures: Figures
    before: Figures
    available: Availability
    losses: Sequence[NodeLoss]
    filed: int
    filed_before: int
    replied: int
    waiting_complaints: int
    overdue: int
    open_call_backs: int
    busiest_hour: int | None
    uncounted: int


def of_day(session: Session, day: date, now: datetime, zone: tzinfo) -> Summary:
    """The summary of a day that is over."""
    period, before = Period(day, day), Period(day - timedelta(days=1), day - timedelta(days=1))
    week = Period(day - timedelta(days=7), day - timedelta(days=1))
    since, until = period.since(zone), period.until(zone)
    everything = Scope()
    figures = statistics.figures(session, period, everything)
    available = availability.between(session, since, until, now)
    overdue = complaint_figures.overdue(session, now.astimezone(zone).date())
    hours = statistics.bars(session, period, everything)
    busiest = max(hours, key=lambda bar: bar.calls, default=None)
    troubles = [
        *_line(available, figures),
        *_calls(figures, statistics.figures(session, week, everything)),
        *_lookups(session, day),
        *_recordings(session, since, until),
        *_trunks(session),
        *_promises(session, overdue, now),
    ]
    troubles.sort(key=lambda trouble: ("bad", "busy").index(trouble.tone))
    return Summary(
        day=day,
        troubles=troubles,
        figures=figures,
        before=statistics.figures(session, before, everything),
        available=available,
        losses=statistics.losses(session, period, everything, 5),
        filed=complaint_figures.filed(session, since, until).total,
        filed_before=complaint_figures.filed(session, before.since(zone), since).total,
        replied=_replied(session, since, until),
        waiting_complaints=_count(session, Complaint, Complaint.state.in_(complaint_figures.OPEN)),
        overdue=overdue,
        open_call_backs=_count(session, CallBackTask, CallBackTask.state == CallBackState.OPEN),
        busiest_hour=busiest.hour if busiest is not None and busiest.calls else None,
        uncounted=statistics_counting.waiting(session),
    )


def _line(available: Availability, figures: Figures) -> Iterator[Trouble]:
    if available.lost_s > AWAY_S:
        longest = max(available.gaps, key=lambda gap: gap.seconds)
        yield Trouble(
            "away",
            "bad",
            {
                "seconds": available.lost_s,
                "gaps": len(available.gaps),
                "longest_since": longest.since,
                "longest_s": longest.seconds,
            },
        )
    elif available.lost_s:
        yield Trouble("away_shortly", "busy", {"seconds": available.lost_s})
    if not figures.calls:
        yield Trouble("no_calls", "busy", {})


def _calls(figures: Figures, week: Figures) -> Iterator[Trouble]:
    if figures.fault:
        yield Trouble("faults", "bad", {"calls": figures.fault})
    in_time = figures.share("answered_in_time")
    if figures.calls >= FEW_CALLS and in_time is not None and in_time < IN_TIME_SHARE:
        yield Trouble("late", "bad", {"share": in_time})
    lost, usual = figures.share("abandoned"), week.share("abandoned")
    if figures.calls >= FEW_CALLS and lost and usual and lost > UNUSUAL * usual:
        yield Trouble("abandoned", "busy", {"share": lost, "usual": usual})
    if figures.unanswered:
        yield Trouble("unanswered", "busy", {"calls": figures.unanswered})


def _lookups(session: Session, day: date) -> Iterator[Trouble]:
    for flow, node, times in session.execute(
        select(StepDay.flow, StepDay.node, func.sum(StepDay.steps))
        .where(StepDay.day == day, StepDay.kind == "lookup", StepDay.outcome.in_(BROKEN))
        .group_by(StepDay.flow, StepDay.node)
        .order_by(func.sum(StepDay.steps).desc())
    ):
        yield Trouble("lookup", "bad", {"flow": flow, "node": node, "times": times})


def _recordings(session: Session, since: datetime, until: datetime) -> Iterator[Trouble]:
    """By the calls of the day: recordings themselves have no index by time."""
    lost = (
        session.scalar(
            select(func.count())
            .select_from(Recording)
            .join(Call, Call.id == Recording.call_id)
            .where(
                Recording.state.in_((RecordingState.FAILED, RecordingState.UNFINISHED)),
                Call.started_at >= since,
                Call.started_at < until,
            )
        )
        or 0
    )
    if lost:
        yield Trouble("recordings", "bad", {"recordings": lost})


def _trunks(session: Session) -> Iterator[Trouble]:
    for row in trunks.all_trunks(session, enabled_only=True):
        if row.register_state in _TRUNK_TROUBLE:
            yield Trouble("trunk", "bad", {"name": row.name})


def _promises(session: Session, overdue: int, now: datetime) -> Iterator[Trouble]:
    if overdue:
        yield Trouble("overdue", "busy", {"complaints": overdue})
    late = _count(
        session,
        CallBackTask,
        CallBackTask.state == CallBackState.OPEN,
        CallBackTask.created_at < now - timedelta(days=1),
    )
    if late:
        yield Trouble("call_backs", "busy", {"tasks": late})


def _replied(session: Session, since: datetime, until: datetime) -> int:
    return (
        session.scalar(
            select(func.count(distinct(ComplaintEvent.ticket))).where(*replies(since, until))
        )
        or 0
    )


def _count(session: Session, table: type[Base], *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0
