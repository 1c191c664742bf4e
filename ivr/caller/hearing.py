"""What the caller hears, put together from RTP payloads by their timestamps.

RFC 3550 §5.1: the timestamp, not the arrival, says where a payload belongs;
lost packets stay silent. A new stream (other SSRC, or a jump of its clock)
is joined on by its arrival. Second 0 of the result is the answer.
"""

from __future__ import annotations

import audioop
import threading
import wave
from pathlib import Path

RATE_HZ = 8000
FRAME = 160  # 20 ms
SILENCE = b"\xff"  # µ-law zero, ITU-T G.711
# Louder than line noise and dither, softer than any speech: -40 dBFS.
_SOUND_LEVEL = 327
_LONGEST_JUMP_S = 10.0
_LONGEST_CALL_S = 3700.0


class Hearing:
    """Collects µ-law payloads; `write` makes the WAV file. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pieces: list[tuple[float, bytes]] = []
        self._ssrc: int | None = None
        self._base_timestamp = 0
        self._base_time = 0.0
        self.packets = 0
        self.first_packet: float | None = None
        self.first_sound: float | None = None

    def add(self, ssrc: int, timestamp: int, payload: bytes, arrival: float) -> None:
        """One payload as it came."""
        with self._lock:
            self.packets += 1
            if self.first_packet is None:
                self.first_packet = arrival
            if self.first_sound is None and _peak(payload) > _SOUND_LEVEL:
                self.first_sound = arrival
            place = self._place(ssrc, timestamp, arrival)
            self._pieces.append((place, payload))

    def _place(self, ssrc: int, timestamp: int, arrival: float) -> float:
        if ssrc == self._ssrc:
            # Timestamps wrap at 2**32; the difference is taken as signed.
            ahead = (timestamp - self._base_timestamp + 2**31) % 2**32 - 2**31
            place = self._base_time + ahead / RATE_HZ
            if abs(place - arrival) < _LONGEST_JUMP_S:
                return place
        self._ssrc, self._base_timestamp, self._base_time = ssrc, timestamp, arrival
        return arrival

    def ulaw(self, start: float) -> bytes:
        """All that was heard from `start` on, gaps filled with silence."""
        sound = bytearray()
        with self._lock:
            for place, payload in self._pieces:
                offset = round((place - start) * RATE_HZ)
                if offset < 0 or offset > _LONGEST_CALL_S * RATE_HZ:
                    continue
                if offset > len(sound):
                    sound.extend(SILENCE * (offset - len(sound)))
                sound[offset : offset + len(payload)] = payload
        return bytes(sound)

    def write(self, path: Path, start: float) -> float:
        """Write what was heard as 16-bit WAV at 8 kHz; returns its length in seconds."""
        sound = self.ulaw(start)
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes(audioop.ulaw2lin(sound, 2))
        return len(sound) / RATE_HZ


def _peak(payload: bytes) -> int:
    return audioop.max(audioop.ulaw2lin(payload, 2), 2) if payload else 0


def read_sound(path: str) -> list[bytes]:
    """A mono 8 kHz 16-bit WAV as 20 ms µ-law frames."""
    with wave.open(path, "rb") as file:
        if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, RATE_HZ):
            raise ValueError(f"{path}: must be a mono 16-bit WAV at 8000 Hz")
        sound = audioop.lin2ulaw(file.readframes(file.getnframes()), 2)
    sound += b"\xff" * (-len(sound) % FRAME)
    return [sound[start : start + FRAME] for start in range(0, len(sound), FRAME)]
