"""Listening in: a Unix socket by which the desk hears a call while it lasts.

Who may listen, why, and that it is written down first is the desk's business; whoever can open
the socket (the line's own user) is believed. One line of JSON asks, `{"call": id}`; one answers,
`{"listening": true}` or `{"refused": why}`. Then come pieces, each with a byte that says what it
is and two bytes of length, big-endian: `S` is 20 ms of both sides (µ-law, 160 bytes), `J` is an
object of JSON: `{"confidential": true}` while the caller keys something secret and is not heard,
`{"ended": why}` as the last.

Nothing waits for a listener. What the socket does not take is kept for half a second, then the
oldest is dropped; when the socket closes, the call ends or the time is over, the tap is taken
off the leg. Where the caller is to know, a tone is laid over what is said (`LISTENING_IN=tone`):
two at the beginning and one every 15 s, 1400 Hz as in ITU-T E.180's tone for a call that is
recorded.
"""

import json
import logging
import os
import socket
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Factory
from twisted.internet.protocol import Protocol as Connection
from zope.interface import implementer

from ivr.media import Leg, Tap, silence, tone

SLOT_S: Final = 0.02
MOST_LISTENERS: Final = 8
"""At once, over all calls: each costs the reactor some 20 µs of every 20 ms."""
LIMIT_S: Final = 1800.0
TONE_EVERY_S: Final = 15.0
_MADE_UP: Final = 10  # slots at most in one tick, after a stall
_KEPT: Final = 25  # pieces kept for a socket that takes none: half a second
_LONGEST_QUESTION: Final = 500
_SOCKET_BYTES: Final = 8192
_TRANSPORT_BYTES: Final = 4096

log = logging.getLogger(__name__)


class ListenedCall(Protocol):
    """What is asked of a call."""

    @property
    def leg(self) -> Leg: ...
    @property
    def heard_by_others(self) -> bool: ...
    @property
    def confidential(self) -> bool: ...


class _Ear:
    """One call that is listened in to, and who does."""

    __slots__ = ("call", "given", "listeners", "origin", "tap", "tone_at")

    def __init__(self, call: ListenedCall, tap: Tap, now: float) -> None:
        self.call = call
        self.tap = tap
        self.listeners: list[Listener] = []
        self.origin = now
        self.given = 0
        self.tone_at = now


class Listening:
    """All who listen in. `find` gives a call that is up by the id of its record."""

    def __init__(
        self,
        reactor: Any,
        path: Path,
        find: Callable[[str], ListenedCall | None],
        *,
        told: bool,
        limit_s: float = LIMIT_S,
    ) -> None:
        self._reactor = reactor
        self._path = path
        self._find = find
        self._told = told
        self._limit_s = limit_s
        self._ears: dict[str, _Ear] = {}
        self._port: Any = None
        self._open: set[Listener] = set()
        self.now = 0.0

    # --- life
    def start(self) -> None:
        """Listen on the socket; only the line's own user may open it.

        Where that cannot be (a path too long for a socket), calls are answered all the same.
        """
        self._path.unlink(missing_ok=True)
        factory = Factory.forProtocol(lambda: Listener(self))
        factory.noisy = False
        before = os.umask(0o177)
        try:
            self._port = self._reactor.listenUNIX(str(self._path), factory, mode=0o600)
        except CannotListenError as error:
            log.error("Nobody can listen in: %s", error)
        finally:
            os.umask(before)

    def stop(self) -> None:
        """Tell all who listen that it is over, and close."""
        for listener in list(self._open):
            listener.end("stopping")
        if self._port is not None:
            self._port.stopListening()
            self._port = None
            self._path.unlink(missing_ok=True)

    # --- what listeners ask
    def opened(self, listener: "Listener") -> None:
        """The desk has connected."""
        self._open.add(listener)

    def begin(self, listener: "Listener", call_id: str) -> str:
        """Let it hear the call; returns why not, or an empty text."""
        if sum(len(ear.listeners) for ear in self._ears.values()) >= MOST_LISTENERS:
            return "busy"
        call = self._find(call_id)
        if call is None or not call.heard_by_others:
            return "gone"
        ear = self._ears.get(call_id)
        if ear is None:
            ear = self._ears[call_id] = _Ear(call, call.leg.tap(), self.now)
            ear.tap.confide(call.confidential)
            if self._told:
                call.leg.announce(_FIRST_TONE)
                ear.tone_at = self.now + TONE_EVERY_S
        ear.listeners.append(listener)
        listener.until = self.now + self._limit_s
        listener.confidential = False
        return ""

    def closed(self, listener: "Listener") -> None:
        """It has gone: nobody left on a call, no tap."""
        self._open.discard(listener)
        for call_id, ear in list(self._ears.items()):
            if listener in ear.listeners:
                ear.listeners.remove(listener)
                if not ear.listeners:
                    del self._ears[call_id]
                    ear.call.leg.untap()

    # --- every 20 ms
    def tick(self, now: float) -> None:
        """Hand on what is due; nothing is due where nobody listens."""
        self.now = now
        if not self._ears:
            return
        for ear in list(self._ears.values()):
            if ear.tap.ended:
                for listener in list(ear.listeners):
                    listener.end("call")
                continue
            ear.tap.confide(ear.call.confidential)
            due = int((now - ear.origin) / SLOT_S)
            if due - ear.given > _MADE_UP:
                ear.given = due - _MADE_UP
            while ear.given < due:
                ear.given += 1
                piece = ear.tap.slot()
                for listener in ear.listeners:
                    listener.hear(piece, confidential=ear.tap.confidential)
            if self._told and now >= ear.tone_at:
                ear.tone_at = now + TONE_EVERY_S
                ear.call.leg.announce(_TONE)
            for listener in list(ear.listeners):
                if now >= listener.until:
                    listener.end("limit")


@implementer(IPushProducer)
class Listener(Connection):
    """One connection of the desk's."""

    def __init__(self, listening: Listening) -> None:
        self._listening = listening
        self._question = b""
        self._asked = False
        self._paused = False
        self._waiting: deque[bytes] = deque(maxlen=_KEPT)
        self._clock: Any = None
        self.until = 0.0
        self.confidential = False

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's
        """Begin: little may wait on the way, or what is heard would be old."""
        transport: Any = self.transport
        transport.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BYTES)
        transport.bufferSize = _TRANSPORT_BYTES
        transport.registerProducer(self, True)
        self._listening.opened(self)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Take the question; what comes after it is no concern of ours."""
        if self._asked:
            return
        self._question += data
        line, end, _ = self._question.partition(b"\n")
        if not end and len(self._question) <= _LONGEST_QUESTION:
            return
        self._asked = True
        try:
            asked = json.loads(line)
            call_id = str(asked["call"])
        except (ValueError, KeyError, TypeError, RecursionError):
            why = "misunderstood"
        else:
            why = self._listening.begin(self, call_id)
        answer = {"refused": why} if why else {"listening": True}
        self._send(json.dumps(answer).encode() + b"\n")
        if why:
            self._leave()

    def connectionLost(self, reason: Any = None) -> None:  # noqa: N802
        """The desk has gone, in whatever way."""
        self._listening.closed(self)

    # --- what is heard
    def hear(self, sound: bytes, *, confidential: bool) -> None:
        """Send 20 ms."""
        if confidential != self.confidential:
            self.confidential = confidential
            self._send(_piece(b"J", json.dumps({"confidential": confidential}).encode()))
        self._send(_piece(b"S", sound))

    def end(self, why: str) -> None:
        """Say why it is over, and close."""
        self._listening.closed(self)
        self._waiting.clear()
        transport: Any = self.transport
        transport.write(_piece(b"J", json.dumps({"ended": why}).encode()))
        self._leave()

    def _leave(self) -> None:
        transport: Any = self.transport
        transport.unregisterProducer()
        transport.loseConnection()

    def _send(self, data: bytes) -> None:
        if self._paused:
            self._waiting.append(data)
        else:
            transport: Any = self.transport
            transport.write(data)

    # --- a desk that does not keep up
    def pauseProducing(self) -> None:  # noqa: N802
        """The socket takes no more for now."""
        self._paused = True

    def resumeProducing(self) -> None:  # noqa: N802
        """It does again: what was kept comes first."""
        self._paused = False
        while self._waiting and not self._paused:
            transport: Any = self.transport
            transport.write(self._waiting.popleft())

    def stopProducing(self) -> None:  # noqa: N802
        """The connection is lost; `connectionLost` follows."""


def _piece(kind: bytes, data: bytes) -> bytes:
    return kind + len(data).to_bytes(2, "big") + data


_TONE: Final = tone(1400.0, ms=200, dbov=-26.0)
_FIRST_TONE: Final = _TONE + silence(200) + _TONE
