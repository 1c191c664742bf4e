"""G.711 µ-law in numpy, and the WAV file that holds it.

ITU-T G.711 (11/88) table 2: 14-bit samples in 8 segments, sent inverted. The room may
not import `ivr.rtp`, and a clause is encoded whole, so this one works on arrays.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from prompts.errors import AudioError

RATE = 8000
WAVE_FORMAT_MULAW = 7  # RFC 2361, A.4
_BIAS = 0x84
_CLIP = 32635


def _expand(codes: NDArray[np.uint8]) -> NDArray[np.int16]:
    inverted = ~codes & 0xFF
    exponent = (inverted >> 4) & 7
    magnitude = (((inverted & 15).astype(np.int32) << 3) + _BIAS << exponent) - _BIAS
    return np.where(inverted & 0x80, -magnitude, magnitude).astype(np.int16)


_DECODED = _expand(np.arange(256, dtype=np.uint8))


def encode(samples: NDArray[np.float32]) -> bytes:
    """Samples at 8 kHz, full scale 1.0, as one µ-law byte each."""
    linear = np.clip(np.rint(np.asarray(samples) * 32768), -_CLIP, _CLIP).astype(np.int32)
    sign = np.where(linear < 0, 0x80, 0)
    magnitude = np.abs(linear) + _BIAS
    exponent = np.frexp(magnitude.astype(np.float32))[1] - 8
    mantissa = magnitude >> (exponent + 3) & 15
    return bytes((~(sign | exponent << 4 | mantissa) & 0xFF).astype(np.uint8).tobytes())


def decode(audio: bytes) -> NDArray[np.float32]:
    """µ-law bytes as samples, full scale 1.0."""
    linear = _DECODED[np.frombuffer(audio, dtype=np.uint8)]
    return linear.astype(np.float32) / np.float32(32768)


def write_wav(path: Path, audio: bytes) -> None:
    """Write µ-law audio as a WAV file of format 7 (with the `fact` chunk such a file needs)."""
    form = struct.pack("<HHIIHHH", WAVE_FORMAT_MULAW, 1, RATE, RATE, 1, 8, 0)
    fact = struct.pack("<I", len(audio))
    padding = b"\0" * (len(audio) % 2)
    body = b"WAVE" + _chunk(b"fmt ", form) + _chunk(b"fact", fact) + _chunk(b"data", audio)
    content = b"RIFF" + struct.pack("<I", len(body + padding)) + body + padding
    try:
        path.write_bytes(content)
    except OSError as error:
        raise AudioError(
            "cannot write %(file)s: %(reason)s", file=path, reason=error.strerror
        ) from None


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content
