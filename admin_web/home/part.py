"""One part of the line and how it stands: a row of the first page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """Its name, a word with its tone (good, busy, bad), and what is behind the word."""

    name: str
    word: str
    tone: str
    detail: str
