"""Where a word occurs in what callers hear: prompts, areas and the notices of outages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from admin_web.prompts.published import published
from ivr.services import areas, outages

_AROUND = 18
_SENTENCE = re.compile(r"[^。！？；!?;\n]*")


@dataclass(frozen=True, slots=True)
class Place:
    """One text in which a word occurs; ``excerpt`` is what stands around it."""

    name: str
    address: str
    excerpt: str
    sentence: str


def places(session: Session, language: str, word: str) -> list[Place]:
    """Return every text of ``language`` in which the voice would meet the word."""
    pattern = _pattern(word)
    return [
        _place(name, address, text, match)
        for name, address, text in _texts(session, language)
        if (match := pattern.search(text))
    ]


def counts(session: Session, words: list[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return in how many texts each language and word occurs."""
    texts = {language: list(_texts(session, language)) for language, _word in words}
    return {
        (language, word): sum(
            bool(_pattern(word).search(text)) for _name, _address, text in texts[language]
        )
        for language, word in words
    }


def _texts(session: Session, language: str) -> Iterator[tuple[str, str, str]]:
    for prompt in published(session):
        if text := prompt.texts.get(language):
            yield prompt.id, url_for("prompts.prompt", prompt_id=prompt.id), text
    for area in areas.all_areas(session):
        name = area.name_en if language == "en" else area.name_zh
        if name:
            yield _("Area %(code)s", code=area.code), url_for("areas.edit", code=area.code), name
    for notice in outages.everything(session):
        text = notice.text_en if language == "en" else notice.text_zh
        if text and notice.ended_at is None:
            yield _("Outage notice"), url_for("outages.edit", outage_id=notice.id), text


def _pattern(word: str) -> re.Pattern[str]:
    whole = re.escape(word)
    if word[:1].isascii():  # not inside a longer word
        whole = rf"(?<![A-Za-z0-9]){whole}(?![A-Za-z0-9])"
    return re.compile(whole, re.IGNORECASE)


def _place(name: str, address: str, text: str, match: re.Match[str]) -> Place:
    start, end = max(0, match.start() - _AROUND), min(len(text), match.end() + _AROUND)
    excerpt = ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")
    before = max(text.rfind(mark, 0, match.start()) for mark in "。！？；!?;\n") + 1
    sentence = _SENTENCE.match(text, before)
    # Without its slots: nobody has filled them in.
    spoken = re.sub(r"\{[^{}]*\}", " ", sentence.group() if sentence else text).strip()
    return Place(name, address, excerpt, spoken)
