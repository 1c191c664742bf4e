"""Takes: what staff spoke for a prompt, checked as sound and kept under a name of its own.

The same way for an upload, a browser and a telephone. The name holds the hash of the
content, because the line caches a recording by its name; the sound itself is kept as
it came and brought to telephone level when it is rendered.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from prompts.engines.recorded import load
from prompts.errors import AudioError

SUFFIXES = frozenset(
    {".wav", ".mp3", ".flac", ".ogg", ".oga", ".m4a", ".mp4", ".webm", ".amr", ".aac", ".opus"}
)


@dataclass(frozen=True, slots=True)
class Take:
    """A file that was kept, the hash of its content and its length."""

    path: Path
    sha256: str
    seconds: float


def check_name(name: str) -> None:
    """AudioError where a file's name is not that of sound."""
    if Path(name).suffix.lower() not in SUFFIXES:
        raise AudioError("the file must be one of %(formats)s", formats=", ".join(sorted(SUFFIXES)))


def keep(file: Path, folder: Path, *, prompt: str, language: str, variant: str = "") -> Take:
    """Check the sound in `file` and keep a copy in `folder`; CPU-heavy, never on a reactor.

    AudioError says what is wrong: not sound, too short or long, too quiet, overdriven, no speech.
    The copy is on disk when this returns; what a power cut leaves half written has no name.
    """
    check_name(file.name)
    samples, rate = load(file)
    content = file.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    where = f"{language}.{variant}" if variant else language
    target = folder / f"{prompt}.{where}.{digest[:24]}{file.suffix.lower()}"
    folder.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=folder, prefix=".take-")
    try:
        with os.fdopen(handle, "wb") as copy:
            copy.write(content)
            copy.flush()
            os.fsync(copy.fileno())
        Path(aside).chmod(0o644)
        os.replace(aside, target)
    except OSError as error:
        Path(aside).unlink(missing_ok=True)
        raise AudioError(
            "the recording cannot be kept: %(reason)s", reason=error.strerror or error
        ) from None
    return Take(target, digest, len(samples) / rate)
