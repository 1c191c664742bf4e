"""A caller's own recording as sound for the telephone."""

import wave
from pathlib import Path

from ivr.responder.playback import Audio
from ivr.rtp.g711 import linear_to_ulaw


def read_wav(path: Path) -> Audio:
    """Read a recording (16-bit PCM, 8 kHz, mono) as µ-law. Raises OSError or wave.Error."""
    with wave.open(str(path), "rb") as file:
        return (linear_to_ulaw(file.readframes(file.getnframes())),)
