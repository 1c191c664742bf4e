"""The desk's background work goes on whatever a chore runs into, and ends when told to."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update

from ivr.desk_chores import COUNT_EVERY_S, COUNT_PAUSE_S, Chore, Chores, counting
from ivr.records import Database, DatabaseUnavailable
from ivr.records.tables import Call, EndedBy
from ivr.services import calls, statistics_counting
from tests.databases import new_url

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def test_a_chore_is_done_again_after_the_time_it_names() -> None:
    done = threading.Semaphore(0)

    def work() -> float:
        done.release()
        return 0.0

    with Chores([Chore("work", work)]):
        for _ in range(3):
            assert done.acquire(timeout=10)


def test_a_chore_that_fails_keeps_no_other_from_being_done() -> None:
    done = threading.Event()
    failed = threading.Event()

    def fail() -> float:
        failed.set()
        raise DatabaseUnavailable("away")

    def work() -> float:
        if failed.is_set():
            done.set()
        return 0.01

    with Chores([Chore("fail", fail), Chore("work", work)]):
        assert done.wait(10)


def test_leaving_ends_the_thread_even_where_nothing_is_due() -> None:
    begun = threading.Event()

    def work() -> float:
        begun.set()
        return 3600.0

    chores = Chores([Chore("work", work)])
    with chores:
        assert begun.wait(10)
    assert not chores._thread.is_alive()


def test_counting_hurries_only_while_much_waits(tmp_path: Path) -> None:
    database = Database(new_url("sqlite", tmp_path))
    many = statistics_counting.BATCH + 1
    with database.begin() as session:
        calls.open_calls(
            session,
            [calls.NewCall(f"{n}", "1", "2", NOW + timedelta(seconds=n)) for n in range(many)],
        )
        calls.close_calls(
            session, [(f"{n}", calls.CallEnd(NOW, EndedBy.CALLER)) for n in range(many)]
        )
    chore = counting(database, ZoneInfo("Asia/Shanghai"))
    assert chore.do() == COUNT_PAUSE_S
    assert chore.do() == COUNT_EVERY_S
    with database.read() as session:
        assert statistics_counting.waiting(session) == 0
    database.close()


def test_old_calls_get_their_routes_although_calls_go_on_ending(tmp_path: Path) -> None:
    database = Database(new_url("sqlite", tmp_path))
    chore = counting(database, ZoneInfo("Asia/Shanghai"))

    def call(name: str) -> None:
        with database.begin() as session:
            calls.open_call(session, calls.NewCall(name, "1", "2", NOW))
            calls.close_call(session, name, calls.CallEnd(NOW, EndedBy.CALLER))

    call("old")
    chore.do()
    with database.begin() as session:  # as if it were from before there were routes
        session.execute(update(Call).values(route_id=None))
    call("new")
    chore.do()
    with database.read() as session:
        assert session.scalar(select(func.count()).where(Call.route_id.is_(None))) == 0
    database.close()
