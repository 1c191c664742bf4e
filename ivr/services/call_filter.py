"""Which calls a list shows: one condition a field, each of them optional."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import Float

from ivr.records.tables import (
    Call,
    CallNote,
    CallOutcome,
    CallStep,
    Complaint,
    EndedBy,
    Number,
    Recording,
    StepDay,
)
from ivr.services import call_routes
from ivr.services.looking import Way, few
from ivr.services.number_search import NumberColumn, asked
from ivr.services.statistics_counting import IN_TIME_S, OTHER_NUMBERS
from ivr.services.text import storable

MOST_MERGED = 16
"""So many routes are read each in the order of time and merged."""
MOST_LISTED = 2_000
"""So many are named in a statement that leads by them."""
MOST_WITHOUT = 2_000
"""With more calls that have no route yet, looking at a call may mean to look at its steps."""
_ROUNDING_S = 0.001
_CALLER = NumberColumn(Call.caller, "ix_calls_caller_started_at", "ix_calls_caller_end")
_CALLED = NumberColumn(Call.called, "ix_calls_called_started_at")
_BY_ID = "sqlite_autoindex_calls_1"


@dataclass(frozen=True, slots=True)
class CallFilter:
    """What the list shows; an empty filter shows every call.

    `caller` is a whole number, its beginning, or its last four digits or more; `called` a whole
    number or its beginning; `number` the whole (empty: none that the line lists). `masked`: whoever
    asks sees numbers masked (`number_search` says what may be looked for then). `since` is
    included, `until` is not, and so in each of `ranges`, of which one must fit and which do not
    overlap. `node` is a node gone through and `place` the one the call ended at, each as `node` or
    `flow.node`; `step_outcome` is what came of `node`. `flow` is where the call began.
    """

    caller: str = ""
    called: str = ""
    number: str | None = None
    flow: str | None = None
    language: str | None = None
    ended_by: EndedBy | None = None
    outcome: CallOutcome | None = None
    since: datetime | None = None
    until: datetime | None = None
    ranges: tuple[tuple[datetime, datetime], ...] = ()
    answered: bool | None = None
    in_time: bool | None = None
    self_served: bool | None = None
    ended: bool | None = None
    with_recording: bool = False
    with_complaint: bool = False
    with_note: bool = False
    node: str = ""
    step_outcome: str = ""
    place: str = ""
    masked: bool = False


class seconds_between(GenericFunction[float]):  # noqa: N801 - a function's name in SQL
    """Seconds from one time to a later one, on either database."""

    type = Float()
    inherit_cache = True


@compiles(seconds_between, "sqlite")
def _sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    first, second = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"((julianday({second}) - julianday({first})) * 86400.0)"


@compiles(seconds_between)
def _postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    first, second = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"extract(epoch from ({second} - {first}))"


def ways(session: Session, wanted: CallFilter) -> list[Way]:
    """How the calls that fit are found; when they began is not in it (`spans`)."""
    conditions = _conditions(session, wanted)
    node = _Node.of(session, wanted)
    caller, called = asked(wanted.caller), asked(wanted.called)
    found: list[Way] | None = None
    if caller:
        found = _CALLER.ways(session, caller, masked=wanted.masked)
        if called:
            conditions.append(("", _CALLED.fits(called, masked=wanted.masked)))
    elif called:
        found = _CALLED.ways(session, called, masked=False)
    if found is None:
        leading = next((n for n, (index, _) in enumerate(conditions) if index), None)
        if node is not None and node.leads(session, alone=not conditions):
            found, node = node.ways(), None
        elif leading is None:
            found = [Way()]
        else:
            index, condition = conditions.pop(leading)
            found = [Way((condition,), index=index)]
    rest = tuple(condition for _, condition in conditions)
    elsewhere = wanted.with_recording or wanted.with_complaint or wanted.with_note
    cost = 2 if elsewhere else 1
    if node is not None:
        rest, cost = (*rest, node.fits()), node.cost(session)
    return [replace(way, rest=way.rest + rest, cost=max(cost, way.cost)) for way in found]


def spans(wanted: CallFilter) -> list[tuple[datetime | None, datetime | None]]:
    """When the calls that fit began: from, until before."""
    return list(wanted.ranges) or [(wanted.since, wanted.until)]


def _conditions(session: Session, wanted: CallFilter) -> list[tuple[str, ColumnElement[bool]]]:
    """Each with the index that answers it in the order of time, the most telling first."""
    found: list[tuple[str, ColumnElement[bool]]] = []
    if wanted.ended is False:
        found.append(("ix_calls_running", Call.ended_at.is_(None)))
    elif wanted.ended and wanted.outcome is None:
        found.append(("", Call.ended_at.is_not(None)))
    for table, wants in (
        (CallNote, wanted.with_note),
        (Recording, wanted.with_recording),
        (Complaint, wanted.with_complaint),
    ):
        if wants:
            found.append(_left_behind(session, table))
    if wanted.place.strip():
        found.append(_place(session, wanted.place))
    index: str
    column: InstrumentedAttribute[Any]
    for index, column, value in (
        ("ix_calls_ended_by_started_at", Call.ended_by, wanted.ended_by),
        ("ix_calls_outcome_started_at", Call.outcome, wanted.outcome),
        ("", Call.flow, wanted.flow),
        ("", Call.language, wanted.language),
    ):
        if value is not None:
            found.append((index, column == value))
    if wanted.number is not None:
        listed = select(Number.called)
        if wanted.number == OTHER_NUMBERS:
            found.append(("", Call.called.not_in(listed)))
        else:
            found.append((_CALLED.index, Call.called == wanted.number))
    if wanted.answered is not None:
        missing = Call.answered_at.is_(None)
        found.append(("", ~missing if wanted.answered else missing))
    if wanted.in_time is not None:
        waited = seconds_between(Call.started_at, Call.answered_at)
        soon = waited <= IN_TIME_S + _ROUNDING_S
        late = or_(Call.answered_at.is_(None), ~soon)
        found.append(("", soon if wanted.in_time else late))
    if wanted.self_served is not None:
        found.append(("", Call.self_served.is_(wanted.self_served)))
    return found


def _left_behind(
    session: Session, table: type[CallNote | Recording | Complaint]
) -> tuple[str, ColumnElement[bool]]:
    """With few in all, they lead to their calls; with many, each call is asked."""
    if few(session, table.call_id.is_not(None)):
        return _BY_ID, Call.id.in_(select(table.call_id).where(table.call_id.is_not(None)))
    return "", exists().where(table.call_id == Call.id)


def _place(session: Session, asked_for: str) -> tuple[str, ColumnElement[bool]]:
    """The node a call ended at; without a flow, of all flows that were ever counted."""
    place = storable(asked_for.strip(), 130)
    places = [place]
    if "." not in place:
        flows = session.scalars(select(StepDay.flow).where(StepDay.node == place).distinct())
        places = [f"{flow}.{place}" for flow in flows]
    if len(places) == 1:
        return "ix_calls_last_place_started_at", Call.last_place == places[0]
    return "", Call.last_place.in_(places)


@dataclass(frozen=True, slots=True)
class _Node:
    """A node gone through: by the routes that hold it, and by the steps of calls without one."""

    routes: tuple[int, ...]
    """`MOST_LISTED` of them, and one more where there are more."""
    all_routes: Select[int]
    step: tuple[ColumnElement[bool], ...]

    @classmethod
    def of(cls, session: Session, wanted: CallFilter) -> _Node | None:
        flow, _, node = storable(wanted.node.strip(), 130).rpartition(".")
        outcome = storable(wanted.step_outcome, 64)
        if not node:
            return None
        step: list[ColumnElement[bool]] = [CallStep.node == node]
        if flow:
            step.append(CallStep.flow == flow)
        if outcome:
            step.append(CallStep.outcome == outcome)
        routes = call_routes.through(node, flow, outcome)
        listed = session.scalars(routes.limit(MOST_LISTED + 1)).all()
        return cls(tuple(listed), routes, tuple(step))

    def _by_step(self) -> ColumnElement[bool]:
        # With OFFSET PostgreSQL asks call by call; else it would read the steps of all calls.
        steps = select(literal(1)).where(CallStep.call_id == Call.id, *self.step)
        return steps.offset(0).correlate(Call).exists()

    def leads(self, session: Session, *, alone: bool) -> bool:
        """Whether its calls are found by it: they are few, or nothing else is asked for."""
        if len(self.routes) > MOST_LISTED:
            return False
        merged = alone and len(self.routes) <= MOST_MERGED
        return merged or few(session, Call.route_id.in_(self.routes))

    def ways(self) -> list[Way]:
        """A way a route, where they are few enough to be merged; and calls without one."""
        index = call_routes.INDEX
        found = [
            Way((Call.route_id == route,), (self._by_step(),), index, 4, True)
            for route in (None, call_routes.UNSORTED)
        ]
        if len(self.routes) <= MOST_MERGED:
            return found + [
                Way((Call.route_id == route,), (), index, apart=True) for route in self.routes
            ]
        return [*found, Way((Call.route_id.in_(self.routes),), (), index, apart=True)]

    def fits(self) -> ColumnElement[bool]:
        """As a condition to be looked at call by call."""
        unknown = Call.route_id.is_(None) | (Call.route_id == call_routes.UNSORTED)
        listed = len(self.routes) <= MOST_LISTED
        known = Call.route_id.in_(self.routes if listed else self.all_routes)
        return or_(known, and_(unknown, self._by_step()))

    def cost(self, session: Session) -> int:
        """Steps are looked at only of calls without a route, which are few once all have one."""
        without = select(literal(1).label("one")).where(Call.route_id.is_(None))
        counted = select(func.count()).select_from(without.limit(MOST_WITHOUT + 1).subquery())
        return 4 if (session.scalar(counted) or 0) > MOST_WITHOUT else 1
