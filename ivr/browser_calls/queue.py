"""What a microphone sends, made even: a frame every 20 ms, whenever they came.

Frames come over TCP: in order, none lost, some late and then several at once. A little is held
back before the first is played; when the queue runs dry, or the microphone is off, there is
silence, and a little is held back again. What piles up beyond the limit is old: it is dropped.
"""

from __future__ import annotations

from collections import deque

FRAME_BYTES = 160  # 20 ms of G.711
SILENCE = b"\xff" * FRAME_BYTES  # µ-law zero
HELD_BACK = 3
LONGEST = 15


class FrameQueue:
    """Frames of one microphone."""

    def __init__(self) -> None:
        self._frames: deque[bytes] = deque()
        self._flowing = False
        self.dropped = 0

    def put(self, frame: bytes) -> None:
        """Take a frame; the oldest ones go where there are too many."""
        self._frames.append(frame)
        if len(self._frames) > LONGEST:
            while len(self._frames) > HELD_BACK:
                self._frames.popleft()
                self.dropped += 1

    def next(self) -> bytes:
        """The frame for this moment."""
        if not self._flowing and len(self._frames) >= HELD_BACK:
            self._flowing = True
        if not self._flowing:
            return SILENCE
        if not self._frames:
            self._flowing = False
            return SILENCE
        return self._frames.popleft()
