"""What a caller says, put in its place in time and handed to the writer.

A packet's place in the recording is its RTP timestamp's, so that what was lost
or, by silence suppression, never sent becomes silence of the right length, and
what comes late still lands where it belongs if its place has not been written.
Timestamps that run far from our own clock (a new source, a sender that
restarted) are tied to it anew. Silence is told by level: the mean level of a
packet against a noise floor that follows the line.
"""

from math import log10
from typing import Final

from ivr.media.events import RecordingCause
from ivr.media.recording_writer import RecordingFile, RecordingWriter
from ivr.rtp.g711 import silence_ulaw, ulaw_to_linear_table

_samples_per_s: Final = 8000
_held_back: Final = 800  # 100 ms in which a late packet still finds its place
_handed_over: Final = 4000  # half a second to the writer at a time
_tolerated_drift: Final = 2 * _samples_per_s

# Levels in dB over one step of 16-bit linear; full scale is 90.
_level_table: Final = bytes(round(20 * log10(max(abs(value), 1))) for value in ulaw_to_linear_table)
_quiet_level: Final = 36.0  # about -54 dB of full scale: softer than any voice on a telephone
_loudest_floor: Final = 52.0  # what is louder than this is no noise floor but somebody speaking
_over_floor: Final = 7.0
_floor_rise_per_s: Final = 1.0


class Recorder:
    """One recording; times in samples of the engine's clock."""

    __slots__ = (
        "_base",
        "_buffer",
        "_floor",
        "_last_voice",
        "_limit",
        "_origin",
        "_silence",
        "_start",
        "_writer",
        "file",
    )

    def __init__(
        self,
        writer: RecordingWriter,
        file: RecordingFile,
        clock: int,
        max_s: float,
        silence_s: float | None,
    ) -> None:
        self._writer = writer
        self.file = file
        self._origin = clock
        self._limit = int(max_s * _samples_per_s)
        self._silence = None if silence_s is None else int(silence_s * _samples_per_s)
        self._last_voice = 0
        self._floor = _quiet_level
        self._base: int | None = None  # timestamp of the recording's first sample
        self._start = 0  # place of the buffer's first sample in the recording
        self._buffer = bytearray()

    def take(self, timestamp: int, ulaw: bytes, clock: int) -> None:
        """Put one packet in its place."""
        elapsed = clock - self._origin
        place = self._place(timestamp, elapsed)
        end = min(place + len(ulaw), self._limit)
        self._hear(ulaw, end)
        offset = place - self._start
        if offset < 0:
            ulaw = ulaw[-offset:]
            offset = 0
        if place > self._limit or not ulaw:
            return
        ulaw = ulaw[: self._limit - self._start - offset]
        buffer = self._buffer
        if offset > len(buffer):
            buffer += bytes((silence_ulaw,)) * (offset - len(buffer))
        buffer[offset : offset + len(ulaw)] = ulaw
        if len(buffer) >= _handed_over + _held_back:
            self._hand_over(len(buffer) - _held_back)

    def new_source(self) -> None:
        """The stream's timestamps begin anew."""
        self._base = None

    def due(self, clock: int) -> RecordingCause | None:
        """Why the recording should end by now, if it should."""
        elapsed = clock - self._origin
        # The packets of the last moments may still be on their way.
        if elapsed >= self._limit + _held_back or self._start + len(self._buffer) >= self._limit:
            return "limit"
        if self._silence is not None and elapsed - self._last_voice >= self._silence:
            return "silence"
        return None

    def finish(self, cause: RecordingCause) -> None:
        """Give the writer the rest."""
        self._hand_over(len(self._buffer))
        self._writer.finish(self.file, cause)

    def _place(self, timestamp: int, elapsed: int) -> int:
        if self._base is not None:
            place = timestamp - self._base & 0xFFFFFFFF
            if place > 0x7FFFFFFF:
                place -= 0x100000000
            if abs(place - elapsed) <= _tolerated_drift:
                return place
        place = max(elapsed, self._start + len(self._buffer))
        self._base = timestamp - place & 0xFFFFFFFF
        return place

    def _hear(self, ulaw: bytes, end: int) -> None:
        if self._silence is None:
            return
        level = sum(ulaw.translate(_level_table)) / len(ulaw)
        if level > max(self._floor + _over_floor, _quiet_level):
            self._last_voice = max(self._last_voice, end)
        risen = self._floor + _floor_rise_per_s * len(ulaw) / _samples_per_s
        self._floor = min(level, risen, _loudest_floor)

    def _hand_over(self, count: int) -> None:
        if count:
            self._writer.append(self.file, bytes(self._buffer[:count]))
            del self._buffer[:count]
            self._start += count
