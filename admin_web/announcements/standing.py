"""Whether new callers hear an announcement already: what the line itself says of it."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _

from admin_web.health.state import LineState
from ivr.records.tables import Announcement


@dataclass(frozen=True, slots=True)
class Told:
    """How an announcement stands; `heard` once all of it is."""

    heard: bool
    tone: str
    text: str


def standing(row: Announcement, line: LineState) -> Told:
    """Return whether new callers hear it, by the line's last sign of life."""
    if not line.answering:
        return Told(False, "bad", _("The line does not answer just now; callers hear nothing."))
    said = line.detail.get("announcements")
    languages = set(said.get(str(row.id), ())) if isinstance(said, dict) else set()
    wanted = {
        language
        for language, words in (("zh-CN", row.words_zh), ("en", row.words_en))
        if words or row.prompt
    }
    if languages and (row.prompt or wanted <= languages):
        return Told(True, "good", _("New callers hear it."))
    if languages:
        return Told(
            False, "busy", _("New callers hear it in one language; the other is being made.")
        )
    return Told(
        False,
        "busy",
        _(
            "Not heard yet: its sound is being made. New callers hear it as soon as that is done; "
            "until then calls go on as always."
        ),
    )
