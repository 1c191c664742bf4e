"""The outline of a recording's sound, to be drawn beside its player.

Of each of a few hundred equal parts the loudest sample is kept, on a scale of 0 to 255: enough
to see where somebody speaks, nothing of what is said. The file is read in pieces, once; as long
as it does not change the outline is kept in memory, and nowhere else: what is removed after its
time of retention leaves no trace.
"""

from __future__ import annotations

import math
import wave
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

PARTS = 400
_FULL_SCALE = 32768
_READ_FRAMES = 64_000
_BYTES_PER_SAMPLE = 2  # 16-bit linear, as recordings and takes are kept


class NoWaveformError(Exception):
    """The file is no WAV of 16-bit samples."""


@dataclass(frozen=True, slots=True)
class Waveform:
    """How long the sound is, and how loud in each of its parts (0 to 255, square root of level).

    The square root lets quiet voices be seen beside loud ones.
    """

    seconds: float
    levels: tuple[int, ...]


def waveform(path: Path) -> Waveform:
    """Return the outline of a WAV file; NoWaveformError, OSError."""
    about = path.stat()
    return _read(path, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=256)
def _read(path: Path, _changed_ns: int, size: int) -> Waveform:
    try:
        with wave.open(str(path), "rb") as file:
            if file.getsampwidth() != _BYTES_PER_SAMPLE:
                raise NoWaveformError(str(path))
            channels, rate = file.getnchannels(), file.getframerate()
            # A file that is still being written may promise more or less than it holds.
            frames = min(file.getnframes(), size // (_BYTES_PER_SAMPLE * channels))
            if not frames or not rate:
                return Waveform(0.0, ())
            return Waveform(frames / rate, _levels(file, frames, channels))
    except (wave.Error, EOFError) as error:
        raise NoWaveformError(str(path)) from error


def _levels(file: wave.Wave_read, frames: int, channels: int) -> tuple[int, ...]:
    """Return the loudest of each part, reading a bounded piece at a time."""
    parts = min(PARTS, frames)
    each = math.ceil(frames / parts)
    at_once = max(1, _READ_FRAMES // each) * each
    loudest: list[int] = []
    left = frames
    while left > 0:
        data = file.readframes(min(at_once, left))
        samples = np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.int32)
        heard = np.abs(samples[: len(samples) // channels * channels])
        if not len(heard):
            break
        step = each * channels
        short = -len(heard) % step
        padded = np.pad(heard, (0, short)).reshape(-1, step)
        loudest.extend(int(level) for level in padded.max(axis=1))
        left -= at_once
    return tuple(min(255, round(math.sqrt(level / _FULL_SCALE) * 255)) for level in loudest)
