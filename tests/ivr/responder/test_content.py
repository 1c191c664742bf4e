"""What is published, as calls take it: laid over what came with the line, once, and kept."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed

from call_flows import default_texts
from ivr.records import Database, migrate
from ivr.responder.content import LOOK_EVERY_S, Content, Snapshot, Source
from ivr.responder.main import source
from ivr.responder.ticker import Deadlines
from ivr.services import numbers, revisions, schedules
from ivr.settings import load

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class Records:
    """Reads at once, in the reactor's thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, job: Callable[[Any], Any]) -> "Deferred[Any]":
        with self._database.read() as session:
            return succeed(job(session))


class Scene:
    def __init__(self, database: Database, delivered: Source) -> None:
        self.database = database
        self.deadlines = Deadlines()
        self.prepared: list[Snapshot] = []
        with database.read() as session:
            first = delivered.read(session)
        self.content = Content(
            delivered,
            first,
            Records(database),  # type: ignore[arg-type]
            self.deadlines,
            self.prepared.append,
        )
        self.content.start()

    def publish(self, flow: str, text: str, base: int) -> None:
        with self.database.begin() as session:
            revisions.publish_flow(
                session, flow, text, base=base, author="clerk", message="tried", now=NOW
            )

    def look(self) -> Snapshot:
        self.deadlines.tick(self.deadlines.now + LOOK_EVERY_S + 0.01)
        return self.content.newest


@pytest.fixture
def delivered(tmp_path: Path) -> Source:
    return source(load({"IVR_STATE_DIR": str(tmp_path)}, tmp_path))


@pytest.fixture
def scene(tmp_path: Path, delivered: Source) -> Scene:
    url = f"sqlite:///{tmp_path / 'ivr.db'}"
    migrate(url)
    return Scene(Database(url), delivered)


def test_a_called_number_starts_the_flow_the_desk_gave_it_then_the_files_then_the_main_one(
    scene: Scene,
) -> None:
    in_files = next(iter(scene.content.newest.flows.numbers))
    assert scene.content.newest.flow_for(in_files) == "studio"
    with scene.database.begin() as session:
        numbers.save(session, "96001", "outages", now=NOW)
        numbers.save(session, in_files, "bills", now=NOW)
        numbers.save(session, "96002", "gone_since", now=NOW)
    newest = scene.look()
    assert newest.flow_for("96001") == "outages"
    assert newest.flow_for(in_files) == "bills"
    assert newest.flow_for("96002") == "main"
    assert newest.flow_for("anything else") == "main"


def test_what_is_published_is_taken_within_a_second_and_a_call_keeps_what_it_has(
    scene: Scene,
) -> None:
    before = scene.content.newest
    assert scene.look() is before
    scene.publish("guides", default_texts()["guides"].replace("repeat", "back"), base=0)
    after = scene.look()
    assert after.revisions == {"guides": 1}
    assert after.flows != before.flows
    assert before.revisions == {}
    assert scene.prepared == [after]
    assert scene.look() is after


def test_what_cannot_be_used_is_passed_over_until_it_is_mended(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    before = scene.content.newest
    scene.publish("guides", "start: nowhere", base=0)
    assert scene.look() is before
    assert scene.look() is before
    told = [record for record in caplog.records if "cannot be used" in record.message]
    assert len(told) == 1
    scene.publish("guides", default_texts()["guides"], base=1)
    assert scene.look().revisions == {"guides": 2}


def test_a_database_that_is_away_is_asked_again(scene: Scene) -> None:
    class Away:
        def read(self, _job: object) -> "Deferred[Any]":
            failing: Deferred[Any] = Deferred()
            failing.errback(OSError("away"))
            return failing

    before = scene.content.newest
    there, scene.content._records = scene.content._records, Away()  # type: ignore[assignment]
    assert scene.look() is before
    scene.content._records = there
    scene.publish("guides", default_texts()["guides"], base=0)
    assert scene.look().revisions == {"guides": 1}


def test_hours_that_staff_save_hold_for_the_next_call_and_not_for_one_that_is_up(
    scene: Scene,
) -> None:
    before = scene.content.newest
    with scene.database.begin() as session:
        shut = schedules.ScheduleEntry("人工服务", "", [""] * 7)
        schedules.edit(session, "office", shut, base=1, who="clerk", now=NOW)
    after = scene.look()
    assert before.timetable.standing("office", NOW).open
    assert not after.timetable.standing("office", NOW).open
