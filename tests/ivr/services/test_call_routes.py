"""Calls are found by a node they went through, whether they have a route yet or not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update

from ivr.records import Database
from ivr.records.tables import Call, CallOutcome, EndedBy, Route, RoutePlace
from ivr.services import (
    call_filter,
    call_routes,
    call_search,
    calls,
    looking,
    retention,
    statistics_counting,
)
from ivr.services.call_search import CallFilter
from ivr.services.retention import Periods

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
MENU = ("main", "menu", "match")
HUNG_UP = ("main", "menu", "hang_up")
FOUND = ("bills", "look_up", "found")
ERROR = ("bills", "look_up", "error")
NOTICES = ("outages", "look_up", "found")
WAYS = (
    (MENU, FOUND),
    (MENU, MENU, FOUND),  # the same places
    (MENU, ERROR),
    (HUNG_UP,),
    (),
    (MENU, NOTICES),
    (MENU, FOUND, MENU, ERROR),
)
ASKED = (
    ("look_up", ""),
    ("bills.look_up", ""),
    ("bills.look_up", "error"),
    ("look_up", "found"),
    ("menu", ""),
    ("menu", "hang_up"),
    ("nowhere", ""),
    ("guides.menu", ""),
)


def fill(database: Database, count: int = 28, *, running: int = 0) -> None:
    """Calls that took the ways in turn, newest first; the first ones are in progress."""
    with database.begin() as session:
        for n in range(count):
            at = NOW - timedelta(minutes=n // 2)  # two at the same moment
            calls.open_call(session, calls.NewCall(f"{n:032x}", f"138{n:08}", "12345", at))
            language = "en" if n % 4 == 0 else "zh-CN"
            calls.record_answer(session, f"{n:032x}", at, flow="main", language=language)
            steps = [
                calls.StepTaken(seq, at, flow, node, "menu", "", outcome)
                for seq, (flow, node, outcome) in enumerate(WAYS[n % len(WAYS)])
            ]
            calls.add_steps(session, f"{n:032x}", steps)
            if n >= running:
                end = calls.CallEnd(at + timedelta(seconds=30), EndedBy.CALLER)
                calls.close_call(session, f"{n:032x}", end)


def count(database: Database, limit: int = 100) -> None:
    with database.begin() as session:
        statistics_counting.count_ended(session, zone=ZONE, limit=limit)


def without_routes(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).where(Call.route_id.is_(None))) or 0


def expected(asked: str, outcome: str, count: int = 28) -> list[str]:
    flow, _, node = asked.rpartition(".")
    return [
        f"{n:032x}"
        for n in sorted(range(count), key=lambda n: (n // 2, -n))
        if any(
            step[1] == node and flow in ("", step[0]) and outcome in ("", step[2])
            for step in WAYS[n % len(WAYS)]
        )
    ]


def found(database: Database, wanted: CallFilter, limit: int = 3) -> list[str]:
    """All that fit, page by page."""
    ids: list[str] = []
    after = None
    while True:
        with database.read() as session:
            page = call_search.search(session, wanted, after=after, limit=limit)
        ids += [summary.call.id for summary in page.calls]
        if page.next is None:
            return ids
        after = page.next


@pytest.mark.parametrize(
    ("merged", "few", "listed"),
    [(16, 0, 1000), (0, 1000, 1000), (1, 0, 1000), (16, 1000, 1)],
    ids=["merged", "sorted", "merged or looked at", "looked at"],
)
def test_calls_are_found_by_a_node_however_they_are_looked_for(
    database: Database, monkeypatch: pytest.MonkeyPatch, merged: int, few: int, listed: int
) -> None:
    monkeypatch.setattr(call_filter, "MOST_MERGED", merged)
    monkeypatch.setattr(call_filter, "MOST_LISTED", listed)
    monkeypatch.setattr(looking, "FEW", few)
    monkeypatch.setattr(call_routes, "MOST", 3)  # and so some calls are not sorted
    fill(database, running=5)
    count(database, 18)  # five last, five wait to be counted
    assert without_routes(database) == 10
    for asked, outcome in ASKED:
        wanted = CallFilter(node=asked, step_outcome=outcome)
        assert found(database, wanted) == expected(asked, outcome), (asked, outcome)


def test_a_node_beside_other_fields_is_looked_at_too(database: Database) -> None:
    fill(database)
    count(database)
    for wanted in (
        CallFilter(node="look_up", language="en"),
        CallFilter(node="look_up", language="en", ended_by=EndedBy.CALLER),
    ):
        assert found(database, wanted) == [
            call_id for call_id in expected("look_up", "") if int(call_id, 16) % 4 == 0
        ]
    wanted = CallFilter(node="look_up", caller="13800000002")
    assert found(database, wanted) == [f"{2:032x}"]


def test_how_many_went_through_a_node_is_counted(database: Database) -> None:
    fill(database, running=3)
    count(database)
    with database.read() as session:
        page = call_search.search(session, CallFilter(node="bills.look_up"), limit=2)
    assert page.total == len(expected("bills.look_up", ""))
    assert not page.more


def test_a_page_ends_where_calls_without_a_route_were_not_all_looked_at(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database)
    count(database)
    with database.begin() as session:  # as they were before there were routes
        session.execute(update(Call).where(Call.id > f"{13:032x}").values(route_id=None))
    monkeypatch.setattr(looking, "LOOKED_AT", 12)
    wanted = CallFilter(node="bills.look_up", step_outcome="error")
    assert found(database, wanted) == expected("bills.look_up", "error")


def test_the_same_places_are_one_route(database: Database) -> None:
    fill(database)
    count(database)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Route)) == len(
            {frozenset(way) for way in WAYS}
        )
        first, second = session.scalars(
            select(Call.route_id).where(Call.id.in_([f"{0:032x}", f"{1:032x}"]))
        )
        places = session.execute(
            select(RoutePlace.flow, RoutePlace.node, RoutePlace.outcome).where(
                RoutePlace.route_id == first
            )
        )
        assert first == second
        assert {tuple(place) for place in places} == {MENU, FOUND}


def test_calls_counted_before_there_were_routes_get_theirs_newest_first(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, running=2)
    count(database)
    with database.begin() as session:
        session.execute(update(Call).values(route_id=None))
    monkeypatch.setattr(call_routes, "AT_ONCE", 10)
    assert call_routes.tend(database)
    with database.read() as session:
        given = session.scalars(select(Call.id).where(Call.route_id.is_not(None))).all()
    assert sorted(given) == [f"{n:032x}" for n in range(2, 12)]
    while call_routes.tend(database):
        pass
    assert without_routes(database) == 2  # those in progress
    assert not call_routes.tend(database)
    assert found(database, CallFilter(node="look_up")) == expected("look_up", "")


def test_a_call_judged_anew_keeps_its_route(database: Database) -> None:
    fill(database)
    count(database)
    with database.begin() as session:
        session.execute(update(Call).values(outcome=CallOutcome.FAULT))
    with database.read() as session:
        (day,) = statistics_counting.days_kept(session, ZONE)
    statistics_counting.recount_day(database, day, zone=ZONE, force=True)
    assert without_routes(database) == 0


def test_the_purge_forgets_routes_that_no_call_took(database: Database, tmp_path: Path) -> None:
    fill(database)
    count(database)
    days = {"recordings": 0, "transcripts": 0, "complaints": 0, "audit": 0}
    retention.purge(database, Periods(calls=10, **days), NOW, state_dir=tmp_path)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Route)) == 6
    retention.purge(
        database, Periods(calls=10, **days), NOW + timedelta(days=11), state_dir=tmp_path
    )
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Call)) == 0
        assert session.scalar(select(func.count()).select_from(Route)) == 0
        assert session.scalar(select(func.count()).select_from(RoutePlace)) == 0
