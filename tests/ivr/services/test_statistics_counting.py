"""Sums are what counting the calls one by one would give, however they were counted."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from ivr.records import Database
from ivr.records.tables import (
    Call,
    CallHour,
    CallOutcome,
    CallStep,
    EndedBy,
    Number,
    StepDay,
)
from ivr.services import numbers, statistics, statistics_counting
from ivr.services.call_outcomes import EndedCall, PathStep, judge
from ivr.services.statistics import Scope
from ivr.services.statistics_period import Period

ZONE = ZoneInfo("Asia/Shanghai")
BEGIN = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)  # 22:00 on the line's calendar

PATHS = {
    # what a caller did: (steps, what came of it)
    "nothing": ([("main", "menu", "menu", "hang_up")], CallOutcome.ABANDONED),
    "no step": ([], CallOutcome.ABANDONED),
    "bill": (
        [
            ("main", "menu", "menu", "match"),
            ("bills", "look_up", "lookup", "found"),
            ("bills", "after", "menu", "hang_up"),
        ],
        CallOutcome.SELF_SERVED,
    ),
    "no such bill": (
        [("bills", "look_up", "lookup", "not_found"), ("bills", "trouble_menu", "menu", "hang_up")],
        CallOutcome.ABANDONED,
    ),
    "guide": (
        [("guides", "menu", "menu", "match"), ("guides", "id_card", "menu", "hang_up")],
        CallOutcome.SELF_SERVED,
    ),
    "guides' menu only": ([("guides", "menu", "menu", "hang_up")], CallOutcome.ABANDONED),
    "complaint": (
        [("complaint", "submit", "file_complaint", "filed")],
        CallOutcome.SELF_SERVED,
    ),
    "message": ([("person", "submit", "call_back", "filed")], CallOutcome.MESSAGE),
    "person": (
        [("main", "menu", "menu", "match"), ("person", "connect", "transfer", "answered")],
        CallOutcome.PERSON,
    ),
    "busy": (
        [("person", "connect", "transfer", "busy"), ("person", "offer", "menu", "hang_up")],
        CallOutcome.ABANDONED,
    ),
}


@st.composite
def calls(draw: st.DrawFn) -> dict[str, object]:
    """A call as the ledger leaves it, and what came of it."""
    did = draw(st.sampled_from(sorted(PATHS)))
    steps, outcome = PATHS[did]
    began = BEGIN + timedelta(seconds=draw(st.integers(0, 3 * 24 * 3600)))
    answered = None
    ended_by = draw(st.sampled_from([EndedBy.CALLER, EndedBy.LINE, EndedBy.CRASH]))
    if draw(st.integers(0, 4)):
        answered = began + timedelta(seconds=draw(st.sampled_from([0, 1, 15, 16])))
        if outcome is CallOutcome.ABANDONED and ended_by is EndedBy.CRASH:
            outcome = CallOutcome.FAULT
    else:
        steps, outcome = [], CallOutcome.UNANSWERED
    return {
        "called": draw(st.sampled_from(["12345", "12319", "99999", "88888"])),
        "flow": draw(st.sampled_from(["main", "night"])),
        "began": began,
        "answered": answered,
        "ended_by": ended_by,
        "steps": steps,
        "outcome": outcome,
    }


def write(database: Database, drawn: list[dict[str, object]], *, ended: bool = True) -> None:
    rows, steps = [], []
    for n, call in enumerate(drawn):
        at = call["answered"] or call["began"]
        rows.append(
            {
                "id": f"{n:032x}",
                "called": call["called"],
                "flow": call["flow"],
                "started_at": call["began"],
                "answered_at": call["answered"],
                "ended_at": at + timedelta(seconds=60) if ended else None,
                "ended_by": call["ended_by"] if ended else None,
                "end_reason": "",
            }
        )
        steps += [
            {
                "call_id": f"{n:032x}",
                "seq": seq,
                "at": at + timedelta(seconds=10 * seq),
                "flow": flow,
                "node": node,
                "kind": kind,
                "digits": "",
                "outcome": outcome,
            }
            for seq, (flow, node, kind, outcome) in enumerate(call["steps"], 1)
        ]
    with database.begin() as session:
        for table in (CallStep, Call, CallHour, StepDay, Number):
            session.execute(delete(table))
        for number in ("12345", "12319"):
            numbers.save(session, number, "main", now=BEGIN)
        if rows:
            session.execute(insert(Call), rows)
        if steps:
            session.execute(insert(CallStep), steps)


def count_all(database: Database, batch: int) -> int:
    total = 0
    while True:
        with database.begin() as session:
            done = statistics_counting.count_ended(session, zone=ZONE, limit=batch)
        total += done
        if done < batch:
            return total


def directly(drawn: list[dict[str, object]]) -> tuple[Counter, Counter]:
    """The same sums, by going through the calls one by one."""
    hours: Counter = Counter()
    steps: Counter = Counter()
    for call in drawn:
        began = call["began"].astimezone(ZONE)
        called = call["called"] if call["called"] in ("12345", "12319") else ""
        key = (began.date(), began.hour, called, call["flow"])
        hours[*key, "calls"] += 1
        hours[*key, call["outcome"].value] += 1
        if call["answered"] is not None:
            hours[*key, "answered"] += 1
            hours[*key, "talk_s"] += 60
            hours[*key, "answered_in_time"] += call["answered"] - call["began"] <= timedelta(
                seconds=15
            )
        if call["outcome"] is CallOutcome.PERSON:
            hours[*key, "person_timed"] += 1
            hours[*key, "person_wait_s"] += 10
            hours[*key, "person_in_time"] += 1
        for n, step in enumerate(call["steps"], 1):
            steps[began.date(), called, call["flow"], *step, "steps"] += 1
            lost = n == len(call["steps"]) and call["outcome"] is CallOutcome.ABANDONED
            steps[began.date(), called, call["flow"], *step, "abandoned"] += lost
    return +hours, +steps


def kept(database: Database) -> tuple[Counter, Counter]:
    """What the tables say, in the same form."""
    hours: Counter = Counter()
    steps: Counter = Counter()
    with database.read() as session:
        for row in session.scalars(select(CallHour)):
            for name in statistics_counting._HOUR_SUMS:
                hours[row.day, row.hour, row.called, row.flow, name] += getattr(row, name)
        for row in session.scalars(select(StepDay)):
            key = (row.day, row.called, row.entry, row.flow, row.node, row.kind, row.outcome)
            steps[*key, "steps"] += row.steps
            steps[*key, "abandoned"] += row.abandoned
    return +hours, +steps


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drawn=st.lists(calls(), max_size=25), batch=st.integers(1, 9))
def test_the_sums_are_what_the_calls_are(
    database: Database, drawn: list[dict[str, object]], batch: int
) -> None:
    write(database, drawn)
    assert count_all(database, batch) == len(drawn)
    assert kept(database) == directly(drawn)
    assert count_all(database, batch) == 0
    with database.read() as session:
        shown = statistics.week(session, Period(date(2026, 11, 20), date(2026, 11, 24)), Scope())
    began = [call["began"].astimezone(ZONE) for call in drawn]
    assert shown == Counter((at.weekday(), at.hour) for at in began)
    with database.begin() as session:  # broken by hand, to be made again
        session.execute(update(CallHour).values(calls=CallHour.calls - 1))
        session.execute(delete(StepDay))
        days = statistics_counting.days_kept(session, ZONE)
    for day in days:
        statistics_counting.recount_day(database, day, zone=ZONE)
    assert kept(database) == directly(drawn)


def test_a_call_in_progress_is_counted_once_it_has_ended(database: Database) -> None:
    call = {
        "called": "12345",
        "flow": "main",
        "began": BEGIN,
        "answered": BEGIN,
        "ended_by": EndedBy.CALLER,
        "steps": PATHS["bill"][0],
        "outcome": CallOutcome.SELF_SERVED,
    }
    write(database, [call], ended=False)
    assert count_all(database, 10) == 0
    with database.begin() as session:
        session.execute(
            update(Call).values(ended_at=BEGIN + timedelta(seconds=60), ended_by=EndedBy.CALLER)
        )
    assert count_all(database, 10) == 1
    with database.read() as session:
        row = session.scalars(select(Call)).one()
        assert (row.outcome, row.last_place) == (CallOutcome.SELF_SERVED, "bills.after")
    assert kept(database) == directly([call])


def test_a_day_whose_calls_were_removed_keeps_its_sums_unless_forced(database: Database) -> None:
    drawn = [
        {
            "called": "12345",
            "flow": "main",
            "began": BEGIN + timedelta(seconds=n),
            "answered": BEGIN + timedelta(seconds=n),
            "ended_by": EndedBy.CALLER,
            "steps": [],
            "outcome": CallOutcome.ABANDONED,
        }
        for n in range(3)
    ]
    write(database, drawn)
    count_all(database, 10)
    before = kept(database)
    with database.begin() as session:
        session.execute(delete(Call).where(Call.id == f"{0:032x}"))
    assert statistics_counting.recount_day(database, date(2026, 11, 20), zone=ZONE) is None
    assert kept(database) == before
    forced = statistics_counting.recount_day(database, date(2026, 11, 20), zone=ZONE, force=True)
    assert forced == 2
    assert kept(database) == directly(drawn[1:])


def path(*steps: tuple[int, str, str]) -> list[PathStep]:
    return [
        PathStep(BEGIN + timedelta(seconds=at), "person", "connect", kind, outcome)
        for at, kind, outcome in steps
    ]


@pytest.mark.parametrize(
    ("person_at", "steps", "wait_s"),
    [
        (None, path((20, "menu", "match"), (28, "transfer", "answered")), 8.0),
        # Bridged: the step is left when the talk is over, and the record knows the answer.
        (25, path((20, "menu", "match"), (300, "transfer", "answered")), 5.0),
        (25, path((20, "menu", "match"), (300, "transfer", "hang_up")), 5.0),
        (None, path((20, "menu", "match"), (300, "transfer", "hang_up")), None),
        (25, path((300, "transfer", "answered")), 25.0),
    ],
)
def test_waiting_for_a_person_counts_from_asking_for_one(
    person_at: int | None, steps: list[PathStep], wait_s: float | None
) -> None:
    at = BEGIN + timedelta(seconds=person_at) if person_at is not None else None
    call = EndedCall(BEGIN, EndedBy.CALLER, False, at, filed=False, called_back=False)
    found = judge(call, steps)
    assert found.outcome is CallOutcome.PERSON
    assert found.person_wait_s == wait_s
