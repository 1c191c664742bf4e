"""Which voice speaks which language here: the settings' choice before the usual order.

The responder, the voice process, `ivr render` and `ivr say` all ask this one
function, because the voice's name is part of every clause's key in the store.
"""

from __future__ import annotations

from functools import cache

from prompts.engines import DEFAULT_ORDER, voices

Order = tuple[tuple[str, tuple[str, ...]], ...]


def order(voice_zh: str, voice_en: str) -> dict[str, tuple[str, ...]]:
    """The voices of each language, the chosen one first; the usual ones stand in for it."""
    chosen = {"zh-CN": voice_zh, "en": voice_en}
    found = {}
    for language, usual in DEFAULT_ORDER.items():
        choice = chosen.get(language, "auto")
        first = () if choice == "auto" else (choice,)
        found[language] = (*first, *(name for name in usual if name not in first))
    return found


@cache
def voice_of(voice_zh: str, voice_en: str, language: str) -> str:
    """The name in the keys of clauses in `language`; empty where no voice is installed."""
    return voices(order(voice_zh, voice_en)).get(language, "")
