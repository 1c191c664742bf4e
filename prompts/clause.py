"""A clause: the smallest thing that is synthesised, cached and played.

A sentence is cut so that only what varies (an amount, a date, a group of digits) is
ever synthesised while a caller waits. Its key in the store covers everything that
the sound depends on.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path

# Raise it when mastering or the writing of spoken text changes what is heard.
RENDERING = "g711-2"
# The same for what `tempo` makes of a clause.
STRETCHING = "signalsmith-1"
USUAL_TEMPO = 100
SLOW_TEMPO = 75
"""Percent of the usual speed: what a caller hears who asked for slower speech."""

_SILENCE = b"\xff"  # µ-law zero
_BYTES_PER_MS = 8


def silence(ms: int) -> bytes:
    """That long a pause as 8 kHz µ-law."""
    return _SILENCE * (_BYTES_PER_MS * ms)


Words = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Clause:
    """Text to be spoken in one go, and the silence after it.

    `tempo`: how fast, in percent of the usual speed (`tempo.stretch`). `words`: words of
    the text with the pinyin that staff have given them. `instead`: what is said where no
    voice can say this now (a number digit by digit); it does not tell clauses apart.
    """

    text: str
    language: str
    pause_after_ms: int = 0
    recorded: Path | None = None
    tempo: int = USUAL_TEMPO
    words: Words = ()
    instead: tuple[Clause, ...] = field(default=(), compare=False, repr=False)

    def at(self, tempo: int) -> Clause:
        """The same clause at another tempo, its pause with it."""
        pause_ms = round(self.pause_after_ms * self.tempo / tempo)
        instead = tuple(clause.at(tempo) for clause in self.instead)
        return replace(self, tempo=tempo, pause_after_ms=pause_ms, instead=instead)

    def key(self, voice: str) -> str:
        """The store's key for this clause spoken by `voice`; the pause is not part of it.

        A recording's name stands for its content: a published recording never changes.
        """
        spoken = "\n".join(
            ("recorded", self.recorded.name) if self.recorded else (voice, self.text)
        )
        content = f"{RENDERING}\n{self.language}\n{spoken}"
        if self.words and not self.recorded:
            content += "".join(f"\n{word}\t{said}" for word, said in self.words)
        key = _digest(content)
        return key if self.tempo == USUAL_TEMPO else stretched_key(key, self.tempo)


def stretched_key(key: str, tempo: int) -> str:
    """The key of what is kept under `key`, at another tempo."""
    return _digest(f"{STRETCHING}\n{tempo}\n{key}")


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()[:40]
