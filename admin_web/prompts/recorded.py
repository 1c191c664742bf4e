"""Recordings of prompts by staff, as the browser sends and fetches them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask import Response, send_file
from werkzeug.datastructures import FileStorage

from admin_web.desk import desk
from prompts import takes
from prompts.takes import Take


def keep(prompt_id: str, language: str, upload: FileStorage, variant: str = "") -> tuple[str, Take]:
    """Keep an upload; return its path relative to the state folder, and what was kept.

    AudioError says why it is no prompt: not sound, too short or long, silent.
    """
    given = Path((upload.filename or "").replace("\\", "/")).name
    takes.check_name(given)
    with tempfile.TemporaryDirectory(prefix="upload-") as aside:
        # Under its own name, because that is how whoever sent it will be told of it.
        file = Path(aside) / (_own_name(given) + Path(given).suffix.lower())
        upload.save(file)
        take = takes.keep(
            file,
            desk().settings.recorded_prompts,
            prompt=prompt_id,
            language=language,
            variant=variant,
        )
    inside = take.path.resolve().relative_to(desk().settings.state_dir.resolve())
    return str(inside), take


def _own_name(given: str | None) -> str:
    stem = Path((given or "").replace("\\", "/")).stem
    return "".join(char for char in stem[:40] if char.isalnum() or char in " -_") or "recording"


def path_of(stored: str) -> Path | None:
    """Return a kept recording; None where it is not in its folder."""
    folder = desk().settings.recorded_prompts.resolve()
    path = (desk().settings.state_dir.resolve() / stored).resolve()
    return path if path.is_relative_to(folder) and path.is_file() else None


def send(path: Path) -> Response:
    """Send a recording as it was given."""
    return send_file(path, conditional=True, max_age=0)
