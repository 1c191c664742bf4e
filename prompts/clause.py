"""A clause: the smallest thing that is synthesised, cached and played.

A sentence is cut so that only what varies (an amount, a date, a group of digits) is
ever synthesised while a caller waits. Its key in the store covers everything that
the sound depends on.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

# Raise it when mastering or the writing of spoken text changes what is heard.
RENDERING = "g711-2"


_SILENCE = b"\xff"  # µ-law zero
_BYTES_PER_MS = 8


def silence(ms: int) -> bytes:
    """That long a pause as 8 kHz µ-law."""
    return _SILENCE * (_BYTES_PER_MS * ms)


@dataclass(frozen=True, slots=True)
class Clause:
    """Text to be spoken in one go, and the silence after it."""

    text: str
    language: str
    pause_after_ms: int = 0
    recorded: Path | None = None

    def key(self, voice: str) -> str:
        """The store's key for this clause spoken by `voice`; the pause is not part of it.

        A recording's name stands for its content: a published recording never changes.
        """
        spoken = "\n".join(
            ("recorded", self.recorded.name) if self.recorded else (voice, self.text)
        )
        content = f"{RENDERING}\n{self.language}\n{spoken}"
        return hashlib.sha256(content.encode()).hexdigest()[:40]
