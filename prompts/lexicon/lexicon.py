"""Pronunciations that staff extend: `<language>.yaml`, a word and how it is said.

Mandarin words are given in numbered pinyin, English ones respelled; so are words of Latin
letters in Chinese text. What a voice says
depends on its lexicon, so the lexicon's digest is part of a voice's name: after an
edit the clauses are rendered anew, and nothing stale is heard.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from prompts.errors import CatalogueError

_FOLDER = Path(__file__).parent
_SYLLABLE = re.compile(r"[a-zü]+[1-5]")
_LATIN = re.compile(r"[A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words and how they are said; `digest` changes when any of them does."""

    words: Mapping[str, str]
    digest: str

    def syllables(self, word: str) -> list[str]:
        """A Mandarin word's syllables, tone number last."""
        return self.words[word].replace("ü", "v").split()

    def pattern(self) -> re.Pattern[str] | None:
        """Matches any word of the lexicon, the longest first."""
        return _pattern(tuple(self.words))

    def with_words(self, words: tuple[tuple[str, str], ...]) -> Lexicon:
        """The same lexicon with words of staff over it; the digest stays: a clause has its own."""
        return Lexicon({**self.words, **dict(words)}, self.digest) if words else self


@lru_cache(maxsize=64)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str] | None:
    if not words:
        return None
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile("|".join(re.escape(word) for word in longest_first), re.IGNORECASE)


@cache
def load(language: str) -> Lexicon:
    """The lexicon that ships with the line; empty for a language that has none."""
    file = _FOLDER / f"{language}.yaml"
    return read(file) if file.is_file() else Lexicon({}, "none")


def read(file: Path) -> Lexicon:
    """Read a lexicon; CatalogueError names the file and the word."""
    try:
        content = YAML(typ="safe").load(text := file.read_text(encoding="utf-8")) or {}
    except (YAMLError, OSError, UnicodeDecodeError) as error:
        raise CatalogueError(file.name, "cannot be read: %(reason)s", reason=error) from None
    if not isinstance(content, dict):
        raise CatalogueError(file.name, "must be a mapping of words to how they are said")
    for word, said in content.items():
        if not isinstance(word, str) or not isinstance(said, str) or not said.strip():
            raise CatalogueError(f"{file.name}: {word}", "must be a word and how it is said")
        if file.stem.startswith("zh") and not _LATIN.search(word):
            syllables = said.split()
            if len(syllables) != len(word) or not all(map(_SYLLABLE.fullmatch, syllables)):
                raise CatalogueError(
                    f"{file.name}: {word}", "needs one syllable a character, as in chang2 le4"
                )
    return Lexicon(dict(content), hashlib.sha256(text.encode()).hexdigest()[:6])
