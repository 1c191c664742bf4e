"""The key that signs the desk's sessions: made once, kept in the state folder."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

FILE_NAME = "secret.key"
_BYTES = 32
_SHORTEST = 32


def secret_key(state_dir: Path) -> str:
    """Read the key, making it first where there is none; only its owner may read it."""
    path = state_dir / FILE_NAME
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_text(encoding="ascii").strip()
        if len(key) >= _SHORTEST:
            return key
        # A crash between making and writing it; nothing was signed with an empty key.
        path.unlink()
        return secret_key(state_dir)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        key = secrets.token_urlsafe(_BYTES)
        file.write(key)
    return key
