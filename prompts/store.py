"""Where rendered clauses are kept: one file of 8 kHz µ-law a clause, by its key.

Written aside, checked and renamed, so that a reader sees a whole clause or none,
whatever is killed when; nothing is synced to disk, because what a power cut loses is
rendered again. Folders by the first two letters of the key keep each of them small.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from prompts.errors import VoiceError

_KEY = re.compile(r"[0-9a-f]{40}")


class ClauseStore:
    """A folder of clauses; any number of processes may read and write it at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: str) -> Path:
        """Where the clause of this key is, or will be."""
        if not _KEY.fullmatch(key):
            raise VoiceError("%(key)r is not a clause key", key=key)
        return self.folder / key[:2] / f"{key}.ulaw"

    def __contains__(self, key: str) -> bool:
        try:
            return self.path(key).stat().st_size > 0
        except FileNotFoundError:
            return False

    def read(self, key: str) -> bytes | None:
        """The µ-law of a clause, or None where it has not been rendered."""
        try:
            with open(self.path(key), "rb", buffering=0) as file:
                return file.read() or None
        except FileNotFoundError:
            return None

    def put(self, key: str, audio: bytes) -> None:
        """Keep a clause; VoiceError where it is empty or the folder cannot be written to."""
        if not audio:
            raise VoiceError("an empty clause is not kept")
        target = self.path(key)
        aside = ""
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, aside = tempfile.mkstemp(dir=target.parent, suffix=".part")
            with os.fdopen(handle, "wb") as file:
                file.write(audio)
            if os.path.getsize(aside) != len(audio):
                raise OSError("short write")
            os.replace(aside, target)
        except OSError as error:
            if aside:
                Path(aside).unlink(missing_ok=True)
            raise VoiceError(
                "cannot write to %(folder)s: %(reason)s", folder=self.folder, reason=error
            ) from None

    def remove(self, key: str) -> None:
        """Let a clause go; nothing where it is not there."""
        self.path(key).unlink(missing_ok=True)

    def sweep(self) -> int:
        """Remove what a killed process left half written; returns how many files."""
        parts = list(self.folder.glob("??/*.part"))
        for part in parts:
            part.unlink(missing_ok=True)
        return len(parts)
