"""Legs whose sound is made in the media process, and what is kept of them in case it dies.

A word to a leg is a message, and a leg tells its listener what the other process has told. Ports
are bound here and the sockets passed on, so that a leg has its address at once and a full range
is known at once; the duplicates stay here. When the media process dies, the sockets are handed to
its successor with all that was agreed and asked: calls go on after a gap, a clip that played
begins again, a recording goes on in the same file where it was cut off.

Knows no reactor: `wake` is called when there is something to send.
"""

import logging
import socket
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from ivr.media.events import MediaEvent, PlaybackFinished, RecordingEnded
from ivr.media.plan import LegPlan, Plan
from ivr.media.ports import PortPool
from ivr.media.sounds import Sounds
from ivr.media.srtp import SrtpPlan, StreamKeys
from ivr.media.statistics import LegStatistics
from ivr.media.tap import SLOT
from ivr.media.wire import Message, Wire
from ivr.rtp.g711 import silence_ulaw

_silence: Final = bytes((silence_ulaw,)) * SLOT
_tap_ahead: Final = 2  # pieces held before a listener is given the first: both clocks jitter
_tap_kept: Final = 12
_least_left_s: Final = 0.1
_plan_fields: Final = tuple(field.name for field in fields(LegPlan) if field.name != "srtp")
_key_fields: Final = tuple(field.name for field in fields(StreamKeys))
_most_sources: Final = 4

log = logging.getLogger(__name__)


def _own(plan: Plan) -> LegPlan:
    """The plan as this room's own kind, its keys too: what unpickles it elsewhere imports nothing
    (importing took 25 ms there, a gap in every call)."""
    keys = plan.srtp
    return LegPlan(
        **{name: getattr(plan, name) for name in _plan_fields},
        srtp=keys and StreamKeys(**{name: getattr(keys, name) for name in _key_fields}),
    )


def _ignore(event: MediaEvent) -> None:
    """The listener of a leg that has none yet."""


@dataclass(slots=True)
class _Clip:
    """One that waits or plays there, under a number of ours."""

    number: int
    segments: tuple[bytes, ...]
    token: object


@dataclass(slots=True)
class _Recording:
    """One that has been asked for and not told as ended."""

    path: Path
    max_s: float
    silence_s: float | None
    beep: bool
    began_s: float | None = None
    stopping: bool = False


class RemoteTap:
    """The pieces that come from a tap there, given out one every 20 ms here."""

    __slots__ = ("_confide", "_flowing", "_pieces", "confidential", "ended")

    def __init__(self, confide: Callable[[bool], None]) -> None:
        self._confide = confide
        self._pieces: deque[bytes] = deque(maxlen=_tap_kept)
        self._flowing = False
        self.confidential = False
        self.ended = False

    def confide(self, wanted: bool) -> None:
        """Hear nothing of the caller's side, nor of what is still held; or hear it again."""
        if wanted != self.confidential:
            self.confidential = wanted
            if wanted:
                self._pieces.clear()
            self._confide(wanted)

    def take(self, piece: bytes) -> None:
        """Keep a piece that has come."""
        self._pieces.append(piece)

    def slot(self) -> bytes:
        """The next 20 ms of both sides, µ-law."""
        self._flowing = len(self._pieces) >= (1 if self._flowing else _tap_ahead)
        return self._pieces.popleft() if self._flowing else _silence


class RemoteLeg:
    """One end of a call's sound, made elsewhere. Made by RemoteEngine.open."""

    __slots__ = (
        "_clips",
        "_engine",
        "_looping",
        "_loud",
        "_next_clip",
        "_partner",
        "_plan",
        "_reached",
        "_recordings",
        "_sockets",
        "_tap",
        "_told",
        "address",
        "closed",
        "listener",
        "number",
        "over",
        "rtcp_port",
    )

    def __init__(
        self, engine: "RemoteEngine", number: int, sockets: tuple[socket.socket, socket.socket]
    ) -> None:
        self._engine = engine
        self.number = number
        self._sockets = sockets
        host, port = sockets[0].getsockname()[:2]
        self.address: tuple[str, int] = (host, port)
        self.rtcp_port: int = sockets[1].getsockname()[1]
        self.listener: Callable[[MediaEvent], None] = _ignore
        self.closed = False
        self.over = False  # closed there too
        self._plan: LegPlan | None = None
        self._reached: dict[int, int] = {}  # sources that encrypt, and how far they have counted
        self._loud = False
        self._clips: deque[_Clip] = deque()
        self._next_clip = 0
        self._looping: bytes | None = None
        self._partner: RemoteLeg | None = None
        self._tap: RemoteTap | None = None
        self._recordings: list[_Recording] = []
        self._told: Callable[[LegStatistics], None] | None = None

    # -- the door

    def configure(self, plan: Plan) -> None:
        """Take what signalling agreed, at first and after every re-INVITE."""
        if self.closed:
            return
        before, self._plan = self._plan, _own(plan)
        if before is not None and not _same_stream(before.srtp, self._plan.srtp):
            self._reached.clear()
        self._say("configure", self._plan)

    def play(self, audio: Sequence[bytes], token: object = None) -> None:
        """Queue 8 kHz µ-law segments as one clip; PlaybackFinished(token) follows."""
        if self.closed:
            return
        clip = _Clip(self._next_clip, tuple(audio), token)
        self._next_clip += 1
        self._looping = None
        self._clips.append(clip)
        self._engine.play(self, clip.segments, clip.number)

    def louder(self, wanted: bool) -> None:
        """Have all that is played from here on louder, or as it is."""
        if self._loud != wanted:
            self._loud = wanted
            self._say("louder", wanted)

    def loop(self, audio: bytes) -> None:
        """Play over and over until stop_playing, or until something else is played."""
        if not audio:
            raise ValueError("nothing to loop: the audio is empty")
        if not self.closed:
            self._clips.clear()
            self._looping = audio
            self._engine.loop(self, audio)

    def stop_playing(self) -> None:
        """Drop what plays and waits; no PlaybackFinished for it."""
        self._clips.clear()
        self._looping = None
        for recording in self._recordings:
            recording.beep = False  # it begins without its tone
        self._say("stop_playing")

    def record(self, path: Path, *, max_s: float, silence_s: float | None, beep: bool) -> None:
        """Record the caller's side to a WAV file; RecordingEnded follows."""
        if self.closed:
            return
        for earlier in self._recordings:
            earlier.stopping = True
        self._recordings.append(_Recording(path, max_s, silence_s, beep))
        self._say("record", path, max_s, silence_s, beep, False)

    def stop_recording(self) -> None:
        """RecordingEnded follows, once the file is complete."""
        for recording in self._recordings:
            recording.stopping = True
        self._say("stop_recording")

    def bridge(self, other: "RemoteLeg") -> None:
        """Join the sound of two legs, both ways."""
        self.unbridge()
        other.unbridge()
        self._partner, other._partner = other, self
        self._say("bridge", other.number)

    def unbridge(self) -> None:
        """Part them again."""
        other, self._partner = self._partner, None
        if other is not None:
            other._partner = None
            self._say("unbridge")

    def press(self, key: str) -> None:
        """Take a key that came by SIP INFO into the same stream as the others."""
        self._say("press", key)

    def tap(self) -> RemoteTap:
        """Let somebody listen in, until `untap` or the end of the leg."""
        if self._tap is None:
            self._tap = RemoteTap(lambda wanted: self._say("confide", wanted))
            self._tap.ended = self.closed
            self._say("tap")
        return self._tap

    def untap(self) -> None:
        """Nobody listens any more."""
        tap, self._tap = self._tap, None
        if tap is not None:
            tap.ended = True
            self._say("untap")

    def announce(self, tone: bytes) -> None:
        """Lay a tone over what is sent to the caller, while tapped."""
        if self._tap is not None:
            self._say("announce", tone)

    def close(self, told: Callable[[LegStatistics], None] | None = None) -> None:
        """End it; nothing is told afterwards but the end of a recording, and `told`, once."""
        if self.closed:
            if told is not None:
                told(LegStatistics())
            return
        self.unbridge()
        if self._tap is not None:
            self._tap.ended = True
            self._tap = None
        self._say("close")
        self.closed = True
        self._told = told
        self._clips.clear()
        self._looping = None
        self._engine.closing(self)

    # -- what the other process tells

    def hear(self, event: MediaEvent) -> None:
        """Pass an event on, unless what it tells of has been called off meanwhile."""
        if isinstance(event, RecordingEnded):
            self._recordings = [one for one in self._recordings if one.path != event.path]
            try:
                self.listener(event)
            finally:
                self._engine.settle(self)
            return
        if self.closed:
            return
        if isinstance(event, PlaybackFinished):
            while self._clips and self._clips[0].number != event.token:
                if self._clips[0].number > event.token:  # type: ignore[operator] # ours: an int
                    return
                self._clips.popleft()
            if not self._clips:
                return
            event = PlaybackFinished(self._clips.popleft().token)
        self.listener(event)

    def recording_began(self, now_s: float) -> None:
        """The caller is heard for the newest recording."""
        if self._recordings and self._recordings[-1].began_s is None:
            self._recordings[-1].began_s = now_s

    def srtp_reached(self, key: bytes, ssrc: int, index: int) -> None:
        """Keep how far a source has counted, unless it was under a key that is no more."""
        if self._plan is None or self._plan.srtp is None or self._plan.srtp.receive != key:
            return
        if ssrc not in self._reached and len(self._reached) >= _most_sources:
            del self._reached[next(iter(self._reached))]
        self._reached[ssrc] = index

    def tapped(self, piece: bytes) -> None:
        """20 ms for whoever listens in."""
        if self._tap is not None:
            self._tap.take(piece)

    def ended(self, statistics: LegStatistics) -> None:
        """Closed there as well."""
        self.over = True
        told, self._told = self._told, None
        try:
            if told is not None:
                told(statistics)
        finally:
            self._engine.settle(self)

    @property
    def settled(self) -> bool:
        """Whether nothing of it is left over there."""
        return self.over and not self._recordings

    def release(self) -> None:
        """Close our duplicates."""
        for udp in self._sockets:
            udp.close()

    # -- a new process

    def hand_over(self, now_s: float) -> None:
        """Give it all to a process that knows nothing yet; bridges follow once all are there."""
        if self._tap is not None:
            self._say("tap")
            self._say("confide", self._tap.confidential)
        if self._plan is not None:
            self._say("configure", self._plan)
            for ssrc, index in self._reached.items():
                self._say("follow", ssrc, index)
        if self._loud:
            self._say("louder", True)
        if self._looping is not None:
            self._engine.loop(self, self._looping)
        for clip in self._clips:
            self._engine.play(self, clip.segments, clip.number)
        for one in self._recordings:
            left_s = one.max_s - (now_s - one.began_s if one.began_s is not None else 0.0)
            beep = one.beep and one.began_s is None and not one.stopping
            self._say("record", one.path, max(left_s, _least_left_s), one.silence_s, beep, True)
            if one.stopping:
                self._say("stop_recording")
        if self.closed:
            self._say("close")

    def bridge_anew(self) -> None:
        """Join it to its partner in the new process; each pair once."""
        if self._partner is not None and self.number < self._partner.number:
            self._say("bridge", self._partner.number)

    @property
    def descriptors(self) -> tuple[int, int]:
        """Of RTP and RTCP."""
        return self._sockets[0].fileno(), self._sockets[1].fileno()

    def _say(self, verb: str, *words: Any) -> None:
        if not self.closed or verb in _even_when_closed:
            self._engine.say(verb, self.number, *words)


def _same_stream(one: SrtpPlan | None, other: SrtpPlan | None) -> bool:
    """Whether a peer counts on from one offer and answer to the next (RFC 4568 §6.4)."""
    if one is None or other is None:
        return False
    return (one.suite, one.receive) == (other.suite, other.receive)


_even_when_closed: Final = frozenset({"record", "stop_recording", "close", "configure"})


class RemoteEngine:
    """Opens legs whose sound another process makes.

    `wake` asks to have `wire` sent soon; `monotonic` gives seconds. Without a wire (before the
    first process, and between two) what is asked is kept in the legs.
    """

    def __init__(
        self,
        ports: range,
        *,
        entropy: Callable[[int], bytes],
        wake: Callable[[], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._ports = PortPool(ports, int.from_bytes(entropy(4), "big"))
        self._wake = wake
        self._monotonic = monotonic
        self._legs: dict[int, RemoteLeg] = {}
        self._next = 0
        self._open = 0
        self._sounds = Sounds(self.say)
        self.wire: Wire | None = None

    @property
    def legs(self) -> int:
        """Legs open now."""
        return self._open

    def open(self, host: str) -> RemoteLeg:
        """A leg on a port pair of its own, on `host`; PortsExhausted."""
        leg = RemoteLeg(self, self._next, self._ports.take(host))
        self._next += 1
        self._legs[leg.number] = leg
        self._open += 1
        self._offer(leg, anew=False)
        return leg

    # -- the process

    def begin(self, wire: Wire) -> None:
        """Another process is there: give it every leg."""
        self.wire = wire
        self._sounds.clear()
        now_s = self._monotonic()
        for leg in self._legs.values():
            self._offer(leg, anew=True)
            leg.hand_over(now_s)
        for leg in self._legs.values():
            leg.bridge_anew()
        self._sounds.trim()

    def lost(self) -> None:
        """The process is gone: legs that were closing have closed."""
        self.wire = None
        for leg in list(self._legs.values()):
            if leg.closed and not leg.over:
                try:
                    leg.ended(LegStatistics())
                except Exception:  # one call's fault must not keep the others from a new process
                    log.exception("The end of a call's sound could not be told")

    def take(self, message: Message) -> None:
        """Act on one message of the other process's."""
        verb, number, *words = message
        leg = self._legs.get(number)
        if leg is None:
            return
        match verb:
            case "told":
                leg.hear(words[0])
            case "heard":
                leg.tapped(words[0])
            case "began":
                leg.recording_began(self._monotonic())
            case "reached":
                leg.srtp_reached(*words)
            case "closed":
                if not leg.over:
                    leg.ended(words[0])

    # -- for legs

    def say(self, verb: str, *words: Any) -> None:
        """Add a message to what is sent next; nothing while there is nobody to send it to."""
        if self.wire is not None:
            self.wire.say(verb, *words)
            self._wake()

    def play(self, leg: RemoteLeg, segments: Sequence[bytes], clip: int) -> None:
        """Have a clip played."""
        if self.wire is not None:
            self.say("play", leg.number, self._sounds.numbers(segments), clip)
            self._sounds.trim()

    def loop(self, leg: RemoteLeg, audio: bytes) -> None:
        """Have something played over and over."""
        if self.wire is not None:
            self.say("loop", leg.number, *self._sounds.numbers((audio,)))
            self._sounds.trim()

    def closing(self, leg: RemoteLeg) -> None:
        """A leg is being closed; where nobody is there to close it, it is closed."""
        self._open -= 1
        if self.wire is None:
            leg.ended(LegStatistics())

    def settle(self, leg: RemoteLeg) -> None:
        """Let go of a leg of which nothing is left."""
        if leg.settled and self._legs.pop(leg.number, None) is not None:
            leg.release()
            self._ports.give_back(leg.address[1])

    def close_all(self) -> None:
        """Close every leg."""
        for leg in list(self._legs.values()):
            leg.close()

    def _offer(self, leg: RemoteLeg, *, anew: bool) -> None:
        if self.wire is not None:
            self.say("open", leg.number, anew)
            self.wire.give(*leg.descriptors)
