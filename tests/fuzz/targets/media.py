"""A leg of a call on real sockets: packets from its peer and from strangers, in any order.

An input is a row of pieces: a byte that says what comes (RTP or a report, from the peer or from
a stranger, a tick, a change of the session, a key, a recording) and a byte of length.
"""

from __future__ import annotations

import os
import socket
import struct
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

from ivr.media import LegPlan, MediaEngine, MediaEvent, PortsExhausted, silence
from ivr.rtp import rtcp
from tests.fuzz.target import Target

# Loopback addresses of this process's own, so that no other test has its ports.
_HOST = f"127.79.{os.getpid() >> 8 & 255}.{os.getpid() & 255 or 1}"
_HEADER = struct.Struct("!BBHII")


def _udp(host: str = _HOST) -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    found.bind((host, 0))
    found.setblocking(False)
    return found


class Stage:
    """An engine with one leg and what is sent to it; made anew for each input."""

    folder = tempfile.TemporaryDirectory(prefix="fuzz-leg-")
    peer, control, stranger = _udp(), _udp(), _udp(f"127.80.0.{os.getpid() & 127 | 1}")
    numbers = count(1)

    def __init__(self) -> None:
        self.engine = MediaEngine(
            range(30000, 34000),
            wall_clock=lambda: 1.8e9,
            entropy=lambda size: bytes(range(7, 7 + size)),
        )
        self.leg = self.engine.open(_HOST)
        self.heard: list[MediaEvent] = []
        self.leg.listener = self.heard.append
        self.now = 0.0
        self.sequence = 0
        self.configure(0)

    def configure(self, how: int) -> None:
        self.leg.configure(
            LegPlan(
                remote=self.peer.getsockname()[:2],
                remote_rtcp=self.control.getsockname()[:2] if how & 1 == 0 else None,
                codec="PCMA" if how & 2 else "PCMU",
                payload_type=8 if how & 2 else 0,
                telephone_event=None if how & 4 else 101,
                comfort_noise=None,
                ptime_ms=(20, 10, 60, 30)[how >> 3 & 3],
                send=not how & 32,
                receive=not how & 64,
            )
        )

    def tick(self, slots: int = 1) -> None:
        for _ in range(slots):
            self.now += 0.02
            self.engine.tick(self.now)

    def close(self) -> None:
        self.engine.close()
        for udp in (self.peer, self.control, self.stranger):
            with suppress(OSError):
                while True:
                    udp.recv(2048)


def _pieces(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 2 <= len(data):
        yield data[at], data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]


def leg(data: bytes) -> None:
    stage = Stage()
    presses = 0
    try:
        for kind, given in _pieces(data):
            _do(stage, kind, given)
            presses += kind & 7 in (0, 1, 2, 5)
        stage.tick(60)
        assert len(stage.heard) <= 2 * presses + 20, "more events than packets"
        figures = stage.leg.statistics()
        assert figures.lost >= 0
        assert figures.lost_fraction >= 0
        assert figures.jitter_ms >= 0
    finally:
        stage.close()


def _do(stage: Stage, kind: int, given: bytes) -> None:
    leg = stage.leg
    match kind & 7:
        case 0:  # bytes of the peer's
            _send(stage.peer, given, leg.address)
        case 1:  # a packet that looks right, from the peer or (bit 7) a stranger
            stage.sequence += 1
            which = given[0] if given else 0
            audio = _HEADER.pack(
                0x80, which & 0xFF, stage.sequence & 0xFFFF, stage.sequence * 160, 9
            )
            udp = stage.stranger if kind & 128 else stage.peer
            _send(udp, audio + given[1:], leg.address)
        case 2:
            _send(stage.stranger, given, leg.address)
        case 3:
            udp = stage.stranger if kind & 128 else stage.control
            _send(udp, given, (leg.address[0], leg.rtcp_port))
        case 4:
            stage.tick(given[0] % 60 + 1 if given else 1)
        case 5:
            leg.press(given[:1].decode("latin-1"))
        case 6:
            stage.configure(given[0] if given else 0)
        case _:
            _program(stage, given)


def _program(stage: Stage, given: bytes) -> None:
    """What the call's own program does meanwhile."""
    leg = stage.leg
    match (given[0] if given else 0) % 8:
        case 0:
            leg.play((silence(100), b"\x10" * 300), "token")
        case 1:
            leg.stop_playing()
        case 2:
            path = Path(stage.folder.name) / f"{next(stage.numbers)}.wav"
            leg.record(path, max_s=0.5, silence_s=0.2, beep=bool(given[1:2] == b"b"))
        case 3:
            leg.stop_recording()
        case 4:
            leg.tap().slot()
            leg.announce(silence(40))
        case 5:
            leg.untap()
        case 6:
            with suppress(PortsExhausted):
                other = stage.engine.open(_HOST)
                other.configure(
                    LegPlan(leg.address, None, "PCMA", 8, 101, None, 20, send=True, receive=True)
                )
                leg.bridge(other)
        case _:
            leg.unbridge()


def _send(udp: socket.socket, data: bytes, to: tuple[str, int]) -> None:
    with suppress(OSError):
        udp.sendto(data, to)


def _piece(kind: int, given: bytes = b"") -> bytes:
    return bytes((kind, len(given))) + given


_TICK = _piece(4, b"\0")
_AUDIO = _piece(1, b"\0" + b"\xff" * 160)
_KEY = b"".join(_piece(1, b"\x65" + struct.pack("!BBH", 5, 10, at * 160)) for at in (1, 2, 3))
_REPORT = rtcp.serialize((rtcp.ReceiverReport(9, (rtcp.ReportBlock(0x0708090A),)),))
SEEDS = (
    _AUDIO * 3 + _TICK + _KEY + _TICK + _piece(3, _REPORT) + _piece(4, b"\x3b"),
    _piece(129, b"\0" + b"\x11" * 160) + _TICK + _AUDIO + _TICK + _piece(130, b"\x80\0junk"),
    _piece(6, b"\4") + _piece(7, b"\2b") + _AUDIO * 9 + _piece(4, b"\x3a") + _piece(7, b"\3"),
    _AUDIO + _TICK + _piece(7, b"\6") + (_AUDIO + _TICK) * 2 + _piece(7, b"\7") + _piece(5, b"#"),
    _AUDIO + _TICK + _piece(7, b"\4") + _piece(7, b"\0") + _TICK * 3 + _piece(6, b"\x23") + _TICK,
)

TARGETS = (
    Target(
        "media_leg",
        leg,
        (),
        lambda: SEEDS,
        (_TICK, _KEY, _piece(6, b"\x0a"), _piece(7, b"\1"), _piece(3, _REPORT), b"\x80\x00"),
        2000,
        slow_ms=400,  # some two thousand packets and minutes of ticks
        tried_in_tests=60,
        close=Stage.folder.cleanup,
    ),
)
