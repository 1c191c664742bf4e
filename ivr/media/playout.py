"""What a leg plays: clips in a row, cut into frames of the peer's packet time.

A clip is a sequence of µ-law segments that calls share; only a cursor into them
is the leg's own. Clips follow each other without a gap, in the middle of a
frame if need be. A clip has finished when the frame after its last is due, so
that who hangs up on it does not cut its end off.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import cycle

from ivr.rtp.g711 import silence_ulaw

_silence = bytes((silence_ulaw,))


class Playout:
    """A queue of clips and the place reached in it."""

    __slots__ = ("_audio", "_clips", "_looping", "_position", "_segments", "_token", "finished")

    def __init__(self) -> None:
        self._clips: deque[tuple[tuple[bytes, ...], object]] = deque()
        self.finished: list[object] = []
        self._clear()

    def _clear(self) -> None:
        self._audio = b""
        self._position = 0
        self._segments: Iterator[bytes] | None = None
        self._token: object = None
        self._looping = False

    @property
    def active(self) -> bool:
        """True while there is something to play, or a finish to be told."""
        return self._segments is not None or bool(self._clips)

    def play(self, segments: Sequence[bytes], token: object) -> None:
        """Queue a clip; a loop gives way to it."""
        if self._looping:
            self.stop()
        self._clips.append((tuple(segments), token))

    def loop(self, audio: bytes) -> None:
        """Play one segment over and over, in place of all else."""
        if not audio:
            raise ValueError("nothing to loop: the audio is empty")
        self.stop()
        self._segments = cycle((audio,))
        self._looping = True

    def stop(self) -> None:
        """Drop what plays and what waits; no finish is told for either."""
        self._clips.clear()
        self._clear()

    def next_frame(self, size: int) -> bytes | None:
        """The next `size` bytes, the last frame filled with silence; None when all has finished."""
        start = self._position
        end = start + size
        if end <= len(self._audio):
            self._position = end
            return self._audio[start:end]
        return self._cross_segments(size)

    def _cross_segments(self, size: int) -> bytes | None:
        frame = self._audio[self._position :]
        self._audio = b""
        self._position = 0
        while len(frame) < size:
            segment = next(self._segments, None) if self._segments is not None else None
            if segment is not None:
                missing = size - len(frame)
                frame += segment[:missing]
                if len(segment) > missing:
                    self._audio = segment
                    self._position = missing
                continue
            if frame and not self._clips:
                return frame.ljust(size, _silence)
            if self._segments is not None:
                self.finished.append(self._token)
                self._segments = None
            if not self._clips:
                self._token = None
                return None
            segments, self._token = self._clips.popleft()
            self._segments = iter(segments)
        return frame
