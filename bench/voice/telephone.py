"""What a telephone makes of our sound: G.711 in packets of 20 ms, some of them lost.

A lost packet is concealed as simple telephones do it: the last one is played once more
at half the level, then comes silence (G.711 Appendix I does better; few terminals have
it). The losses are independent of each other and follow from the seed.
"""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from prompts import g711

PACKET_BYTES = 160
RECOGNISER_RATE = 16_000


def through(audio: bytes, loss: float = 0.0, seed: int = 0) -> NDArray[np.float32]:
    """µ-law `audio` as it is heard with that share of its packets lost, 8 kHz."""
    heard = g711.decode(audio + b"\xff" * (-len(audio) % PACKET_BYTES))
    packets = heard.reshape(-1, PACKET_BYTES)
    lost = np.random.default_rng(seed).random(len(packets)) < loss
    for at in np.flatnonzero(lost):
        once = at > 0 and not lost[at - 1]
        packets[at] = packets[at - 1] * np.float32(0.5) if once else 0
    return packets.reshape(-1)


def for_recogniser(heard: NDArray[np.float32]) -> NDArray[np.float32]:
    """At the rate the recogniser wants, with a little silence on both sides."""
    still = np.zeros(RECOGNISER_RATE // 2, np.float32)
    wide = soxr.resample(heard, g711.RATE, RECOGNISER_RATE, quality="VHQ")
    return np.concatenate([still, np.asarray(wide, dtype=np.float32), still])
