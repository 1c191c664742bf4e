"""Listening in at the line: who hears what, what never waits, and what is left when it is over."""

import json
import os
import socket
import stat
from pathlib import Path

import pytest
from twisted.internet import selectreactor
from twisted.internet.testing import StringTransport

from ivr.media import silence, tone
from ivr.media.tap import Tap
from ivr.responder.listening import MOST_LISTENERS, TONE_EVERY_S, Listener, Listening


class Leg:
    """A leg as far as a listener sees it."""

    def __init__(self) -> None:
        self.tapped: Tap | None = None
        self.tones = 0

    def tap(self) -> Tap:
        self.tapped = self.tapped or Tap()
        return self.tapped

    def untap(self) -> None:
        if self.tapped is not None:
            self.tapped.ended = True
        self.tapped = None

    def announce(self, _tone: bytes) -> None:
        self.tones += 1


class Call:
    def __init__(self) -> None:
        self.leg = Leg()
        self.heard_by_others = True
        self.confidential = False


class Transport(StringTransport):
    """One whose socket takes options, and that may be full."""

    def __init__(self) -> None:
        super().__init__()
        self.socket, self._other = socket.socketpair()


class Line:
    def __init__(self, *, told: bool = False, limit_s: float = 60.0) -> None:
        self.calls = {"one": Call(), "two": Call()}
        self.listening = Listening(None, Path("unused"), self.calls.get, told=told, limit_s=limit_s)
        self.now = 100.0
        self.listening.tick(self.now)

    def listener(self, call: str = "one") -> tuple[Listener, Transport]:
        listener, transport = Listener(self.listening), Transport()
        listener.makeConnection(transport)
        listener.dataReceived(json.dumps({"call": call}).encode() + b"\n")
        return listener, transport

    def tick(self, count: int = 1) -> None:
        for _ in range(count):
            self.now += 0.02
            self.listening.tick(self.now)


def read(data: bytes) -> tuple[dict[str, object], list[tuple[bytes, bytes]]]:
    """The answer, and the pieces after it."""
    line, _, rest = data.partition(b"\n")
    pieces = []
    while rest:
        size = int.from_bytes(rest[1:3], "big")
        pieces.append((rest[:1], rest[3 : 3 + size]))
        rest = rest[3 + size :]
    return json.loads(line), pieces


def test_sound_comes_every_20_ms_and_the_tap_goes_with_the_listener() -> None:
    line = Line()
    listener, transport = line.listener()
    said = tone(440.0, ms=200)
    leg = line.calls["one"].leg
    assert leg.tapped is not None
    for at in range(10):
        leg.tapped.sent(said[at * 160 : at * 160 + 160])
    line.tick(12)
    answer, pieces = read(transport.value())
    assert answer == {"listening": True}
    assert {kind for kind, _ in pieces} == {b"S"}
    assert 11 <= len(pieces) <= 12
    assert said in b"".join(sound for _, sound in pieces)
    listener.connectionLost()
    assert leg.tapped is None
    line.tick(5)
    assert not line.listening._ears


def test_two_who_listen_to_one_call_hear_the_same() -> None:
    line = Line()
    first, one = line.listener()
    _second, two = line.listener()
    line.tick(10)
    assert read(one.value()) == read(two.value())
    first.connectionLost()
    assert line.calls["one"].leg.tapped is not None, "somebody listens yet"


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (b'{"call": "nobody"}\n', "gone"),
        (b"hello\n", "misunderstood"),
        (b"x" * 600, "misunderstood"),
        (b"[" * 20_000 + b"\n", "misunderstood"),
    ],
)
def test_what_cannot_be_heard_is_refused(asked: bytes, why: str) -> None:
    line = Line()
    listener, transport = Listener(line.listening), Transport()
    listener.makeConnection(transport)
    listener.dataReceived(asked)
    assert read(transport.value())[0] == {"refused": why}
    assert transport.disconnecting


def test_a_call_that_is_not_answered_yet_is_not_heard() -> None:
    line = Line()
    line.calls["one"].heard_by_others = False
    _, transport = line.listener()
    assert read(transport.value())[0] == {"refused": "gone"}
    assert line.calls["one"].leg.tapped is None


def test_so_many_may_listen_and_no_more() -> None:
    line = Line()
    for _ in range(MOST_LISTENERS):
        line.listener()
    _, transport = line.listener("two")
    assert read(transport.value())[0] == {"refused": "busy"}


def test_the_end_of_the_call_the_limit_and_the_stop_are_said() -> None:
    line = Line(limit_s=0.1)
    _, ended = line.listener("one")
    _, limited = line.listener("two")
    line.calls["one"].leg.untap()
    line.tick()
    assert json.loads(read(ended.value())[1][-1][1]) == {"ended": "call"}
    line.tick(6)
    assert json.loads(read(limited.value())[1][-1][1]) == {"ended": "limit"}
    assert line.calls["two"].leg.tapped is None
    _, stopped = line.listener("two")
    line.listening.stop()
    assert json.loads(read(stopped.value())[1][-1][1]) == {"ended": "stopping"}


def test_who_does_not_keep_up_loses_the_oldest_and_holds_nobody_up() -> None:
    line = Line()
    listener, transport = line.listener()
    transport.clear()
    listener.pauseProducing()
    line.tick(500)
    assert transport.value() == b""
    listener.resumeProducing()
    _, pieces = read(b"{}\n" + transport.value())
    assert len(pieces) == 25


def test_after_a_stall_little_is_made_up() -> None:
    line = Line()
    _, transport = line.listener()
    line.now += 5.0
    line.tick()
    assert len(read(transport.value())[1]) <= 11


def test_confidence_is_kept_from_its_first_tick_on_and_said() -> None:
    line = Line()
    _, transport = line.listener()
    call = line.calls["one"]
    assert call.leg.tapped is not None
    call.confidential = True
    line.tick()
    assert call.leg.tapped.confidential
    for number in range(20):
        call.leg.tapped.heard(number, tone(440.0, ms=20))
        line.tick()
    call.confidential = False
    line.tick()
    told = [json.loads(data) for kind, data in read(transport.value())[1] if kind == b"J"]
    assert told == [{"confidential": True}, {"confidential": False}]
    sounds = [data for kind, data in read(transport.value())[1] if kind == b"S"]
    assert set(b"".join(sounds)) <= set(silence(20)) | {0x7F}


@pytest.mark.parametrize("told", [True, False])
def test_the_caller_is_told_by_a_tone_where_the_line_is_set_so(told: bool) -> None:
    line = Line(told=told)
    line.listener()
    leg = line.calls["one"].leg
    assert leg.tones == (1 if told else 0)
    line.tick(int(TONE_EVERY_S / 0.02) + 2)
    assert leg.tones == (2 if told else 0)


def test_only_the_lines_own_user_may_open_the_socket(tmp_path: Path) -> None:
    reactor = selectreactor.SelectReactor()
    path = tmp_path / "listening.sock"
    path.write_text("left by a line that was killed")
    listening = Listening(reactor, path, {}.get, told=False)
    listening.start()
    mode = os.stat(path).st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600
    listening.stop()
    assert not path.exists()


def test_a_path_too_long_for_a_socket_keeps_no_call_from_being_answered(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    listening = Listening(
        selectreactor.SelectReactor(), folder / "listening.sock", {}.get, told=False
    )
    listening.start()
    listening.tick(1.0)
    listening.stop()
