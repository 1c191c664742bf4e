"""Sound that staff recorded or uploaded, in any common format and rate.

soundfile reads WAV, FLAC, Ogg and MP3 by itself; for the rest (M4A from a telephone,
AMR, WebM from a browser) pydub asks ffmpeg. What cannot be a prompt is refused in words
that a clerk can act on.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import soundfile

from prompts.errors import AudioError
from prompts.p56 import Samples, active_level

LONGEST_S = 180.0
SHORTEST_S = 0.2
QUIETEST_DBOV = -55.0
SILENT_DBOV = -65.0
_LARGEST_FILE = 64 << 20
_HIGHEST_RATE = 192_000
_MOST_CHANNELS = 8
_MOST_OVERDRIVEN = 0.02
_LEAST_SWING_DB = 4.0
_SWING_FRAME_S = 0.02
_SILENT_POWER = 10 ** (-80 / 10)
REMEDY = "apt-get install ffmpeg"


def load(file: Path) -> tuple[Samples, int]:
    """Mono samples and rate of a sound file; AudioError says what is wrong with it."""
    try:
        size = file.stat().st_size
    except OSError as error:
        raise AudioError(
            "%(file)s cannot be read: %(reason)s", file=file.name, reason=error.strerror
        ) from None
    if size == 0 or size > _LARGEST_FILE:
        raise AudioError(
            "%(file)s is empty or larger than %(most)s MB",
            file=file.name,
            most=_LARGEST_FILE >> 20,
        )
    samples, rate = _decode(file)
    seconds = len(samples) / rate
    if not SHORTEST_S <= seconds <= LONGEST_S:
        raise AudioError(
            "%(file)s lasts %(seconds)s s; a prompt is %(shortest)s to %(longest)s s",
            file=file.name,
            seconds=f"{seconds:.1f}",
            shortest=SHORTEST_S,
            longest=f"{LONGEST_S:.0f}",
            fault="too_short" if seconds < SHORTEST_S else "too_long",
        )
    level = active_level(samples, rate)
    if level < QUIETEST_DBOV:
        raise AudioError(
            "%(file)s is too quiet or holds no speech (%(level)s dBov)",
            file=file.name,
            level=f"{level:.0f}",
            fault="no_speech" if level < SILENT_DBOV else "too_quiet",
        )
    if _overdriven(samples) > _MOST_OVERDRIVEN:
        raise AudioError(
            "%(file)s is overdriven; record it again, softer", file=file.name, fault="overdriven"
        )
    if _swing_db(samples, rate) < _LEAST_SWING_DB:
        raise AudioError(
            "%(file)s holds no speech: it is one steady sound (a hum, a tone or noise)",
            file=file.name,
            fault="no_speech",
        )
    return samples, rate


def _overdriven(samples: Samples) -> float:
    """The share of samples that stand at the largest value, in rows of at least three."""
    size = np.abs(samples)
    top = size >= max(0.98, float(size.max())) * 0.999
    return float(np.mean(top[2:] & top[1:-1] & top[:-2])) if len(top) > 2 else 0.0


def _swing_db(samples: Samples, rate: int) -> float:
    """How far the sound's level moves: between the tenth and the ninetieth part of it.

    Syllables come three to eight times a second and move it by 20 dB and more, in a noisy
    room by 6; hum, tones and noise stand still. Pauses alone move nothing: digital silence
    is left out.
    """
    frame = max(1, round(_SWING_FRAME_S * rate))
    whole = len(samples) // frame
    power = np.mean(samples[: whole * frame].reshape(whole, frame) ** 2, axis=1)
    power = power[power > _SILENT_POWER]
    if len(power) == 0:
        return 0.0
    low, high = np.percentile(10 * np.log10(power), (10, 90))
    return float(high - low)


def _decode(file: Path) -> tuple[Samples, int]:
    try:
        with soundfile.SoundFile(str(file)) as sound:
            if sound.samplerate > _HIGHEST_RATE or sound.channels > _MOST_CHANNELS:
                # A few kilobytes of silence may say that they are gigabytes.
                raise AudioError(
                    "%(file)s has %(rate)s samples a second in %(channels)s channels; "
                    "save it with 48000 at most, in one or two",
                    file=file.name,
                    rate=sound.samplerate,
                    channels=sound.channels,
                )
            if sound.frames > LONGEST_S * sound.samplerate:
                raise AudioError(
                    "%(file)s is longer than %(longest)s s",
                    file=file.name,
                    longest=f"{LONGEST_S:.0f}",
                    fault="too_long",
                )
            frames = sound.read(dtype="float32", always_2d=True)
            return frames.mean(axis=1), int(sound.samplerate)
    except soundfile.LibsndfileError:
        return decode_with_ffmpeg(file)


def decode_with_ffmpeg(file: Path) -> tuple[Samples, int]:
    """The sound of `file` through pydub and ffmpeg; AudioError where it is not sound."""
    from pydub import AudioSegment
    from pydub.exceptions import PydubException

    if shutil.which("ffmpeg") is None or shutil.which("ffprobe") is None:
        raise AudioError(
            "%(file)s needs ffmpeg to be read: %(remedy)s", file=file.name, remedy=REMEDY
        )
    try:
        # No more than can be a prompt: hours of silence are a few megabytes in some formats.
        segment = AudioSegment.from_file(str(file), duration=LONGEST_S + 1)
    except (PydubException, OSError, IndexError, KeyError, ValueError):
        raise AudioError("%(file)s is not a sound file", file=file.name) from None
    if segment.frame_count() == 0:
        raise AudioError("%(file)s holds no sound", file=file.name)
    whole = np.array(segment.get_array_of_samples(), dtype=np.float32)
    scaled = whole / float(1 << (8 * segment.sample_width - 1))
    return scaled.reshape(-1, segment.channels).mean(axis=1), int(segment.frame_rate)
