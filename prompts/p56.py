"""Active speech level, ITU-T P.56 (12/2011) method B.

The level of speech while it is speech: pauses do not count, so that a slow and a fast
prompt sound equally loud. The rectified signal is smoothed twice (time constant 30 ms)
to an envelope; for a ladder of thresholds the time spent above each, with a hangover of
200 ms, gives an active level; the answer is where that level is the margin of 15.9 dB
above its own threshold. Levels are in dBov: 0 dBov is the power of a full-scale square
wave, so a full-scale sine is -3.01 dBov.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

SILENT_DBOV = -100.0
_TIME_CONSTANT_S = 0.03  # P.56 §7.2: T
_HANGOVER_S = 0.2  # P.56 §7.2: H
_MARGIN_DB = 15.9  # P.56 §7.2: M
_THRESHOLDS = 2.0 ** -np.arange(16.0)[::-1]  # one a bit of a 16-bit converter


def active_level(samples: Samples, rate: int) -> float:
    """The active speech level of mono `samples` (full scale 1.0) in dBov; -100 for silence."""
    signal = np.asarray(samples, dtype=np.float64)
    energy = float(np.dot(signal, signal))
    if len(signal) == 0 or energy / len(signal) < 10 ** (SILENT_DBOV / 10):
        return SILENT_DBOV
    envelope = _envelope(signal, rate)
    hangover = round(_HANGOVER_S * rate)
    before: tuple[float, float] | None = None
    for threshold in _THRESHOLDS:
        active = _active_samples(envelope >= threshold, hangover)
        if active == 0:
            break
        level = 10 * math.log10(energy / active)
        above = level - 20 * math.log10(threshold) - _MARGIN_DB
        if above <= 0:
            if before is None or before[1] == above:
                return level
            share = before[1] / (before[1] - above)
            return before[0] + share * (level - before[0])
        before = (level, above)
    return before[0] if before else SILENT_DBOV


def _envelope(signal: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """Two smoothers in a row, as one convolution: h[n] = (1-g)² (n+1) gⁿ, cut after 0.6 s."""
    g = math.exp(-1 / (rate * _TIME_CONSTANT_S))
    n = np.arange(int(0.6 * rate))
    response = (1 - g) ** 2 * (n + 1) * g**n
    size = 1 << (len(signal) + len(response) - 1).bit_length()
    product = np.fft.rfft(np.abs(signal), size) * np.fft.rfft(response, size)
    return np.fft.irfft(product, size)[: len(signal)]


def _active_samples(above: NDArray[np.bool_], hangover: int) -> int:
    """How many samples are above the threshold or at most `hangover` samples after one that is."""
    seen = np.concatenate(([0], np.cumsum(above)))
    start = np.maximum(np.arange(1, len(seen)) - hangover - 1, 0)
    return int(np.count_nonzero(seen[1:] > seen[start]))
