"""Text from outside, made fit for a database column.

A caller's number and name come from a SIP header that anybody can write.
PostgreSQL refuses U+0000, over-long values and lone surrogates with an error;
a record of a call must never be lost over them.
"""

from __future__ import annotations

import unicodedata


def storable(text: str, limit: int) -> str:
    """`text` without control characters and surrogates, at most `limit` characters long."""
    kept = "".join(c for c in text[: limit * 4] if unicodedata.category(c) not in ("Cc", "Cs"))
    return kept[:limit]


def note_text(text: str, limit: int = 20_000) -> str:
    """The same for what staff write: line ends and tabs stay, as `\\n` and a blank."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").split("\n")
    return "\n".join(storable(line, limit) for line in lines)[:limit].strip()


def digits_of(text: str) -> str:
    """Only the ASCII digits of a number as somebody wrote or keyed it."""
    return "".join(c for c in text if c in "0123456789")
