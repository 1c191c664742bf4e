"""All calls' media on one clock.

Every 20 ms the reactor calls `tick`: what is due is sent, what has arrived is
read (one epoll for all sockets), and listeners are told what happened. What a
listener starts to play in a tick goes out in that tick. Slots that the reactor
missed are made up by sending their packets at once, so that no stream runs
slow; after a stall of more than a fifth of a second the rest is skipped.

The engine knows no reactor and reads no clock of its own, so it can be driven
by hand in a test and moved to a process of its own.
"""

import select
import socket
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ivr.media.events import MediaEvent, RecordingCause, RecordingEnded
from ivr.media.inband import InbandReceiver
from ivr.media.leg import Leg
from ivr.media.ports import PortPool, PortsExhausted
from ivr.media.recorder import Recorder
from ivr.media.recording_writer import RecordingFile, RecordingWriter

slot_s: Final = 0.02
slot_samples: Final = 160
#: A timer may fire a little before its time.
_early_s: Final = 0.005
_max_made_up: Final = 10
_slots_per_visit: Final = 50  # each leg is visited once a second, in the slot of its bucket
#: A socket is read once in each round, so that one flooded call cannot hold up the others.
_max_rounds: Final = 32
_buffer_bytes: Final = 2048


def _unnoted(leg: Leg) -> None:
    """Nobody wants to know when a recording begins."""


def _unkept(leg: Leg, key: bytes, ssrc: int, index: int) -> None:
    """Nobody keeps how far an encrypted stream has come."""


class MediaEngine:
    """Opens legs and moves all of them at each tick.

    `wall_clock` gives Unix seconds for reports, `entropy` random bytes,
    `writer` takes the recordings and is closed with the engine (one of its own
    where None). A call that neither sound nor report has reached for
    `silent_after_s` is told so by MediaSilent. Without `ports` there is only
    `adopt`. `recording_began` is told when a caller is first heard for a recording, `reached`
    now and then how far a peer that encrypts has counted, and under which key.
    """

    def __init__(
        self,
        ports: range | None,
        *,
        wall_clock: Callable[[], float],
        entropy: Callable[[int], bytes],
        writer: RecordingWriter | None = None,
        silent_after_s: float = 30.0,
        recording_began: Callable[[Leg], None] = _unnoted,
        reached: Callable[[Leg, bytes, int, int], None] = _unkept,
    ) -> None:
        self.entropy = entropy
        self.reached = reached
        self.wall_clock = wall_clock
        self.silent_after_s = silent_after_s
        self.clock = 0  # samples of 8 kHz since the first tick
        self.upcoming = 0  # the clock of the next sending: this tick's within one, else the next's
        self.buffer = bytearray(_buffer_bytes)  # where every datagram is read to
        self.inband = InbandReceiver()
        self._writer = writer or RecordingWriter()
        self._recording_began = recording_began
        self._ports = None if ports is None else PortPool(ports, int.from_bytes(entropy(4), "big"))
        self._epoll = select.epoll()
        self._readers: dict[int, Callable[[], None]] = {}
        self._origin_s: float | None = None
        self._slot = 0
        self._legs: dict[Leg, int] = {}  # and the bucket of each
        self._buckets: list[dict[Leg, None]] = [{} for _ in range(_slots_per_visit)]
        self._opened = 0
        self._talking: dict[Leg, None] = {}
        self._fresh: dict[Leg, None] = {}  # of them, those that began in this tick
        self._tone_legs: dict[int, Leg] = {}
        self._recording: dict[Leg, None] = {}
        self._files: dict[RecordingFile, Leg] = {}
        self._posted: deque[tuple[Leg, MediaEvent]] = deque()

    @property
    def legs(self) -> int:
        """Legs open now."""
        return len(self._legs)

    def open(self, host: str) -> Leg:
        """A leg on a port pair of its own, on `host`; PortsExhausted."""
        if self._ports is None:
            raise PortsExhausted("this engine has no ports of its own")
        return self.adopt(*self._ports.take(host))

    def adopt(self, rtp: socket.socket, rtcp: socket.socket) -> Leg:
        """A leg on two sockets that are bound; they are closed with it."""
        leg = Leg(self, rtp, rtcp)
        bucket = self._opened % _slots_per_visit
        self._opened += 1
        self._legs[leg] = bucket
        self._buckets[bucket][leg] = None
        for udp, reader in ((rtp, leg.receive_rtp), (rtcp, leg.receive_rtcp)):
            self._readers[udp.fileno()] = reader
            self._epoll.register(udp.fileno(), select.EPOLLIN)
        return leg

    def tick(self, now: float) -> None:
        """Do all that is due; call it every 20 ms, `now` in monotonic seconds.

        What a listener raises is passed on; what was left undone is done in the next tick.
        """
        if self._origin_s is None:
            self._origin_s = now
        previous = self._slot
        self._slot = max(previous, int((now - self._origin_s + _early_s) / slot_s))
        self.clock = self.upcoming = self._slot * slot_samples
        if self._slot - previous > _max_made_up:
            for leg in self._talking:
                leg.skip_to(self.clock - _max_made_up * slot_samples)
        self._send()
        self._receive()
        for row, key in self.inband.detect():
            self._tone_legs[row].tone_heard(key)
        for leg in list(self._recording):
            leg.check_recording()
        for slot in range(max(previous + 1, self._slot - _slots_per_visit + 1), self._slot + 1):
            for leg in list(self._buckets[slot % _slots_per_visit]):
                leg.visit(self.silent_after_s)
        self._collect_files()
        self._tell()
        self._send_fresh()
        if self._posted:
            self._tell()
            self._send_fresh()
        self.upcoming += slot_samples

    def act(self, action: Callable[[], None]) -> None:
        """Do something between two ticks; what begins to play by it goes out at once.

        It belongs to the slot of the last tick: a clip that follows one just finished leaves no
        gap, and a leg that has sent its packet of this slot waits for the next.
        """
        self.upcoming = self.clock
        try:
            action()
        finally:
            self._send_fresh()
            self.upcoming = self.clock + slot_samples
        self._tell()

    def close(self) -> None:
        """Close every leg, complete every recording and tell of it."""
        for leg in list(self._legs):
            leg.close()
        self._writer.close()
        self._collect_files()
        self._tell()
        self._epoll.close()

    # -- for legs

    def started(self, leg: Leg) -> None:
        """A leg has something to send."""
        self._talking[leg] = None
        self._fresh[leg] = None

    def stopped(self, leg: Leg) -> None:
        """A leg has nothing more to send."""
        self._talking.pop(leg, None)
        self._fresh.pop(leg, None)

    def forget(self, leg: Leg, *sockets: socket.socket) -> None:
        """A leg has closed."""
        for udp in sockets:
            self._epoll.unregister(udp.fileno())
            del self._readers[udp.fileno()]
            udp.close()
        del self._buckets[self._legs.pop(leg)][leg]
        if self._ports is not None:
            self._ports.give_back(leg.address[1])
        self._posted = deque(
            (other, event)
            for other, event in self._posted
            if other is not leg or isinstance(event, RecordingEnded)
        )

    def post(self, leg: Leg, event: MediaEvent) -> None:
        """Tell a leg's listener within this tick, or the next."""
        self._posted.append((leg, event))

    def listen_for_tones(self, leg: Leg) -> int:
        """A row of the in-band receiver for a leg."""
        row = self.inband.add()
        self._tone_legs[row] = leg
        return row

    def stop_listening(self, row: int) -> None:
        """Give the row back."""
        self.inband.remove(row)
        del self._tone_legs[row]

    def open_recording(self, leg: Leg, path: Path, *, resume: bool = False) -> RecordingFile:
        """Begin a file, or go on with one that was cut off; what is heard comes later."""
        file = self._writer.open(path, resume=resume)
        self._files[file] = leg
        return file

    def begin_recording(
        self, leg: Leg, file: RecordingFile, max_s: float, silence_s: float | None
    ) -> Recorder:
        """Begin to hear."""
        self._recording[leg] = None
        self._recording_began(leg)
        return Recorder(self._writer, file, self.clock, max_s, silence_s)

    def end_recording(
        self, leg: Leg, file: RecordingFile, recorder: Recorder | None, cause: RecordingCause
    ) -> None:
        """Complete a file; RecordingEnded follows when it is on the disk."""
        self._recording.pop(leg, None)
        if recorder is None:
            self._writer.finish(file, cause)
        else:
            recorder.finish(cause)

    # -- a tick's parts

    def _receive(self) -> None:
        readers = self._readers
        if not readers:
            return
        poll = self._epoll.poll
        for _ in range(_max_rounds):
            ready = poll(0, len(readers))
            if not ready:
                return
            for descriptor, _ in ready:
                readers[descriptor]()

    def _send(self) -> None:
        """What is due anyway, first of all: its pace must not hang on how much has arrived."""
        self._fresh.clear()
        until = self.clock + slot_samples
        for leg in list(self._talking):
            if not leg.send_due(until):
                self._talking.pop(leg, None)

    def _send_fresh(self) -> None:
        """What has begun in this tick: a key is answered within it."""
        fresh, self._fresh = self._fresh, {}
        until = self.clock + slot_samples
        for leg in fresh:
            if not leg.send_due(until):
                self._talking.pop(leg, None)

    def _collect_files(self) -> None:
        finished = self._writer.finished
        while not finished.empty():
            done = finished.get_nowait()
            leg = self._files.pop(done.file)
            if leg.recording_failed(done.file):
                self._recording.pop(leg, None)
            self.post(leg, RecordingEnded(done.file.path, done.seconds, done.cause))

    def _tell(self) -> None:
        for _ in range(len(self._posted)):
            if not self._posted:
                return
            leg, event = self._posted.popleft()
            leg.listener(event)
