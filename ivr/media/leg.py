"""One call's media: a socket pair, what plays out of it and what is heard in it."""

import socket
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ivr.media.events import DigitPressed, MediaEvent, PlaybackFinished
from ivr.media.plan import Plan
from ivr.media.playout import Playout
from ivr.media.statistics import LegStatistics
from ivr.rtp.g711 import ulaw_to_alaw_table

if TYPE_CHECKING:
    from ivr.media.engine import MediaEngine

samples_per_ms: Final = 8
_keys: Final = frozenset("0123456789*#ABCD")
_pack_header = struct.Struct("!BBHII").pack


def _ignore(event: MediaEvent) -> None:
    """The listener of a leg that has none yet."""


class Leg:
    """One end of a call's sound. Made by MediaEngine.open."""

    __slots__ = (
        "_alaw",
        "_clock_offset",
        "_closed",
        "_due",
        "_engine",
        "_frame",
        "_plan",
        "_playout",
        "_rtcp",
        "_rtp",
        "_send",
        "_sequence",
        "_ssrc",
        "_talking",
        "address",
        "listener",
        "octets_sent",
        "packets_sent",
        "rtcp_port",
    )

    def __init__(self, engine: "MediaEngine", rtp: socket.socket, rtcp: socket.socket) -> None:
        self._engine = engine
        self._rtp = rtp
        self._rtcp = rtcp
        host, port = rtp.getsockname()[:2]
        self.address: tuple[str, int] = (host, port)
        self.rtcp_port: int = rtcp.getsockname()[1]
        self.listener: Callable[[MediaEvent], None] = _ignore
        random = engine.entropy(10)
        self._ssrc = int.from_bytes(random[:4], "big")
        self._clock_offset = int.from_bytes(random[4:8], "big")
        self._sequence = int.from_bytes(random[8:], "big")
        self._plan: Plan | None = None
        self._playout = Playout()
        self._send: Callable[[bytes], int] | None = None
        self._alaw = False
        self._frame = 160
        self._due = 0
        self._talking = False
        self._closed = False
        self.packets_sent = 0
        self.octets_sent = 0

    def configure(self, plan: Plan) -> None:
        """Take what signalling agreed, at first and after every re-INVITE."""
        self._plan = plan
        self._alaw = plan.codec == "PCMA"
        self._frame = plan.ptime_ms * samples_per_ms
        remote, sendto = plan.remote, self._rtp.sendto
        self._send = lambda data: sendto(data, remote)
        self._start()

    def play(self, audio: Sequence[bytes], token: object = None) -> None:
        """Queue 8 kHz µ-law segments as one clip; PlaybackFinished(token) follows."""
        self._playout.play(audio, token)
        self._start()

    def loop(self, audio: bytes) -> None:
        """Play over and over until stop_playing, or until something else is played."""
        self._playout.loop(audio)
        self._start()

    def stop_playing(self) -> None:
        """Drop what plays and waits; no PlaybackFinished for it."""
        self._playout.stop()
        self._stop()

    def record(self, path: Path, *, max_s: float, silence_s: float | None, beep: bool) -> None:
        """Record the caller's side to a WAV file; RecordingEnded follows."""
        raise NotImplementedError

    def stop_recording(self) -> None:
        """RecordingEnded follows, once the file is complete."""
        raise NotImplementedError

    def bridge(self, other: "Leg") -> None:
        """Join the sound of two legs, both ways."""
        raise NotImplementedError

    def unbridge(self) -> None:
        """Part them again."""
        raise NotImplementedError

    def press(self, key: str) -> None:
        """Take a key that came by SIP INFO into the same stream as the others."""
        if key in _keys:
            self._engine.post(self, DigitPressed(key, "info"))

    def statistics(self) -> LegStatistics:
        """What the path is like so far, both ways."""
        return LegStatistics(packets_sent=self.packets_sent, octets_sent=self.octets_sent)

    def close(self) -> None:
        """End it; nothing is told afterwards but the end of a recording."""
        if self._closed:
            return
        self._closed = True
        self._playout.stop()
        self._stop()
        self._rtp.close()
        self._rtcp.close()
        self._engine.forget(self)

    # -- the engine's side

    def _start(self) -> None:
        plan = self._plan
        if self._talking or self._closed or plan is None or not plan.send:
            return
        if self._playout.active:
            self._talking = True
            self._due = max(self._due, self._engine.clock)
            self._engine.started(self)

    def _stop(self) -> None:
        if self._talking:
            self._talking = False
            self._engine.stopped(self)

    def send_due(self, until: int) -> bool:
        """Send the frames due before `until` (samples); False when all has been played."""
        send = self._send
        assert send is not None  # noqa: S101
        plan = self._plan
        assert plan is not None  # noqa: S101
        while self._due < until:
            frame = self._playout.next_frame(self._frame)
            if self._playout.finished:
                for token in self._playout.finished:
                    self._engine.post(self, PlaybackFinished(token))
                self._playout.finished.clear()
            if frame is None:
                self._talking = False
                return False
            if self._alaw:
                frame = frame.translate(ulaw_to_alaw_table)
            sequence = self._sequence
            timestamp = self._clock_offset + self._due & 0xFFFFFFFF
            self._sequence = sequence + 1 & 0xFFFF
            self._due += self._frame
            try:
                send(_pack_header(0x80, plan.payload_type, sequence, timestamp, self._ssrc) + frame)
            except OSError:
                continue
            self.packets_sent += 1
            self.octets_sent += len(frame)
        return True
