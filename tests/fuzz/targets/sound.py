"""Sound that staff upload, as far as it is read in this process (libsndfile); not by ffmpeg."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from unittest.mock import patch

import numpy as np
import soundfile

from prompts.engines import recorded
from prompts.errors import AudioError, PromptError
from tests.fuzz.target import Target

_FOLDER = tempfile.TemporaryDirectory(prefix="fuzz-sound-")
_KINDS = (
    ("WAV", "PCM_16"),
    ("WAV", "ULAW"),
    ("FLAC", "PCM_16"),
    ("OGG", "VORBIS"),
    ("AIFF", "PCM_16"),
)
WORDS = (
    *(b"RIFF", b"WAVE", b"fmt ", b"data", b"LIST", b"fact", b"\xff\xff\xff\xff", b"\0\0\0\0"),
    *(b"fLaC", b"OggS", b"FORM", b"AIFF", b"COMM", b"SSND", b"\x7f\xff\xff\xff", b"ID3\4", b"RF64"),
    *(b"\x40\x1f\0\0", b"\1\0\1\0", b"\xfe\xff", b"\7\0\1\0", b"#EXTM3U\nhttp://127.0.0.1/x\n"),
)


def _not_by_ffmpeg(file: Path) -> None:
    raise AudioError("%(file)s is not a sound file", file=file.name)


def load(data: bytes) -> None:
    """Sound with a length and a rate, or a reason a clerk understands."""
    path = Path(_FOLDER.name) / "take.wav"
    path.write_bytes(data)
    with patch.object(recorded, "decode_with_ffmpeg", _not_by_ffmpeg):
        samples, rate = recorded.load(path)
    assert samples.ndim == 1
    assert np.isfinite(samples).all()
    assert 0.1 < len(samples) / rate < 200
    assert samples.nbytes < 200 << 20


@cache
def _spoken() -> np.ndarray:
    time_s = np.arange(2400) / 8000
    return 0.3 * np.sin(2 * np.pi * 300 * time_s) * (np.sin(2 * np.pi * 7 * time_s) > 0)


def seeds() -> Iterable[bytes]:
    for form, kind in _KINDS:
        file = io.BytesIO()
        soundfile.write(file, _spoken(), 8000, format=form, subtype=kind)
        yield file.getvalue()
    # A second of silence that says it has 655350 Hz and eight channels.
    file = io.BytesIO()
    soundfile.write(file, np.zeros((4096, 8)), 655350, format="FLAC")
    yield file.getvalue()


TARGETS = (
    Target(
        *("sound_file", load, (PromptError,), seeds, WORDS, 8000),
        tried_in_tests=80,
        close=_FOLDER.cleanup,
    ),
)
