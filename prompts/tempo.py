"""Slower without a lower voice: a mastered clause stretched in time.

Signalsmith Stretch (MIT) moves overlapping blocks of the spectrum apart and keeps their
phases in step, so that the pitch stays. It works on the 8 kHz clause itself, whoever spoke
it: a voice of ours, or staff. The same clause gives the same bytes, so the result is kept.
Measured beside it: the engines' own slower speech and WSOLA, which a recogniser understands
as well, for twenty and 1.4 times the work (`bench/results/slow-*.md`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from prompts import g711
from prompts.clause import USUAL_TEMPO
from prompts.errors import AudioError, VoiceError
from prompts.mastering import fade, limit

SLOWEST = 50
_SEED = 1  # of the phases where nothing says how they go on
REMEDY = "pip install python-stretch==0.3.1"


def stretch(audio: bytes, tempo: int) -> bytes:
    """8 kHz µ-law at `tempo` percent of its speed; its pitch and its level stay.

    VoiceError where the library is missing or the tempo is none of ours, AudioError for a
    clause too short to have a pitch.
    """
    if not SLOWEST <= tempo <= USUAL_TEMPO:
        raise VoiceError(
            "a tempo is %(slowest)s to %(usual)s percent", slowest=SLOWEST, usual=USUAL_TEMPO
        )
    samples = g711.decode(audio)
    stretcher = _stretcher()
    stretcher.setTimeFactor(tempo / 100)
    if len(samples) < stretcher.intervalSamples():
        raise AudioError("no sound: too short, or not numbers")
    slower = np.asarray(stretcher.process(samples[np.newaxis, :])[0], dtype=np.float32)
    return g711.encode(fade(limit(slower, g711.RATE), g711.RATE))


def _stretcher() -> Any:
    try:
        from python_stretch.Signalsmith import Stretch
    except ImportError:
        raise VoiceError("slower speech is not installed: %(remedy)s", remedy=REMEDY) from None
    stretcher = Stretch(_SEED)
    stretcher.preset(1, g711.RATE)
    return stretcher
