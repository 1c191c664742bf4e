"""What the responder writes: in order, together, and no bad note costs another call's record."""

import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ivr.records import Database, migrate
from ivr.records.errors import DatabaseUnavailable
from ivr.records.tables import Call, EndedBy
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
