"""A small RTP peer beside SIPp: it hears, presses keys (RFC 4733) and speaks.

SIPp does the signalling; the SDP of its scenario names this peer's port. The
script's seconds count from the first packet heard.
"""

import select
import socket
import struct
import threading
import time
from collections.abc import Sequence

KEYS = "0123456789*#"
EVENT_TYPE = 101
FRAME = 160
FRAME_S = 0.02
SILENCE = b"\xff" * FRAME


class RtpPeer:
    """Bound to a free even port of 127.0.0.1 from the start; `run` in a thread."""

    def __init__(self, keys: Sequence[tuple[float, str]], speech: tuple[float, bytes] | None):
        self.socket = _even_socket()
        self.port: int = self.socket.getsockname()[1]
        self._keys = sorted(keys)
        self._speech = speech
        self._heard: dict[int, bytes] = {}
        self._first: int | None = None
        self._remote: tuple[str, int] | None = None
        self._began = 0.0
        self._sequence, self._timestamp = 7, 0x7FFFFF00
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> bytes:
        """End, and return what was heard as µ-law."""
        self._stopped.set()
        self._thread.join()
        self.socket.close()
        sound = bytearray()
        for offset, payload in sorted(self._heard.items()):
            if len(sound) < offset:
                sound.extend(b"\xff" * (offset - len(sound)))
            sound[offset : offset + len(payload)] = payload
        return bytes(sound)

    def _run(self) -> None:
        packets = None
        due = time.monotonic()
        while not self._stopped.is_set():
            wait = max(0.0, due - time.monotonic())
            if select.select([self.socket], [], [], wait)[0]:
                self._receive(*self.socket.recvfrom(2048))
                continue
            due += FRAME_S
            if self._remote is None:
                continue
            packets = packets or self._packets()
            for packet in next(packets):
                self.socket.sendto(packet, self._remote)

    def _receive(self, packet: bytes, source: tuple[str, int]) -> None:
        if len(packet) < 12 or packet[1] & 0x7F != 0:
            return
        timestamp = struct.unpack("!I", packet[4:8])[0]
        if self._remote is None:
            self._remote, self._began, self._first = source, time.monotonic(), timestamp
        offset = (timestamp - (self._first or 0)) % 2**32
        if offset < 4000 * 8000:
            self._heard[offset] = packet[12:]

    def _packets(self):
        """Yield what goes out in each 20 ms."""
        speech: list[bytes] = []
        while True:
            at = time.monotonic() - self._began
            if self._speech is not None and at >= self._speech[0]:
                sound = self._speech[1]
                speech = [sound[i : i + FRAME] for i in range(0, len(sound) - FRAME, FRAME)]
                self._speech = None
            if self._keys and at >= self._keys[0][0]:
                for key in self._keys.pop(0)[1]:
                    yield from self._key(key)
                continue
            yield [self._packet(0, speech.pop(0) if speech else SILENCE, False, self._timestamp)]
            self._timestamp += FRAME

    def _key(self, key: str):
        start = self._timestamp
        for step in range(1, 6):
            self._timestamp += FRAME
            event = struct.pack("!BBH", KEYS.index(key), 10, step * FRAME)
            yield [self._packet(EVENT_TYPE, event, step == 1, start)]
        event = struct.pack("!BBH", KEYS.index(key), 0x80 | 10, 5 * FRAME)
        yield [self._packet(EVENT_TYPE, event, False, start) for _ in range(3)]
        for _ in range(4):
            yield [self._packet(0, SILENCE, False, self._timestamp)]
            self._timestamp += FRAME

    def _packet(self, kind: int, payload: bytes, marker: bool, timestamp: int) -> bytes:
        self._sequence = (self._sequence + 1) % 2**16
        return (
            struct.pack(
                "!BBHII",
                0x80,
                (0x80 if marker else 0) | kind,
                self._sequence,
                timestamp % 2**32,
                0x51515151,
            )
            + payload
        )


def _even_socket() -> socket.socket:
    while True:
        bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        bound.bind(("127.0.0.1", 0))
        if bound.getsockname()[1] % 2 == 0:
            return bound
        bound.close()
