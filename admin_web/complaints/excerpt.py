"""Where the words searched for stand in a transcript, for the list of complaints."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from ivr.records.tables import Complaint
from ivr.services.masking import NumberView, in_text

AROUND = 18


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of a transcript around the first word found in it; ``verified``: staff checked it."""

    before: str
    match: str
    after: str
    verified: bool


def excerpt(complaint: Complaint, searched: str | None, numbers: NumberView) -> Excerpt | None:
    """Return where a word of ``searched`` stands in what was said; None if nowhere.

    Numbers in it are seen as ``numbers`` says: a part of one that is hidden is not shown as found.
    """
    transcript = complaint.recording.transcript if complaint.recording else None
    words = unicodedata.normalize("NFKC", searched or "").split()
    if transcript is None or not words:
        return None
    text = in_text(" ".join(transcript.text.split()), numbers)
    found = re.search("|".join(re.escape(word) for word in words), text, re.IGNORECASE)
    if found is None:
        return None
    first, last = max(0, found.start() - AROUND), min(len(text), found.end() + AROUND)
    return Excerpt(
        ("…" if first else "") + text[first : found.start()],
        found[0],
        text[found.end() : last] + ("…" if last < len(text) else ""),
        transcript.checked_at is not None,
    )
