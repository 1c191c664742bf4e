"""One end of a call's sound that a test can look into while it runs.

It sends a frame every 20 ms (silence, a tone, keys), and keeps what it hears by
timestamp. Changes are told through a condition, so that tests wait for events.
"""

import math
import select
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable

import numpy as np

from tests.line.heard import ALIKE, Clip, Samples, correlation, find, from_ulaw

KEYS = "0123456789*#ABCD"
EVENT_TYPE = 101
BEGINNING = 12_000  # samples of a prompt that are waited for
SILENCE_CODE = {0: b"\xff", 8: b"\xd5"}
DTMF_HZ = {
    key: (low, high)
    for low, row in zip((697, 770, 852, 941), ("123A", "456B", "789C", "*0#D"), strict=True)
    for high, key in zip((1209, 1336, 1477, 1633), row, strict=True)
}


def from_alaw(sound: bytes) -> Samples:
    """A-law to linear, ITU-T G.711 table 1a."""
    codes = np.frombuffer(sound, np.uint8) ^ 0x55
    exponent = (codes >> 4) & 0x07
    mantissa = (codes & 0x0F).astype(np.int32)
    low = (mantissa << 4) + 8
    high = ((mantissa << 4) + 0x108) << np.maximum(exponent, 1).astype(np.int32) - 1
    magnitude = np.where(exponent == 0, low, high)
    return np.where(codes & 0x80, magnitude, -magnitude).astype(np.float64)


DECODE = {0: from_ulaw, 8: from_alaw}


def encode(samples: Samples, codec: int) -> bytes:
    """Linear to the nearest of the 256 values."""
    values = DECODE[codec](bytes(range(256)))
    order = np.argsort(values, kind="stable")
    place = np.clip(np.searchsorted(values[order], samples), 1, 255)
    lower, upper = values[order][place - 1], values[order][place]
    nearest = np.where(samples - lower < upper - samples, place - 1, place)
    return order[nearest].astype(np.uint8).tobytes()


def tones(*hertz: float, ms: int) -> Samples:
    time_s = np.arange(8 * ms) / 8000
    return sum((8000 / len(hertz)) * np.sin(2 * math.pi * hz * time_s) for hz in hertz)


def _loudest_half_second(samples: Samples) -> Samples:
    places = range(0, max(1, len(samples) - 3999), 1000)
    best = max(places, key=lambda place: float(np.sum(samples[place : place + 4000] ** 2)))
    return samples[best : best + 4000]


class Sound:
    """Bound to a free even port of `host` from the start."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host = host
        self.socket = _even_socket(host)
        self.port: int = self.socket.getsockname()[1]
        self.remote: tuple[str, int] | None = None
        self.codec = 0
        self.ptime = 20
        self.sending = True
        self.changed = threading.Condition()
        self.kinds: Counter[int] = Counter()
        self.sizes: Counter[int] = Counter()
        self.keys = ""
        self.last_at = 0.0
        self._chunks: list[tuple[int, Samples]] = []
        self._last_event: int | None = None
        self._tone: float | None = None
        self._queue: list[list[bytes]] = []
        self._sequence, self._timestamp, self._source = 7, 0x7FFFFF00, id(self) & 0xFFFFFFFF
        self._samples_sent = 0
        self._stopped = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    # --- what a test does
    def connect(self, remote: tuple[str, int], codec: int = 0) -> None:
        self.remote, self.codec = remote, codec

    def move(self) -> None:
        """Go on from another port, as after a change of address."""
        old, self.socket = self.socket, _even_socket(self.host)
        self.port = self.socket.getsockname()[1]
        old.close()

    def tone(self, hertz: float | None) -> None:
        self._tone = hertz

    def press(self, keys: str, *, inband: bool = False) -> None:
        """Queue key presses: RFC 4733 events, or the tones themselves."""
        frames: list[list[bytes]] = []
        for key in keys:
            if inband:
                sound = np.concatenate((tones(*DTMF_HZ[key], ms=120), np.zeros(960)))
                payload = encode(sound, self.codec)
                frames += [["audio", payload[i : i + 160]] for i in range(0, len(payload), 160)]
            else:
                frames += [["event", key, step] for step in range(1, 7)] + [["audio", None]] * 5
        self._queue += frames

    def speak(self, samples: Samples) -> None:
        """Queue sound, frame by frame."""
        payload = encode(samples, self.codec)
        self._queue += [["audio", payload[i : i + 160]] for i in range(0, len(payload), 160)]

    def until_sent(self, limit_s: float = 20.0) -> None:
        """Wait until what was queued is on its way: the other side sends all the while, too."""
        self.until(lambda: not self._queue, "all that was queued is sent", limit_s)

    def stop(self) -> None:
        self._stopped = True
        self._thread.join()
        self.socket.close()

    # --- what a test asks
    def samples(self, last_s: float | None = None) -> Samples:
        """What was heard, pauses closed up."""
        with self.changed:
            chunks = self._chunks[-int(last_s * 50) :] if last_s else list(self._chunks)
        return np.concatenate([np.zeros(1), *(chunk for _at, chunk in chunks)])

    @property
    def packets(self) -> int:
        return len(self._chunks)

    def until(self, condition: Callable[[], object], what: str, limit_s: float = 10.0) -> None:
        """Wait for something that a packet brings about."""
        limit = time.monotonic() + limit_s
        with self.changed:
            while not condition():
                left = limit - time.monotonic()
                assert left > 0, f"not within {limit_s} s: {what}"
                self.changed.wait(min(left, 0.1))

    def until_heard(self, clips: list[Clip], limit_s: float = 20.0) -> None:
        """Wait until a prompt has begun to be heard, from now or the last moments on."""
        self.until_any_heard(clips[:1], limit_s)

    def until_any_heard(self, clips: list[Clip], limit_s: float = 20.0) -> None:
        """The same for any of several.

        Each new quarter of a second is searched for half a second of the clip, which is cheap;
        where that is found, the whole beginning is compared.
        """
        limit = time.monotonic() + limit_s
        beginnings = [Clip(c.text, c.samples[:BEGINNING], whole=False) for c in clips]
        probes = [_loudest_half_second(one.samples) for one in beginnings]
        searched = max(0, self.packets - 300)
        while True:
            with self.changed:
                seen = self.packets
                chunks = self._chunks[max(0, searched - 30) : seen]
            fresh = np.concatenate([np.zeros(1), *(chunk for _at, chunk in chunks)])
            searched = seen
            for one, probe in zip(beginnings, probes, strict=True):
                scores = correlation(fresh, probe)
                found = len(scores) and scores.max() > ALIKE
                if found and find(self.samples(last_s=10.0), one).share >= 0.8:
                    return
                if found:
                    searched = max(0, seen - 30)  # its other half is still to come
            said = " / ".join(one.text for one in beginnings)
            assert time.monotonic() < limit, f"not heard within {limit_s} s: {said}"
            with self.changed:
                self.changed.wait_for(lambda seen=seen: self.packets >= seen + 12, 1.0)

    def until_tone(self, hertz: float, limit_s: float = 10.0) -> None:
        self.until(lambda: self.level(hertz) > 0.8, f"{hertz} Hz", limit_s)

    def level(self, hertz: float, last_s: float = 0.2) -> float:
        """The share of the last sound's power at one frequency (Goertzel's sum)."""
        sound = self.samples(last_s)[1:]
        power = float(np.sum(sound**2))
        if len(sound) < 1000 or power < 1e6:
            return 0.0
        wave = np.exp(-2j * math.pi * hertz * np.arange(len(sound)) / 8000)
        return float(2 * abs(np.sum(sound * wave)) ** 2 / (len(sound) * power))

    # --- the thread
    def _run(self) -> None:
        due = time.monotonic()
        while not self._stopped:
            wait = max(0.0, due - time.monotonic())
            try:
                if select.select([self.socket], [], [], wait)[0]:
                    self._receive(self.socket.recv(2048))
                    continue
                due += 0.02
                if self.remote is not None and self.sending:
                    self._send_frame(self.remote)
            except (OSError, ValueError):
                continue  # the port of the other side is closed, or ours is just changing

    def _receive(self, packet: bytes) -> None:
        if len(packet) < 12:
            return
        kind, timestamp = packet[1] & 0x7F, struct.unpack("!I", packet[4:8])[0]
        payload = packet[12:]
        with self.changed:
            self.kinds[kind] += 1
            self.last_at = time.monotonic()
            if kind == EVENT_TYPE:
                if timestamp != self._last_event:
                    self._last_event = timestamp
                    self.keys += KEYS[payload[0]]
            elif kind in DECODE:
                self.sizes[len(payload)] += 1
                self._chunks.append((timestamp, DECODE[kind](payload)))
            self.changed.notify_all()

    def _send_frame(self, remote: tuple[str, int]) -> None:
        what = self._queue.pop(0) if self._queue else ["audio", None]
        if what[0] == "event":
            _, key, step = what
            if step == 1:
                self._event_start = self._timestamp
            end = 0x80 if step == 6 else 0
            event = struct.pack("!BBH", KEYS.index(key), end | 10, min(step, 5) * 160)
            for _ in range(3 if end else 1):
                self._send(remote, EVENT_TYPE, event, step == 1, self._event_start)
        else:
            self._send(remote, self.codec, what[1] or self._frame(), False, self._timestamp)
        self._timestamp = (self._timestamp + 160) & 0xFFFFFFFF

    def _frame(self) -> bytes:
        tone = self._tone  # another thread may end it meanwhile
        if tone is None:
            return SILENCE_CODE[self.codec] * 160
        time_s = (self._samples_sent + np.arange(160)) / 8000
        self._samples_sent += 160
        return encode(8000 * np.sin(2 * math.pi * tone * time_s), self.codec)

    def _send(
        self, remote: tuple[str, int], kind: int, payload: bytes, mark: bool, at: int
    ) -> None:
        self._sequence = (self._sequence + 1) & 0xFFFF
        second = (0x80 if mark else 0) | kind
        header = struct.pack("!BBHII", 0x80, second, self._sequence, at & 0xFFFFFFFF, self._source)
        self.socket.sendto(header + payload, remote)


def _even_socket(host: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        bound = socket.socket(family, socket.SOCK_DGRAM)
        bound.bind((host, 0))
        if bound.getsockname()[1] % 2 == 0:
            return bound
        bound.close()
