"""The watch sees what is wrong with a real database, disk, voice and clock."""

import socket
import sqlite3
import threading
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from ivr import watch as room
from ivr.records import Database
from ivr.services import alarms, heartbeats
from ivr.services.alarms import Board
from ivr.settings import load
from ivr.watch import Watch
from tests.databases import new_url

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class Clocks:
    """A wall clock and a monotonic one, which go together until the first is set."""

    def __init__(self):
        self.wall, self.monotonic = NOW, 1000.0

    def now(self):
        return self.wall

    def ticks(self):
        return self.monotonic

    def go(self, seconds, *, set_by=0.0):
        self.monotonic += seconds
        self.wall += timedelta(seconds=seconds + set_by)


@pytest.fixture
def clocks():
    return Clocks()


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request, tmp_path, monkeypatch):
    monkeypatch.setattr(room, "LOCK_TIMEOUT_MS", 200)
    url = new_url(request.param, tmp_path)
    return load({"IVR_STATE_DIR": str(tmp_path), "IVR_DATABASE_URL": url}, tmp_path)


@pytest.fixture
def watch(settings, clocks):
    one = Watch(settings, Board(), now=clocks.now, monotonic=clocks.ticks, quiet_start_s=0.0)
    yield one
    one.close()


@contextmanager
def answering_voice(settings):
    """What the voice process says of itself, without one."""
    import os

    with socket.socket(socket.AF_UNIX) as served:
        served.bind(os.path.relpath(settings.voice_socket))
        served.listen()

        def answer():
            while True:
                try:
                    peer, _ = served.accept()
                except OSError:
                    return
                with peer:
                    if peer.recv(4096):
                        peer.sendall(b'{"id": 1, "status": true, "waiting": 0, "failing": []}\n')

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        try:
            yield
        finally:
            served.shutdown(socket.SHUT_RDWR)
            thread.join()


def beat(settings, at, **detail):
    database = Database(settings.database_url)
    with closing(database), database.begin() as session:
        heartbeats.beat(session, "responder", {"listening": True, **detail}, at)


def up(watch):
    return {alarm.finding.name for alarm in watch._board.alarms}


def test_a_line_that_is_well_raises_nothing(watch, settings):
    beat(settings, NOW)
    with answering_voice(settings):
        assert watch.look() == room.LOOK_EVERY_S
    assert up(watch) <= {"disk"}  # of the machine that tests, which may be full


def test_a_voice_that_is_away_is_an_alarm_only_when_it_stays_away(watch, settings):
    beat(settings, NOW)
    watch.look()
    assert "voice" not in up(watch)
    watch.look()
    assert "voice" in up(watch)
    with answering_voice(settings):
        watch.look()
    assert "voice" not in up(watch)


def test_a_counter_that_rises_raises_and_holds_for_a_while(watch, settings, clocks):
    beat(settings, clocks.wall, calls_without_ports=0)
    watch.look()
    beat(settings, clocks.wall, calls_without_ports=2)
    watch.look()
    assert "ports" in up(watch)
    clocks.go(alarms.HELD.total_seconds() + 1)
    beat(settings, clocks.wall, calls_without_ports=2)
    watch.look()
    assert "ports" not in up(watch)
    beat(settings, clocks.wall, calls_without_ports=0)  # it was started again
    watch.look()
    beat(settings, clocks.wall, calls_without_ports=1)
    watch.look()
    assert "ports" in up(watch)


def test_a_line_without_a_sign_of_life_is_told(watch, settings, clocks):
    beat(settings, clocks.wall)
    clocks.go(60.0)
    watch.look()
    assert "line" in up(watch)


def test_a_lock_that_another_program_holds_is_told_and_is_over(watch, settings):
    if not settings.database_url.startswith("sqlite"):
        pytest.skip("PostgreSQL has no such lock")
    beat(settings, NOW)
    file = settings.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        watch.look()
        assert "database" in up(watch)
        other.execute("ROLLBACK")
    watch.look()
    assert "database" not in up(watch)


@pytest.mark.parametrize("set_by", [3600.0, -3600.0, 86400.0, -86400.0])
def test_a_clock_that_is_set_is_told_for_some_minutes(watch, settings, clocks, set_by):
    beat(settings, clocks.wall)
    watch.look()
    clocks.go(5.0, set_by=set_by)
    beat(settings, clocks.wall)
    watch.look()
    (alarm,) = [one for one in watch._board.alarms if one.finding.name == "clock"]
    assert alarm.finding.what.params["seconds"] == f"{set_by:+.0f}"
    clocks.go(alarms.HELD.total_seconds() + 5)
    beat(settings, clocks.wall)
    watch.look()
    assert "clock" not in up(watch)


def test_a_slow_clock_is_no_clock_that_was_set(watch, settings, clocks):
    beat(settings, clocks.wall)
    watch.look()
    clocks.go(5.0, set_by=0.4)  # as a time server slews it
    watch.look()
    assert "clock" not in up(watch)


def test_who_is_told_hears_of_each_alarm_once(settings, clocks):
    told = []
    one = Watch(
        settings,
        Board(),
        told=lambda raised, over: told.append(([a.finding.name for a in raised], len(over))),
        now=clocks.now,
        monotonic=clocks.ticks,
        quiet_start_s=0.0,
    )
    with closing(one), answering_voice(settings):
        beat(settings, clocks.wall)
        one.look()
        told.clear()
        clocks.go(60.0)
        one.look()
        one.look()
        assert told == [(["line"], 0)]
        beat(settings, clocks.wall)
        one.look()
        assert told == [(["line"], 0), ([], 1)]
