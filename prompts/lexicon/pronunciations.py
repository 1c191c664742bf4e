"""How staff want words to be said, over the lexicon that ships with the line.

Two ways. In pinyin (Mandarin words only): the characters stay, and a clause carries the
words in it that staff have spoken for, so that its key and its sound follow. Respelled
(any language): the word is written as it should be said before the text is read (WiFi:
歪费; Chengnan: chung nahn). Of two words that overlap the longer wins.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from prompts.errors import PromptError
from prompts.lexicon import syllables
from prompts.lexicon.lexicon import load

log = logging.getLogger(__name__)

LONGEST_WORD = 20
LONGEST_SAID = 100
_HAN = re.compile(r"[\u3400-\u9fff〇]+")
_WORD = re.compile(r"\S(?:.*\S)?")
_UNSAYABLE = re.compile(r"[\[\]{}<>|\\/_*#^~`\x00-\x1f]")


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word and how it is said; `pinyin` has one syllable a character, or is empty."""

    language: str
    word: str
    said: str
    pinyin: bool


def checked(language: str, word: str, said: str) -> Spoken:
    """A word of staff, its pinyin written evenly; PromptError says what is wrong with either."""
    word, said = " ".join(word.split()), " ".join(said.split())
    if not word or not said:
        raise PromptError("give a word and how it is said")
    if len(word) > LONGEST_WORD or not any(map(str.isalnum, word)) or _UNSAYABLE.search(word):
        raise PromptError(
            "“%(word)s” is no word: up to %(most)s characters or letters, without marks",
            word=word,
            most=LONGEST_WORD,
        )
    if len(said) > LONGEST_SAID or _UNSAYABLE.search(said) or not any(map(str.isalnum, said)):
        raise PromptError(
            "how it is said takes up to %(most)s letters or characters, without marks",
            most=LONGEST_SAID,
        )
    if language != "zh-CN":
        return _respelled(language, word, said)
    if not syllables.looks_like_pinyin(said):
        return _respelled(language, word, said)
    found = syllables.parse(said)
    if not _HAN.fullmatch(word):
        raise PromptError(
            "pinyin is for words of Chinese characters only; respell “%(word)s” in characters "
            "that sound like it, as in WiFi: 歪费",
            word=word,
        )
    if len(found) != len(word):
        raise PromptError(
            "“%(word)s” has %(characters)s characters, and this is %(syllables)s syllables; "
            "write one for each character",
            word=word,
            characters=len(word),
            syllables=len(found),
        )
    return Spoken(language, word, " ".join(found), pinyin=True)


def _respelled(language: str, word: str, said: str) -> Spoken:
    if said.casefold() == word.casefold():
        raise PromptError("this is the word as it is written; say it in another way")
    if language == "en" and _HAN.search(word + said):
        raise PromptError("the English voice reads no Chinese characters; use Latin letters")
    return Spoken(language, word, said, pinyin=False)


class Pronunciations:
    """Words of staff, and those of the line that are respelled; equal where the words are."""

    def __init__(self, words: Iterable[Spoken] = ()) -> None:
        own = {(one.language, one.word): one for one in words}
        self._pinyin: dict[str, dict[str, str]] = {}
        self._respelled: dict[str, dict[str, str]] = {}
        for one in own.values():
            table = self._pinyin if one.pinyin else self._respelled
            table.setdefault(one.language, {})[one.word] = one.said
        for word, said in _of_the_line().items():
            if ("zh-CN", word) not in own:
                self._respelled.setdefault("zh-CN", {}).setdefault(word, said)
        tables = (self._pinyin, self._respelled)
        self._patterns = [
            {language: _pattern(words, language) for language, words in table.items()}
            for table in tables
        ]
        listed = sorted((o.language, o.word, o.said) for o in own.values())
        self._digest = hashlib.sha256(repr(listed).encode()).hexdigest()

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str, str]]) -> Pronunciations:
        """Of language, word and how it is said, as published; what is wrong is left out.

        The desk has checked each; one that newer rules refuse must not silence the rest.
        """
        words = []
        for row in rows:
            try:
                words.append(checked(*row))
            except PromptError as error:
                log.warning("A pronunciation is left out: %s", error)
        return cls(words)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pronunciations) and other._digest == self._digest

    def __hash__(self) -> int:
        return hash(self._digest)

    def respelled(self, text: str, language: str) -> str:
        """The text with the words that are respelled in `language` written as they are said."""
        pattern = self._patterns[1].get(language)
        if pattern is None:
            return text
        said = self._respelled[language]
        folded = {word.casefold(): how for word, how in said.items()}
        return pattern.sub(lambda match: folded[match.group().casefold()], text)

    def said_in(self, text: str, language: str) -> tuple[tuple[str, str], ...]:
        """The words of staff in `text` with their pinyin, each once, in order."""
        pattern = self._patterns[0].get(language)
        if pattern is None:
            return ()
        found = dict.fromkeys(pattern.findall(text))
        return tuple((word, self._pinyin[language][word]) for word in found)


def _pattern(words: Mapping[str, str], language: str) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    # A word of Latin letters is not found inside a longer one.
    whole = "|".join(
        rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])"
        if word[0].isascii() or language == "en"
        else re.escape(word)
        for word in longest_first
    )
    return re.compile(whole, re.IGNORECASE)


@cache
def _of_the_line() -> dict[str, str]:
    """The line's own words in Latin letters, respelled for the Mandarin voice."""
    return {word: said for word, said in load("zh-CN").words.items() if not _HAN.fullmatch(word)}
