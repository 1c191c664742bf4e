"""Finding what should have been said in what was heard.

A clip is cut into segments of a quarter of a second; each is looked for by normalised
cross-correlation (numpy's FFT), the first anywhere after the clip before, the
others where they then have to be, give or take what a jitter buffer adds or
drops. The synthesis is deterministic and G.711 lossless on loopback, so the
right clip correlates near 1 and any other sentence of the same voice far below.
"""

import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8000
SEGMENT = RATE_HZ // 4
SLACK = RATE_HZ // 10
ALIKE = 0.7
# PJSIP's jitter buffer drops 10 ms here and there when the machine is busy: that spoils the
# segment it falls into. Other words of the same voice reach a share of 0.2 at most.
ENOUGH = 0.6
_QUIET_RMS = 60.0

Samples = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Clip:
    """What should be heard; `whole` is False where a key cuts it short."""

    text: str
    samples: Samples
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Match:
    """Where a clip was found, in seconds, and the share of its segments that were."""

    text: str
    start_s: float
    end_s: float
    share: float


def from_ulaw(sound: bytes) -> Samples:
    """µ-law to linear, ITU-T G.711 table 2a."""
    codes = ~np.frombuffer(sound, np.uint8)
    exponent = (codes >> 4) & 0x07
    mantissa = (codes & 0x0F).astype(np.int32)
    magnitude = (((mantissa << 3) + 0x84) << exponent) - 0x84
    return np.where(codes & 0x80, -magnitude, magnitude).astype(np.float64)


def from_wav(path: Path) -> Samples:
    """A mono 16-bit WAV at 8 kHz."""
    with wave.open(str(path), "rb") as file:
        form = (file.getnchannels(), file.getsampwidth(), file.getframerate())
        assert form == (1, 2, RATE_HZ), f"{path}: {form}"
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64)


def correlation(heard: Samples, piece: Samples) -> Samples:
    """Normalised cross-correlation of `piece` at each place of `heard`, from -1 to 1."""
    if len(heard) < len(piece):
        return np.zeros(0)
    size = 1 << (len(heard) + len(piece) - 1).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(piece, size))
    products = np.fft.irfft(spectrum, size)[: len(heard) - len(piece) + 1]
    squares = np.concatenate(([0.0], np.cumsum(heard**2)))
    energy = squares[len(piece) :] - squares[: -len(piece)]
    floor = len(piece) * _QUIET_RMS**2
    scale = np.sqrt(np.maximum(energy, floor) * max(float(np.sum(piece**2)), floor))
    return np.asarray(products / scale)


def find(heard: Samples, clip: Clip, start_s: float = 0.0, within_s: float = 60.0) -> Match:
    """The first place from `start_s` on where enough of `clip` is, else the best there is."""
    first = int(start_s * RATE_HZ)
    area = heard[first : first + int(within_s * RATE_HZ)]
    pieces = _segments(clip.samples)
    if not clip.whole:
        pieces = pieces[:4]
    best = Match(clip.text, start_s, start_s, 0.0)
    # The first segment leads; where it is spoilt, the middle one or the last does.
    for anchor_offset, anchor in (pieces[0], pieces[len(pieces) // 2], pieces[-1]):
        scores = correlation(area, anchor)
        # The same words may be said several times: the first time counts.
        for place in _peaks(scores) if len(scores) else ():
            match = _follow(heard, clip.text, pieces, first + place - anchor_offset)
            if match.share >= ENOUGH:
                return match
            best = max(best, match, key=lambda each: each.share)
    return best


def _follow(heard: Samples, text: str, pieces: Sequence[tuple[int, Samples]], origin: int) -> Match:
    """How much of a clip is there if it begins at `origin`; what is dropped shifts the rest."""
    found, end, shift = 0, origin, 0
    for offset, piece in pieces:
        low = max(0, origin + offset + shift - SLACK)
        near = correlation(heard[low : low + len(piece) + 2 * SLACK], piece)
        if len(near) and near.max() >= ALIKE:
            found += 1
            shift = low + int(near.argmax()) - origin - offset
            end = low + int(near.argmax()) + len(piece)
    return Match(text, max(0, origin) / RATE_HZ, end / RATE_HZ, found / len(pieces))


def in_order(heard: Samples, clips: Sequence[Clip]) -> list[Match]:
    """All clips one after the other; AssertionError names the first that is not there."""
    matches: list[Match] = []
    after_s = 0.0
    for clip in clips:
        match = find(heard, clip, after_s)
        assert match.share >= ENOUGH, (
            f"not heard after {after_s:.1f} s of {len(heard) / RATE_HZ:.1f} s: {clip.text!r} "
            f"(found {match.share:.0%}); heard before: "
            + "; ".join(f"{m.start_s:.1f} {m.text!r}" for m in matches[-3:])
        )
        matches.append(match)
        after_s = max(after_s, match.end_s - 0.1)
    return matches


def _segments(samples: Samples) -> list[tuple[int, Samples]]:
    """The pieces that are not silence; a short clip is one piece."""
    count = max(1, len(samples) // SEGMENT)
    size = len(samples) // count
    pieces = [(index * size, samples[index * size : (index + 1) * size]) for index in range(count)]
    loud = [(at, piece) for at, piece in pieces if np.sqrt(np.mean(piece**2)) > 4 * _QUIET_RMS]
    return loud or pieces


def _peaks(scores: Samples) -> list[int]:
    left = scores.copy()
    places: list[int] = []
    for _ in range(8):
        place = int(left.argmax())
        if left[place] < ALIKE:
            break
        places.append(place)
        left[max(0, place - SEGMENT // 2) : place + SEGMENT // 2] = -1.0
    return sorted(places)
