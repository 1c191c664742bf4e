"""From an engine's samples to what goes down a telephone line.

DC removed; a zero-phase band-pass, since G.711 carries 300 to 3400 Hz and what lies
outside only costs level; silence trimmed with short fades, so that pauses are ours;
resampled to 8 kHz by soxr at its highest quality (an alias is heard as a hiss on every
s); one loudness by ITU-T P.56; peaks held under full scale; µ-law. Deterministic, so
the result can be cached. A change here that is heard raises `clause.RENDERING`.
"""

from __future__ import annotations

import numpy as np
import soxr

from prompts import g711
from prompts.errors import AudioError
from prompts.p56 import Samples, active_level

TARGET_DBOV = -20.0
PEAK_DBFS = -1.5
_PASS_HZ = (180.0, 3700.0)
_STOP_HZ = (100.0, 3950.0)
_FADE_S = 0.005
_TRIM_BELOW_DB = 35.0  # under the active level
_TRIM_FRAME_S = 0.01
_TRIM_KEEP_S = 0.02  # a soft consonant begins before the level says so
_QUIETEST_DBOV = -65.0
_SHORTEST_S = 0.05
_LOOKAHEAD_S = 0.004


def master(samples: Samples, rate: int) -> bytes:
    """Mono float `samples` (full scale 1.0) at `rate` Hz as 8 kHz µ-law at telephone level.

    AudioError where there is no sound in them.
    """
    return g711.encode(shape(samples, rate))


def shape(samples: Samples, rate: int) -> Samples:
    """All of `master` but the µ-law: float samples at 8 kHz, for measuring."""
    signal = np.asarray(samples, dtype=np.float32).reshape(-1)
    if len(signal) < _SHORTEST_S * rate or not np.isfinite(signal).all():
        raise AudioError("no sound: too short, or not numbers", fault="too_short")
    signal = _band_pass(signal - signal.mean(dtype=np.float64).astype(np.float32), rate)
    level = active_level(signal, rate)
    if level < _QUIETEST_DBOV:
        raise AudioError(
            "no sound: its level is %(level)s dBov, under %(least)s",
            level=f"{level:.0f}",
            least=f"{_QUIETEST_DBOV:.0f}",
            fault="no_speech",
        )
    signal = _trim(signal, rate, level)
    if rate != g711.RATE:
        signal = soxr.resample(signal, rate, g711.RATE, quality="VHQ")
    # The limiter takes a little level away where speech is peaky: put it back, once.
    for _ in range(2):
        level = active_level(signal, g711.RATE)
        signal = limit(signal * np.float32(10 ** ((TARGET_DBOV - level) / 20)), g711.RATE)
    return fade(signal, g711.RATE)


def _band_pass(signal: Samples, rate: int) -> Samples:
    """Raised-cosine band edges in the frequency domain: no phase, no ringing to speak of."""
    padding = rate // 20
    size = len(signal) + padding
    spectrum = np.fft.rfft(signal, size)
    hz = np.fft.rfftfreq(size, 1 / rate)
    rise = np.clip((hz - _STOP_HZ[0]) / (_PASS_HZ[0] - _STOP_HZ[0]), 0, 1)
    fall = np.clip((_STOP_HZ[1] - hz) / (_STOP_HZ[1] - _PASS_HZ[1]), 0, 1)
    gain = np.sin(rise * np.pi / 2) ** 2 * np.sin(fall * np.pi / 2) ** 2
    return np.asarray(np.fft.irfft(spectrum * gain, size)[: len(signal)], dtype=np.float32)


def _trim(signal: Samples, rate: int, level: float) -> Samples:
    frame = max(1, round(_TRIM_FRAME_S * rate))
    whole = len(signal) // frame
    if whole == 0:
        return signal
    power = np.mean(signal[: whole * frame].reshape(whole, frame) ** 2, axis=1)
    loud = np.flatnonzero(power > 10 ** ((level - _TRIM_BELOW_DB) / 10))
    if len(loud) == 0:
        return signal
    keep = round(_TRIM_KEEP_S * rate)
    start = max(0, int(loud[0]) * frame - keep)
    end = min(len(signal), (int(loud[-1]) + 1) * frame + keep)
    return fade(signal[start:end], rate)


def fade(signal: Samples, rate: int) -> Samples:
    """Both ends brought to nothing within 5 ms, so that no clause begins or ends with a click."""
    length = min(round(_FADE_S * rate), len(signal) // 2)
    ramp = np.sin(np.linspace(0, np.pi / 2, length, dtype=np.float32)) ** 2
    faded = signal.copy()
    faded[:length] *= ramp
    faded[len(faded) - length :] *= ramp[::-1]
    return faded


def limit(signal: Samples, rate: int) -> Samples:
    """A look-ahead limiter: the gain dips smoothly around each peak over the ceiling."""
    ceiling = np.float32(10 ** (PEAK_DBFS / 20))
    if float(np.max(np.abs(signal))) <= ceiling:
        return signal
    needed = np.minimum(1, ceiling / np.maximum(np.abs(signal), ceiling))
    reach = max(1, round(_LOOKAHEAD_S * rate))
    padded = np.pad(needed, 2 * reach, mode="edge")
    # Minimum over ±reach, then a mean over the same width, which cannot exceed that minimum.
    lowest = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).min(axis=1)
    window = np.hanning(2 * reach + 3)[1:-1]
    smooth = np.convolve(lowest, window / window.sum(), mode="valid")
    return np.asarray(signal * smooth, dtype=np.float32)
