"""The sound's process as the responder keeps it: slow to start, silent, and slow to die."""

import os
import subprocess
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.task import Clock

from ivr.responder import media_process
from ivr.responder.media_process import LET_DIE_S, SILENCE_S, START_LIMIT_S, MediaProcess
from ivr.responder.ticker import Deadlines


class Reactor(Clock):
    """A clock with the reactor's doors for descriptors."""

    def __init__(self) -> None:
        super().__init__()
        self.readers: set[Any] = set()

    def addReader(self, reader: Any) -> None:  # noqa: N802 - Twisted's name
        self.readers.add(reader)

    def removeReader(self, reader: Any) -> None:  # noqa: N802
        self.readers.discard(reader)

    def addWriter(self, writer: Any) -> None:  # noqa: N802
        pass

    def removeWriter(self, writer: Any) -> None:  # noqa: N802
        pass


class Process:
    """What is started: it holds its end of the wire, and dies when the test lets it."""

    def __init__(self, command: list[str], *, pass_fds: tuple[int], stdin: int) -> None:
        self.end = os.dup(pass_fds[0])
        self.pid = 4711 + len(started)
        self.killed = False
        self.status: int | None = None
        self.returncode: int | None = None
        started.append(self)

    def poll(self) -> int | None:
        self.returncode = self.status
        return self.status

    def kill(self) -> None:
        self.killed = True

    def wait(self, timeout: float | None = None) -> int:
        if self.status is None:
            assert timeout is not None, "the reactor waits for a process that may hang on a disk"
            assert timeout == 0
            raise subprocess.TimeoutExpired("sound", timeout)
        return self.status

    def die(self) -> None:
        self.status = -9
        os.close(self.end)


started: list[Process] = []


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Reactor, MediaProcess]]:
    started.clear()
    reactor, deadlines = Reactor(), Deadlines()
    deadlines.now = 0.0
    monkeypatch.setattr(media_process, "time", SimpleNamespace(monotonic=reactor.seconds))
    monkeypatch.setattr(media_process.subprocess, "Popen", Process)
    media = MediaProcess(
        reactor, deadlines, range(21_000, 21_004), entropy=os.urandom, silent_after_s=30.0
    )
    media.start()
    reactor.deadlines = deadlines  # type: ignore[attr-defined]
    yield reactor, media
    for one in started:
        if one.status is None:
            one.die()


def pass_time(reactor: Any, seconds: float) -> None:
    for _ in range(round(seconds / 0.1)):
        reactor.advance(0.1)
        reactor.deadlines.tick(reactor.seconds())


def test_a_process_that_is_slow_to_start_on_a_busy_machine_is_not_killed_for_it(house) -> None:
    reactor, media = house
    pass_time(reactor, 3 * SILENCE_S)
    assert media.running
    assert len(started) == 1
    pass_time(reactor, START_LIMIT_S - 3 * SILENCE_S + 1.0)
    assert started[0].killed, "but for ever nobody waits"


def test_the_reactor_does_not_wait_for_a_process_that_hangs_on_its_disk(house) -> None:
    reactor, media = house
    media._heard = True
    pass_time(reactor, SILENCE_S + 1.0)
    assert started[0].killed
    assert media.restarts == 1
    # A successor begins once it is gone: two would write one recording and read one socket.
    assert len(started) == 1
    started[0].die()
    pass_time(reactor, 0.2)
    assert len(started) == 2
    assert media.running


def test_one_that_cannot_die_is_not_waited_for_by_callers(house) -> None:
    reactor, media = house
    media._heard = True
    pass_time(reactor, SILENCE_S + LET_DIE_S + 1.0)
    assert started[0].status is None
    assert len(started) == 2
    assert media.running


def test_a_fault_of_who_hears_the_pulse_leaves_the_wire_on_the_reactor(house) -> None:
    reactor, media = house

    def fail(_: Any) -> None:
        raise LookupError("a fault")

    media.on_pulse = fail
    media._take(("pulse", 0.1, 0.2, 0.3, 0))
    assert media.pulse.missed == 0
    assert media in reactor.readers


def test_a_clock_that_is_set_back_does_not_keep_the_next_process_waiting(house) -> None:
    reactor, media = house
    media._heard = True
    started[0].die()
    media.doRead()
    assert not media.running
    for call in reactor.getDelayedCalls():
        call.cancel()  # the reactor's own calls go by the wall clock, and wait for an hour now
    pass_time(reactor, 0.5)
    assert media.running
