"""Sounds made rather than recorded: tones, the beep, silence; µ-law at 8 kHz."""

from functools import lru_cache
from typing import Final

import numpy as np

from ivr.rtp.g711 import linear_to_ulaw, silence_ulaw

_rate_hz: Final = 8000
_full_scale: Final = 32_124  # the loudest µ-law sample
_fade_ms: Final = 5  # without it a tone begins and ends with a click


@lru_cache(maxsize=32)
def tone(*frequencies_hz: float, ms: int, dbov: float = -16.0) -> bytes:
    """A sum of sines, each `dbov` dB below full scale, faded in and out."""
    time_s = np.arange(ms * _rate_hz // 1000) / _rate_hz
    wave = sum((np.sin(2 * np.pi * f * time_s) for f in frequencies_hz), np.zeros(len(time_s)))
    wave *= _full_scale * 10 ** (dbov / 20)
    fade = min(_fade_ms * _rate_hz // 1000, len(wave) // 2)
    if fade:
        ramp = np.sin(np.linspace(0, np.pi / 2, fade)) ** 2
        wave[:fade] *= ramp
        wave[-fade:] *= ramp[::-1]
    clipped = np.clip(np.rint(wave), -32_768, 32_767).astype("<i2")
    return linear_to_ulaw(clipped.tobytes())


def beep() -> bytes:
    """The tone before a recording: 1 kHz for a fifth of a second."""
    return tone(1000.0, ms=200)


def silence(ms: int) -> bytes:
    """So many milliseconds of nothing."""
    return bytes((silence_ulaw,)) * (ms * _rate_hz // 1000)
