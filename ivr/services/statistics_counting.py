"""Calls that have ended are judged and added to the sums that pages read, off the hot path.

A call is counted once: the transaction that adds it to `call_hours` and `step_days` also
writes its outcome into its record, and only calls without an outcome are taken. So it may
stop, start again, or run in two processes, and loses or doubles nothing. The line writes
nothing of this; a counter in the desk's process runs every few seconds, in short
transactions, because SQLite has one writer and callers come first.

`recount_day` makes the sums of a day again from its calls, for a new definition or zone, and
leaves days alone of which calls were removed when their time of retention was over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from types import MappingProxyType
from typing import Any, cast

from sqlalchemy import Row, Table, bindparam, delete, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from ivr.records import Database
from ivr.records.tables import (
    Call,
    CallBackTask,
    CallHour,
    CallOutcome,
    CallStep,
    Complaint,
    Number,
    StepDay,
)
from ivr.services import call_routes
from ivr.services.call_outcomes import EndedCall, Judged, PathStep, judge

BATCH = 100
"""Calls counted in one transaction: some ten milliseconds of SQLite's one writer."""
IN_TIME_S = 15.0
"""A call answered within this is answered in time (the 80/15 rule of government lines)."""
PERSON_IN_TIME_S = 30.0
OTHER_NUMBERS = ""
"""Under which all numbers are counted that the line does not list."""
_READ = 1000
_TRIES = 5
_ADVISORY_LOCK = 0x6D73_6C63
"""PostgreSQL: who counts, counts alone ("mslc")."""

_HOUR_KEY = ("day", "hour", "called", "flow")
_STEP_KEY = ("day", "called", "entry", "flow", "node", "kind", "outcome")
_HOUR_SUMS: tuple[str, ...] = (
    *("calls", "answered", "answered_in_time", "person", "self_served", "message", "abandoned"),
    *("fault", "unanswered", "person_timed", "person_wait_s", "person_in_time", "talk_s"),
)


class DayChangedError(Exception):
    """Calls of a day were counted faster than the day could be read."""


@dataclass(slots=True)
class Sums:
    """What a set of calls adds to the two tables, by their keys."""

    hours: dict[tuple[date, int, str, str], dict[str, float]] = field(
        default_factory=lambda: defaultdict(lambda: dict.fromkeys(_HOUR_SUMS, 0))
    )
    steps: dict[tuple[date, str, str, str, str, str, str], list[int]] = field(
        default_factory=lambda: defaultdict(lambda: [0, 0])
    )

    def add(
        self, call: Row[Any], path: Sequence[PathStep], judged: Judged, called: str, zone: tzinfo
    ) -> None:
        """Add one call."""
        began = call.started_at.astimezone(zone)
        day, entry = began.date(), call.flow or ""
        hour = self.hours[day, began.hour, called, entry]
        hour["calls"] += 1
        hour[judged.outcome.value] += 1
        if call.answered_at is not None:
            hour["answered"] += 1
            waited = (call.answered_at - call.started_at).total_seconds()
            hour["answered_in_time"] += waited <= IN_TIME_S
            hour["talk_s"] += max(0.0, (call.ended_at - call.answered_at).total_seconds())
        if judged.person_wait_s is not None:
            hour["person_timed"] += 1
            hour["person_wait_s"] += judged.person_wait_s
            hour["person_in_time"] += judged.person_wait_s <= PERSON_IN_TIME_S
        for step in path:
            self.steps[_step_key(day, called, entry, step)][0] += 1
        if path and judged.outcome is CallOutcome.ABANDONED:
            self.steps[_step_key(day, called, entry, path[-1])][1] += 1

    def hour_rows(self) -> list[dict[str, Any]]:
        """The rows of `call_hours`, sorted: who locks rows does so in one order."""
        return [
            {**dict(zip(_HOUR_KEY, key, strict=True)), **sums}
            for key, sums in sorted(self.hours.items())
        ]

    def step_rows(self) -> list[dict[str, Any]]:
        """The rows of `step_days`, sorted."""
        return [
            {**dict(zip(_STEP_KEY, key, strict=True)), "steps": steps, "abandoned": abandoned}
            for key, (steps, abandoned) in sorted(self.steps.items())
        ]


def _step_key(
    day: date, called: str, entry: str, step: PathStep
) -> tuple[date, str, str, str, str, str, str]:
    return day, called, entry, step.flow, step.node, step.kind, step.outcome


def waiting(session: Session, *, limit: int = 10_000) -> int:
    """How many calls have ended and are not counted yet, `limit` at the most."""
    return session.scalar(select(func.count()).select_from(_uncounted(limit).subquery())) or 0


def count_ended(session: Session, *, zone: tzinfo, limit: int = BATCH) -> int:
    """Count the calls that ended first; how many it were. Needs a transaction that may write."""
    _alone(session)
    calls = session.execute(_uncounted(limit)).all()
    if not calls:
        return 0
    sums = Sums()
    judged, places = {}, {}
    listed = _listed(session)
    for call, path, found in _judged(session, calls):
        judged[call.id] = found
        places[call.id] = [(step.flow, step.node, step.outcome) for step in path]
        sums.add(call, path, found, _called(call, listed), zone)
    call_routes.alone(session)
    _write_outcomes(session, judged, call_routes.give(session, places))
    _add(session, CallHour, sums.hour_rows())
    _add(session, StepDay, sums.step_rows())
    return len(calls)


def days_kept(session: Session, zone: tzinfo) -> list[date]:
    """Every day from the first call that is kept to the last one."""
    first, last = session.execute(
        select(func.min(Call.started_at), func.max(Call.started_at))
    ).one()
    if first is None or last is None:
        return []
    begin, end = first.astimezone(zone).date(), last.astimezone(zone).date()
    return [begin + timedelta(days=n) for n in range((end - begin).days + 1)]


def recount_day(database: Database, day: date, *, zone: tzinfo, force: bool = False) -> int | None:
    """Make the sums of a day again from its calls; how many there are.

    None, and nothing is changed, where more calls were counted than are kept: some were removed
    since. `force` counts what is left. DayChangedError where calls of that day end too fast.
    """
    for _ in range(_TRIES):
        sums, outcomes, read = _read_day(database, day, zone)
        with database.begin() as session:
            _alone(session)
            if _counted_calls(session, day, zone) != read:
                continue  # one more was counted meanwhile, and would be lost
            known = session.scalar(
                select(func.coalesce(func.sum(CallHour.calls), 0)).where(CallHour.day == day)
            )
            if (known or 0) > read and not force:
                return None
            _write_outcomes(session, outcomes)
            for table in (CallHour, StepDay):
                session.execute(delete(table).where(table.day == day))
            _add(session, CallHour, sums.hour_rows())
            _add(session, StepDay, sums.step_rows())
            return read
    raise DayChangedError(f"calls of {day} end faster than they can be counted; try again later")


def _read_day(database: Database, day: date, zone: tzinfo) -> tuple[Sums, dict[str, Judged], int]:
    """The sums of a day's counted calls, and the outcomes that differ from those written."""
    sums, changed, read = Sums(), {}, 0
    with database.read() as session:
        listed = _listed(session)
        for calls in _batches(session, day, zone):
            for call, path, found in _judged(session, calls):
                sums.add(call, path, found, _called(call, listed), zone)
                if (call.outcome, call.last_place, call.person_wait_s) != (
                    found.outcome,
                    found.last_place,
                    found.person_wait_s,
                ):
                    changed[call.id] = found
                read += 1
    return sums, changed, read


def _batches(session: Session, day: date, zone: tzinfo) -> Iterator[Sequence[Row[Any]]]:
    begin, end = day_bounds(day, zone)
    query = (
        _facts()
        .where(Call.started_at >= begin, Call.started_at < end, Call.outcome.is_not(None))
        .order_by(Call.started_at, Call.id)
        .limit(_READ)
    )
    after: tuple[datetime, str] | None = None
    while True:
        page = query if after is None else query.where(tuple_(Call.started_at, Call.id) > after)
        calls = session.execute(page).all()
        if calls:
            yield calls
        if len(calls) < _READ:
            return
        after = (calls[-1].started_at, calls[-1].id)


def day_bounds(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """Midnight and the next midnight of the line's calendar."""
    return (
        datetime.combine(day, time(), zone),
        datetime.combine(day + timedelta(days=1), time(), zone),
    )


def _counted_calls(session: Session, day: date, zone: tzinfo) -> int:
    begin, end = day_bounds(day, zone)
    return (
        session.scalar(
            select(func.count())
            .select_from(Call)
            .where(Call.started_at >= begin, Call.started_at < end, Call.outcome.is_not(None))
        )
        or 0
    )


def _facts() -> Any:
    return select(
        Call.id,
        Call.called,
        Call.flow,
        Call.started_at,
        Call.answered_at,
        Call.ended_at,
        Call.ended_by,
        Call.self_served,
        Call.person_at,
        Call.outcome,
        Call.last_place,
        Call.person_wait_s,
    )


def _uncounted(limit: int) -> Any:
    return (
        _facts()
        .where(Call.outcome.is_(None), Call.ended_at.is_not(None))
        .order_by(Call.ended_at)
        .limit(limit)
    )


def _judged(
    session: Session, calls: Sequence[Row[Any]]
) -> Iterator[tuple[Row[Any], Sequence[PathStep], Judged]]:
    ids = [call.id for call in calls]
    paths: dict[str, list[PathStep]] = defaultdict(list)
    for step in session.execute(
        select(
            CallStep.call_id,
            CallStep.at,
            CallStep.flow,
            CallStep.node,
            CallStep.kind,
            CallStep.outcome,
        )
        .where(CallStep.call_id.in_(ids))
        .order_by(CallStep.call_id, CallStep.seq)
    ):
        paths[step.call_id].append(PathStep(*step[1:]))
    filed = set(session.scalars(select(Complaint.call_id).where(Complaint.call_id.in_(ids))))
    tasks = set(session.scalars(select(CallBackTask.call_id).where(CallBackTask.call_id.in_(ids))))
    for call in calls:
        path = paths[call.id]
        ended = EndedCall(
            call.answered_at,
            call.ended_by,
            call.self_served,
            call.person_at,
            call.id in filed,
            call.id in tasks,
        )
        yield call, path, judge(ended, path)


def _listed(session: Session) -> frozenset[str]:
    return frozenset(session.scalars(select(Number.called)))


def _called(call: Row[Any], listed: frozenset[str]) -> str:
    return call.called if call.called in listed else OTHER_NUMBERS


def _write_outcomes(
    session: Session, judged: Mapping[str, Judged], routes: Mapping[str, int] = MappingProxyType({})
) -> None:
    if not judged:
        return
    session.connection().execute(
        _OUTCOME,
        [
            {
                "key": call_id,
                "new_outcome": found.outcome,
                "new_last_place": found.last_place,
                "new_wait": found.person_wait_s,
                "new_route": routes.get(call_id),
            }
            for call_id, found in judged.items()
        ],
    )


def _add(session: Session, model: type[CallHour | StepDay], rows: list[dict[str, Any]]) -> None:
    """Add to the sums that are there, or begin them."""
    if not rows:
        return
    table = cast(Table, model.__table__)
    postgresql = session.get_bind().dialect.name == "postgresql"
    insert: Any = (postgresql_insert if postgresql else sqlite_insert)(table)
    keys = [column.name for column in table.primary_key]
    added = {
        column.name: column + insert.excluded[column.name]
        for column in table.columns
        if column.name not in keys
    }
    session.connection().execute(
        insert.on_conflict_do_update(index_elements=keys, set_=added), rows
    )


def _alone(session: Session) -> None:
    """Until the end of the transaction nobody else counts; SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})


_calls = cast(Table, Call.__table__)
_OUTCOME = (
    update(_calls)
    .where(_calls.c.id == bindparam("key"))
    .values(
        outcome=bindparam("new_outcome", type_=_calls.c.outcome.type),
        last_place=bindparam("new_last_place", type_=_calls.c.last_place.type),
        person_wait_s=bindparam("new_wait", type_=_calls.c.person_wait_s.type),
        # Of a call that is judged anew the path is the same, and so is its route.
        route_id=func.coalesce(
            bindparam("new_route", type_=_calls.c.route_id.type), _calls.c.route_id
        ),
    )
)
