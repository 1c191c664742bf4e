"""Files somebody uploads and is still deciding about, in the state folder, under names of ours.

What a browser calls its file is shown, and never a path. A file nobody came back for within a
day goes when the next one comes.
"""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from pathlib import Path

from werkzeug.datastructures import FileStorage

from admin_web.desk import desk

KEPT = timedelta(days=1)
_NAME = re.compile(r"[0-9a-f]{32}")


def keep(upload: FileStorage) -> str:
    """Keep an uploaded file; the name to find it by."""
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _clear(folder)
    name = secrets.token_hex(16)
    upload.save(folder / name)
    (folder / name).chmod(0o600)
    return name


def kept(name: str) -> Path | None:
    """The file of a name that ``keep`` gave, if it is still there."""
    if not _NAME.fullmatch(name):
        return None
    path = _folder() / name
    return path if path.is_file() else None


def forget(name: str) -> None:
    """Remove a kept file; one that is gone already is."""
    path = kept(name)
    if path is not None:
        path.unlink(missing_ok=True)


def shown_name(upload: FileStorage) -> str:
    """What the browser calls its file, without folders, to be shown."""
    return re.split(r"[/\\]", upload.filename or "")[-1][:100] or "—"


def _folder() -> Path:
    return desk().settings.state_dir / "uploads"


def _clear(folder: Path) -> None:
    before = (desk().now() - KEPT).timestamp()
    for path in folder.iterdir():
        if _NAME.fullmatch(path.name) and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
