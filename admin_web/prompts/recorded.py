"""Recordings of prompts by staff: checked, kept under a name of their own, sent back.

A name holds the hash of the content, because the line caches a recording by its name.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from flask import Response, abort, send_file
from werkzeug.datastructures import FileStorage

from admin_web.desk import desk
from prompts.engines.recorded import load
from prompts.errors import AudioError

SUFFIXES = {".wav", ".mp3", ".flac", ".ogg", ".oga", ".m4a", ".webm", ".amr", ".aac", ".opus"}


def keep(prompt_id: str, language: str, upload: FileStorage) -> tuple[str, str]:
    """Keep an upload; return its path relative to the state folder, and its SHA-256.

    AudioError says why it is no prompt: not sound, too short or long, silent.
    """
    suffix = Path(upload.filename or "").suffix.lower()
    if suffix not in SUFFIXES:
        raise AudioError(f"the file must be one of {', '.join(sorted(SUFFIXES))}")
    folder = desk().settings.recorded_prompts
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".upload-") as aside:
        # Under its own name, because that is how whoever sent it will be told of it.
        file = Path(aside) / (_own_name(upload.filename) + suffix)
        upload.save(file)
        load(file)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        name = f"{prompt_id}.{language}.{digest[:24]}{suffix}"
        os.replace(file, folder / name)
    return str((folder / name).resolve().relative_to(desk().settings.state_dir.resolve())), digest


def _own_name(given: str | None) -> str:
    stem = Path((given or "").replace("\\", "/")).stem
    return "".join(char for char in stem[:40] if char.isalnum() or char in " -_") or "recording"


def send(stored: str) -> Response:
    """Send a kept recording; 404 where it is not in its folder."""
    folder = desk().settings.recorded_prompts.resolve()
    path = (desk().settings.state_dir.resolve() / stored).resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        abort(404)
    return send_file(path, conditional=True, max_age=0)
