"""What one call sends, packet by packet: sound, and keys by RFC 4733. No socket, no clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from ivr.browser_calls.queue import FRAME_BYTES, FrameQueue
from ivr.rtp import packet as rtp
from ivr.rtp import telephone_event

KEY_MS = 120  # three times what ITU-T Q.24 asks for
GAP_FRAMES = 4
# More keys than this wait for nobody: a paste, or a child.
KEYS_AHEAD = 40


class OutgoingStream:
    """Makes the packets of a call; `tick` is due every 20 ms."""

    def __init__(
        self, payload_type: int, event_type: int | None, entropy: Callable[[int], bytes]
    ) -> None:
        self.microphone = FrameQueue()
        self._payload_type = payload_type
        self._event_type = event_type
        self._ssrc = int.from_bytes(entropy(4), "big")
        self._sequence = int.from_bytes(entropy(2), "big")
        self._timestamp = int.from_bytes(entropy(4), "big")
        self._keys: deque[str] = deque()
        self._press: deque[tuple[bool, bytes]] = deque()
        self._pressed_at = 0
        self._gap = 0
        self._first = True

    def press(self, key: str) -> None:
        """Press a key after those before it."""
        if key in telephone_event.keys and len(self._keys) < KEYS_AHEAD:
            self._keys.append(key)

    def tick(self) -> bytes:
        """The packet for this moment."""
        sound = self.microphone.next()  # what is said under a key is not said later
        now = self._timestamp
        self._timestamp = (now + FRAME_BYTES) & 0xFFFFFFFF
        if self._event_type is not None and not self._press and not self._gap and self._keys:
            self._press.extend(telephone_event.press(self._keys.popleft(), KEY_MS))
            self._pressed_at = now
        if self._press and self._event_type is not None:
            marker, payload = self._press.popleft()
            if not self._press:
                self._gap = GAP_FRAMES
            return self._packet(self._event_type, self._pressed_at, payload, marker=marker)
        self._gap = max(0, self._gap - 1)
        marker, self._first = self._first, False
        return self._packet(self._payload_type, now, sound, marker=marker)

    def _packet(self, kind: int, timestamp: int, payload: bytes, *, marker: bool) -> bytes:
        sequence = self._sequence
        self._sequence = (sequence + 1) & 0xFFFF
        return rtp.serialize(
            rtp.Packet(kind, sequence, timestamp, self._ssrc, payload, marker=marker)
        )
