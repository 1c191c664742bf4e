"""The figures of a period, read from the sums that `statistics_counting` keeps.

Every figure counts records that a list of the desk shows with the same filter: calls that
have ended, by the day and hour in which they began. What came of a call is told in
`call_outcomes`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, func, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import GenericFunction

from ivr.records.tables import CallHour, StepDay
from ivr.services.statistics_period import Period

NODES = 15
"""Nodes shown in the list of where callers are lost."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Calls to one number (empty: all the line does not list), that began in one flow; or all."""

    called: str | None = None
    flow: str | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums over calls; see `CallHour`."""

    calls: int = 0
    answered: int = 0
    answered_in_time: int = 0
    person: int = 0
    self_served: int = 0
    message: int = 0
    abandoned: int = 0
    fault: int = 0
    unanswered: int = 0
    person_timed: int = 0
    person_in_time: int = 0
    person_wait_s: float = 0.0
    talk_s: float = 0.0

    def share(self, name: str) -> float | None:
        """A sum as a share of all calls; None where there was none."""
        return getattr(self, name) / self.calls if self.calls else None

    @property
    def wait_s(self) -> float | None:
        """Mean seconds from asking for a person to a person's answer."""
        return self.person_wait_s / self.person_timed if self.person_timed else None

    @property
    def length_s(self) -> float | None:
        """Mean seconds from answer to end."""
        return self.talk_s / self.answered if self.answered else None


@dataclass(frozen=True, slots=True)
class Bar:
    """The calls of one day, or of one hour where the period is a single day."""

    day: date
    hour: int | None
    calls: int
    person: int
    self_served: int
    lost: int


@dataclass(frozen=True, slots=True)
class NodeLoss:
    """A node: how often callers left it, and how many calls ended there with nothing finished."""

    flow: str
    node: str
    steps: int
    lost: int


@dataclass(frozen=True, slots=True)
class LookupCount:
    """How often a lookup node got an outcome."""

    flow: str
    node: str
    outcome: str
    count: int


class weekday(GenericFunction[int]):  # noqa: N801 - a function's name in SQL
    """The day of the week, Monday is 0, on either database."""

    type = Integer()
    inherit_cache = True


@compiles(weekday, "sqlite")
def _sqlite_weekday(element: Any, compiler: Any, **kw: Any) -> str:
    (day,) = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"((strftime('%w', {day}) + 6) % 7)"


@compiles(weekday)
def _postgresql_weekday(element: Any, compiler: Any, **kw: Any) -> str:
    (day,) = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(extract(isodow from {day})::int - 1)"


def figures(session: Session, period: Period, scope: Scope) -> Figures:
    """The sums of a period."""
    names = [field.name for field in fields(Figures)]
    row = session.execute(
        select(*(func.sum(getattr(CallHour, name)) for name in names)).where(*_hours(period, scope))
    ).one()
    return Figures(**{name: value or 0 for name, value in zip(names, row, strict=True)})


def bars(session: Session, period: Period, scope: Scope) -> list[Bar]:
    """The calls of each day, or of each hour of a single day; empty ones too."""
    by_hour = period.days == 1
    keys: Sequence[Any] = (CallHour.day, CallHour.hour) if by_hour else (CallHour.day,)
    lost = CallHour.abandoned + CallHour.fault
    found = {
        tuple(row[: len(keys)]): row[len(keys) :]
        for row in session.execute(
            select(
                *keys,
                func.sum(CallHour.calls),
                func.sum(CallHour.person),
                func.sum(CallHour.self_served),
                func.sum(lost),
            )
            .where(*_hours(period, scope))
            .group_by(*keys)
        )
    }
    nothing = (0, 0, 0, 0)
    if by_hour:
        day = period.first
        return [Bar(day, h, *found.get((day, h), nothing)) for h in range(period.last_hour + 1)]
    days = [date.fromordinal(period.first.toordinal() + n) for n in range(period.days)]
    return [Bar(day, None, *found.get((day,), nothing)) for day in days]


def week(session: Session, period: Period, scope: Scope) -> Counter[tuple[int, int]]:
    """Calls by weekday (Monday is 0) and hour."""
    of_week = weekday(CallHour.day)
    return Counter(
        {
            (int(day), hour): calls
            for day, hour, calls in session.execute(
                select(of_week, CallHour.hour, func.sum(CallHour.calls))
                .where(*_hours(period, scope))
                .group_by(of_week, CallHour.hour)
            )
        }
    )


def losses(session: Session, period: Period, scope: Scope, limit: int = NODES) -> list[NodeLoss]:
    """The nodes at which most callers are lost; whole days."""
    lost = func.sum(StepDay.abandoned)
    rows = session.execute(
        select(StepDay.flow, StepDay.node, func.sum(StepDay.steps), lost)
        .where(*_days(period, scope))
        .group_by(StepDay.flow, StepDay.node)
        .having(lost > 0)
        .order_by(lost.desc(), StepDay.flow, StepDay.node)
        .limit(limit)
    )
    return [NodeLoss(*row) for row in rows]


def lookups(session: Session, period: Period, scope: Scope) -> list[LookupCount]:
    """What came of lookups, by node; whole days."""
    count = func.sum(StepDay.steps)
    rows = session.execute(
        select(StepDay.flow, StepDay.node, StepDay.outcome, count)
        .where(*_days(period, scope), StepDay.kind == "lookup", StepDay.outcome != "hang_up")
        .group_by(StepDay.flow, StepDay.node, StepDay.outcome)
        .order_by(StepDay.flow, StepDay.node, count.desc())
    )
    return [LookupCount(*row) for row in rows]


def flows_seen(session: Session, period: Period) -> list[str]:
    """The flows in which calls of a period began."""
    return list(
        session.scalars(
            select(CallHour.flow).where(*_hours(period, Scope())).distinct().order_by(CallHour.flow)
        )
    )


def _hours(period: Period, scope: Scope) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [CallHour.day.between(period.first, period.last)]
    if period.last_hour < 23:
        within = and_(CallHour.day == period.last, CallHour.hour <= period.last_hour)
        found.append(or_(CallHour.day < period.last, within))
    if scope.called is not None:
        found.append(CallHour.called == scope.called)
    if scope.flow is not None:
        found.append(CallHour.flow == scope.flow)
    return found


def _days(period: Period, scope: Scope) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [StepDay.day.between(period.first, period.last)]
    if scope.called is not None:
        found.append(StepDay.called == scope.called)
    if scope.flow is not None:
        found.append(StepDay.entry == scope.flow)
    return found
