from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ivr.records import Database, DatabaseUnavailable
from ivr.records.tables import Heartbeat, RecordingKind, TranscriptFault, TranscriptState
from ivr.services import calls, complaints, heartbeats, recordings, transcript_queue, transcripts
from ivr.services.transcript_queue import MOST_ATTEMPTS, Written
from ivr.transcripts import scribe as scribe_module
from ivr.transcripts.child import Answer, Ended, Failed, Ready, Refused
from ivr.transcripts.scribe import AGAIN_AFTER_S, IDLE_S, LEAST_LIMIT_S, PROCESS, Scribe
from tests.databases import new_url

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
HEARD = Written("路灯坏了。", "Whisper base", "zh-CN", 0.8)


@dataclass
class FakeListener:
    """Answers what it was told to; notes what is done to it."""

    answers: list[Answer] = field(default_factory=list)
    asked: list[tuple[Path, str | None]] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    def ask(self, path: Path, language: str | None) -> None:
        self.asked.append((path, language))

    def poll(self) -> Answer | None:
        return self.answers.pop(0) if self.answers else None

    def hold(self) -> None:
        self.done.append("hold")

    def go_on(self) -> None:
        self.done.append("go on")

    def close(self) -> None:
        self.done.append("close")

    def fileno(self) -> int:
        return -1


class Stage:
    """A scribe over a real database, with listeners and clocks in our hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = Database(new_url("sqlite", folder))
        self.listeners: list[FakeListener] = []
        self.moment = 0.0
        self.scribe = self.new_scribe()

    def new_scribe(self) -> Scribe:
        return Scribe(
            self.database,
            self.folder,
            self.start,
            most_calls=5,
            now=self.now,
            monotonic=lambda: self.moment,
        )

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.moment)

    def start(self) -> FakeListener:
        self.listeners.append(FakeListener())
        return self.listeners[-1]

    def turn(self, *answers: Answer, later: float = 3.0) -> None:
        """`later`, the listener has said `answers`: one turn."""
        self.moment += later
        if answers:
            self.listeners[-1].answers += answers
        self.scribe.turn()

    def calls_up(self, number: int) -> None:
        with self.database.begin() as session:
            heartbeats.beat(session, "responder", {"calls": number}, self.now())

    def complain(self, name: str) -> None:
        with self.database.begin() as session:
            calls.open_call(session, calls.NewCall(f"c-{name}", "138", "line", NOW))
            path = f"recordings/{name}.wav"
            recordings.begin(
                session,
                name,
                call_id=f"c-{name}",
                kind=RecordingKind.COMPLAINT,
                path=path,
                now=self.now(),
            )
            recordings.finish(session, name, 10.0)
            complaints.file(
                session,
                category="roads",
                call_id=f"c-{name}",
                recording_id=name,
                caller="138",
                callback_number="138",
                finished=True,
                now=self.now(),
                language="zh-CN",
            )

    def row(self, name: str):
        with self.database.read() as session:
            return transcripts.find(session, name)

    def beat(self) -> dict:
        with self.database.read() as session:
            return session.get_one(Heartbeat, PROCESS).detail


@pytest.fixture
def stage(tmp_path: Path):
    stage = Stage(tmp_path)
    yield stage
    stage.database.close()


def test_a_complaint_is_asked_about_and_its_words_kept(stage):
    stage.complain("one")
    stage.turn()
    assert stage.listeners[0].asked == [(stage.folder / "recordings/one.wav", "zh-CN")]
    assert stage.row("one").state is TranscriptState.WRITING
    stage.turn(Ready(), HEARD)
    row = stage.row("one")
    assert (row.state, row.text, row.confidence) == (TranscriptState.DONE, "路灯坏了。", 0.8)


def test_one_listener_writes_everything_and_gives_its_memory_back(stage):
    stage.complain("one")
    stage.complain("two")
    stage.turn()
    stage.turn(Ready(), HEARD)
    stage.turn(HEARD)
    assert [len(listener.asked) for listener in stage.listeners] == [2]
    stage.turn(later=IDLE_S / 2)
    assert stage.listeners[0].done == []
    stage.turn(later=IDLE_S)
    assert stage.listeners[0].done == ["close"]
    stage.complain("three")
    stage.turn()
    assert len(stage.listeners) == 2


def test_without_anything_to_write_no_model_is_loaded(stage):
    stage.turn()
    assert stage.listeners == []
    assert stage.beat()["transcripts_waiting"] == 0


def test_above_the_bound_of_calls_nothing_is_begun(stage):
    stage.complain("one")
    stage.calls_up(6)
    stage.turn()
    assert stage.listeners == []
    assert stage.beat()["paused"] is True
    stage.calls_up(5)
    stage.turn()
    assert len(stage.listeners) == 1


def test_what_is_being_written_stands_still_while_calls_are_up(stage):
    stage.complain("one")
    stage.turn()
    stage.calls_up(6)
    stage.turn()
    stage.turn()
    assert stage.listeners[0].done == ["hold"]
    stage.calls_up(2)
    stage.turn()
    assert stage.listeners[0].done == ["hold", "go on"]


def test_time_that_it_stood_still_is_not_held_against_it(stage):
    stage.complain("one")
    stage.turn()
    stage.calls_up(6)
    stage.turn()
    for _ in range(40):
        stage.moment += 100
        stage.calls_up(6)
        stage.turn(later=0)
    stage.calls_up(0)
    stage.turn(later=1)
    assert stage.listeners[0].done == ["hold", "go on"]
    assert stage.row("one").state is TranscriptState.WRITING


def test_a_responder_that_is_silent_has_no_calls(stage):
    stage.calls_up(100)
    stage.complain("one")
    stage.turn(later=60)
    assert len(stage.listeners) == 1


def test_a_listener_that_hangs_is_ended_and_the_recording_tried_again(stage):
    stage.complain("one")
    stage.turn()
    stage.turn(Ready(), later=LEAST_LIMIT_S + 601)
    assert "close" in stage.listeners[0].done
    row = stage.row("one")
    assert (row.state, row.fault) == (TranscriptState.WAITING, TranscriptFault.TOOK_TOO_LONG)


def test_a_recording_that_kills_the_listener_is_given_up_and_the_next_is_written(stage):
    stage.complain("good")
    stage.moment += 1
    stage.complain("bad")
    stage.turn()
    for _ in range(MOST_ATTEMPTS):
        bad = stage.listeners[-1].asked[-1][0].stem == "bad"
        while not bad:
            stage.turn(HEARD, later=400)
            bad = stage.listeners[-1].asked[-1][0].stem == "bad"
        stage.turn(Ended(-9))
        stage.turn(later=400)
    while stage.row("good").state is not TranscriptState.DONE:
        stage.turn(HEARD)
    row = stage.row("bad")
    assert (row.state, row.fault_detail) == (TranscriptState.FAILED, "status -9")


def test_a_file_that_is_gone_is_said_at_once(stage):
    stage.complain("one")
    stage.turn()
    stage.turn(Ready(), Failed(TranscriptFault.FILE_MISSING))
    assert stage.row("one").state is TranscriptState.FAILED


def test_a_listener_that_cannot_start_is_no_fault_of_the_recording(stage):
    stage.complain("one")
    stage.turn()
    stage.turn(Refused("the model is damaged"))
    row = stage.row("one")
    assert (row.state, row.attempts) == (TranscriptState.WAITING, 0)
    stage.turn(later=11)
    assert stage.beat()["trouble"] == "the model is damaged"
    assert len(stage.listeners) == 1, "not at once again"
    stage.turn(later=AGAIN_AFTER_S)
    stage.turn(Ready(), HEARD)
    assert stage.row("one").state is TranscriptState.DONE
    stage.turn(later=11)
    assert stage.beat()["trouble"] == ""


def test_told_to_stop_it_ends_the_listener_and_leaves_the_work_to_be_redone(stage):
    stage.complain("one")
    stage.turn()
    stage.scribe.stop()
    assert stage.listeners[0].done == ["close"]
    row = stage.row("one")
    assert (row.state, row.attempts) == (TranscriptState.WAITING, 0)


def test_after_a_crash_what_was_being_written_is_written(stage):
    stage.complain("one")
    stage.turn()
    stage.scribe = stage.new_scribe()
    stage.scribe.recover()
    stage.turn(later=120)
    stage.turn(Ready(), HEARD)
    assert stage.row("one").text == "路灯坏了。"


def test_words_wait_for_a_database_that_is_away(stage, monkeypatch):
    stage.complain("one")
    stage.turn()

    def away(*_: object) -> None:
        raise DatabaseUnavailable("gone")

    with monkeypatch.context() as patched:
        patched.setattr(transcript_queue, "finish", away)
        stage.turn(Ready(), HEARD)
        stage.turn()
    stage.turn()
    assert stage.row("one").text == "路灯坏了。"


def test_a_queue_in_which_nothing_moves_is_told_of(stage):
    stage.complain("one")
    stage.turn()
    stage.turn(Refused("no memory"))
    stage.turn(later=scribe_module.STUCK_AFTER.total_seconds() + 10)
    stage.turn(Refused("no memory"))
    stage.turn(later=11)
    assert stage.beat()["stuck"] is True


def test_a_queue_that_waits_for_callers_is_not_stuck(stage):
    stage.calls_up(6)
    stage.complain("one")
    stage.turn()
    stage.moment += scribe_module.STUCK_AFTER.total_seconds() + 60
    stage.calls_up(6)
    stage.turn()
    assert (stage.beat()["stuck"], stage.beat()["paused"]) == (False, True)
