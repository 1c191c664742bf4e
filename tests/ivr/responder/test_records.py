"""What the responder writes: in order, together, and no bad note costs another call's record."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from twisted.internet.defer import CancelledError

from ivr.records import Database, migrate
from ivr.records.errors import DatabaseUnavailable
from ivr.records.tables import Area, Call, EndedBy
from ivr.responder.database import Records
from ivr.responder.ledger import Ledger
from ivr.responder.ticker import Deadlines
from ivr.services.calls import Answer, CallEnd, NewCall, StepTaken

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class ThreadReactor:
    """Runs what comes from a thread at once, in that thread."""

    def callFromThread(self, function: Any, *arguments: Any) -> None:  # noqa: N802
        function(*arguments)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    url = f"sqlite:///{tmp_path / 'ivr.db'}"
    migrate(url)
    return Database(url)


@contextmanager
def started(database: Database, writing: Database | None = None) -> Iterator[Records]:
    records = Records(ThreadReactor(), database, writing)  # type: ignore[arg-type]
    records.start()
    try:
        yield records
    finally:
        records.stop()


class Scene:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.records = Records(ThreadReactor(), database)  # type: ignore[arg-type]
        self.ledger = Ledger(self.records, Deadlines())

    def written(self) -> dict[str, Call]:
        self.ledger.flush()
        # What is queued by a failure is queued behind: two rounds see everything through.
        for _round in range(2):
            done = threading.Event()
            self.records.write(lambda _session: None).addBoth(lambda _result, e=done: e.set())
            assert done.wait(10)
        self.records.stop()
        with self.database.read() as session:
            return {call.id: call for call in session.scalars(select(Call))}


def call(call_id: str) -> NewCall:
    return NewCall(call_id, caller="13800001111", called="line", started_at=NOW)


def test_a_whole_call_is_written_in_the_order_it_happened(database: Database) -> None:
    scene = Scene(database)
    scene.records.start()
    scene.ledger.opened(call("a"))
    scene.ledger.answered("a", Answer(NOW, "PCMU", language="en"))
    scene.ledger.step("a", StepTaken(1, NOW, "main", "greeting", "menu", "2", "match"))
    scene.ledger.closed("a", CallEnd(NOW, EndedBy.CALLER, "peer hung up"))
    found = scene.written()["a"]
    assert (found.codec, found.language, found.ended_by) == ("PCMU", "en", EndedBy.CALLER)


def test_one_bad_note_costs_no_other_call_its_record(database: Database) -> None:
    scene = Scene(database)
    scene.records.start()
    scene.ledger.opened(call("a"))
    scene.ledger.opened(call("b"))
    scene.ledger.closed("never opened", CallEnd(NOW, EndedBy.CALLER))
    scene.ledger.closed("b", CallEnd(NOW, EndedBy.LINE))
    found = scene.written()
    assert set(found) == {"a", "b"}
    assert found["b"].ended_by is EndedBy.LINE


def test_a_job_that_fails_tells_its_asker_and_spoils_nothing(database: Database) -> None:
    records = Records(ThreadReactor(), database)  # type: ignore[arg-type]
    outcomes: list[str] = []
    done = threading.Event()

    def fail(_session: Any) -> None:
        raise ValueError("no such thing")

    records.write(lambda _session: "kept").addCallback(outcomes.append)
    records.write(fail).addErrback(lambda failure: outcomes.append(failure.getErrorMessage()))
    records.write(lambda _session: "kept too").addCallback(outcomes.append).addBoth(
        lambda _result: done.set()
    )
    records.start()
    assert done.wait(10)
    records.stop()
    assert outcomes == ["kept", "no such thing", "kept too"]


def test_a_write_whose_patience_ends_does_not_wait_behind_one_that_has_more(
    database: Database,
) -> None:
    class Away:
        """A database that another program keeps locked."""

        def begin(self) -> Any:
            raise DatabaseUnavailable("locked")

    records = Records(ThreadReactor(), Away())  # type: ignore[arg-type]
    refused = threading.Event()
    records.write(lambda _session: None, patience_s=3.0).addErrback(lambda _failure: None)
    records.start()
    hasty = records.write(lambda _session: None, patience_s=0.3)
    hasty.addErrback(lambda _failure: refused.set())
    assert refused.wait(2.0)
    records.stop()


def test_a_lookup_that_nobody_waits_for_leaves_nothing_behind(database: Database) -> None:
    """A wrong query code whose lookup was late and is tried again counts once."""
    late, may_end = threading.Event(), threading.Event()

    def write(session: Any) -> str:
        session.add(Area(code="1", name_zh="甲", name_en="A"))
        session.flush()
        late.set()
        assert may_end.wait(10)
        return "written"

    outcomes: list[Any] = []
    with started(database) as records:
        asked = records.look_up(write)
        asked.addBoth(outcomes.append)
        assert late.wait(10)
        asked.cancel()
        may_end.set()
    assert outcomes[0].check(CancelledError)
    with database.read() as session:
        assert session.scalars(select(Area)).all() == []


def test_a_filing_behind_a_locked_file_is_told_so_when_its_patience_ends(tmp_path: Path) -> None:
    path = tmp_path / "ivr.db"
    url = f"sqlite:///{path}"
    migrate(url)
    refused = threading.Event()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with started(Database(url), Database(url, busy_timeout_ms=100)) as records:
        asked = time.monotonic()
        asking = records.write(lambda session: session.scalars(select(Call)), patience_s=0.5)
        asking.addErrback(lambda _failure: refused.set())
        assert refused.wait(4.0)  # and not after SQLite's own 5 s
        assert time.monotonic() - asked >= 0.5
        other.execute("COMMIT")
    other.close()
