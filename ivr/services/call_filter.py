"""Which calls a list shows: one condition a field, each of them optional."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
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
)
from ivr.services.statistics_counting import IN_TIME_S, OTHER_NUMBERS
from ivr.services.text import storable

_ROUNDING_S = 0.001


@dataclass(frozen=True, slots=True)
class CallFilter:
    """What the list shows; an empty filter shows every call.

    `caller` and `called` match any part of the number, `number` the whole of it (empty: none
    that the line lists). `since` is included, `until` is not, and so in each of `ranges`, of
    which one must fit and which do not overlap. `node` is a node gone through and `place` the
    one the call ended at, each as `node` or `flow.node`; `step_outcome` is what came of `node`.
    `flow` is where the call began.
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

    @property
    def costly(self) -> bool:
        """Whether calls must be looked into one by one: then they are not counted."""
        return bool(self.node.strip())


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


def filtered(wanted: CallFilter) -> Select[Call]:
    """The query of the calls that fit."""
    return select(Call).where(*_conditions(wanted))


def _conditions(wanted: CallFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    column: InstrumentedAttribute[Any]
    for column, text in ((Call.caller, wanted.caller), (Call.called, wanted.called)):
        if text.strip():
            found.append(column.contains(storable(text.strip(), 128), autoescape=True))
    if wanted.number is not None:
        listed = select(Number.called)
        other = wanted.number == OTHER_NUMBERS
        found.append(Call.called.not_in(listed) if other else Call.called == wanted.number)
    for column, value in (
        (Call.flow, wanted.flow),
        (Call.language, wanted.language),
        (Call.ended_by, wanted.ended_by),
        (Call.outcome, wanted.outcome),
    ):
        if value is not None:
            found.append(column == value)
    if wanted.since is not None:
        found.append(Call.started_at >= wanted.since)
    if wanted.until is not None:
        found.append(Call.started_at < wanted.until)
    if wanted.ranges:
        within = [(Call.started_at >= a) & (Call.started_at < b) for a, b in wanted.ranges]
        found.append(or_(*within))
    for column, present in (
        (Call.answered_at, wanted.answered),
        (Call.ended_at, wanted.ended),
    ):
        if present is not None:
            found.append(column.is_not(None) if present else column.is_(None))
    if wanted.in_time is not None:
        waited = seconds_between(Call.started_at, Call.answered_at)
        soon = waited <= IN_TIME_S + _ROUNDING_S
        late = or_(Call.answered_at.is_(None), ~soon)
        found.append(soon if wanted.in_time else late)
    if wanted.self_served is not None:
        found.append(Call.self_served.is_(wanted.self_served))
    for table, asked in (
        (Recording, wanted.with_recording),
        (Complaint, wanted.with_complaint),
        (CallNote, wanted.with_note),
    ):
        if asked:
            found.append(exists().where(table.call_id == Call.id))
    if wanted.node.strip():
        found.append(exists().where(CallStep.call_id == Call.id, *_step(wanted)))
    if wanted.place.strip():
        place = storable(wanted.place.strip(), 130)
        whole = Call.last_place == place
        found.append(
            whole if "." in place else Call.last_place.endswith(f".{place}", autoescape=True)
        )
    return found


def _step(wanted: CallFilter) -> list[ColumnElement[bool]]:
    flow, _, node = storable(wanted.node.strip(), 130).rpartition(".")
    found: list[ColumnElement[bool]] = [CallStep.node == node]
    if flow:
        found.append(CallStep.flow == flow)
    if wanted.step_outcome:
        found.append(CallStep.outcome == storable(wanted.step_outcome, 64))
    return found
