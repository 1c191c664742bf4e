"""What two texts differ in, line by line, for the page that refuses a stale edit."""

from __future__ import annotations

import difflib

Difference = tuple[str, str]


def differences(old: str, new: str) -> list[Difference]:
    """Return ``(mark, line)`` pairs: ``+`` only in ``new``, ``-`` only in ``old``, else a blank."""
    compared = difflib.ndiff(old.splitlines(), new.splitlines())
    return [(line[0], line[2:]) for line in compared if line[0] != "?"]
