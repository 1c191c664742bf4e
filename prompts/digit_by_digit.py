"""A number that no voice can say as a whole now, out of digits that are always there.

Groups of digits are clauses of their own because they are understood better (`digit_groups`),
but no two tickets have the same ones: with the voice process dead, none of them could be made.
What any number can be put together from is rendered ahead like any fixed clause: English digits
one by one, Chinese ones by twos. A recogniser wrote down every number said so; of Chinese
syllables said alone it made nothing. An odd number begins with its lone digit, which in a
telephone number is the one that everybody knows (1 of a mobile's, 0 of an area code).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from prompts import numerals_en, numerals_zh
from prompts.clause import Clause
from prompts.manner import Manner

PAUSE_MS = 180
# Between groups: a caller writes them down.
GROUP_PAUSE_MS = 500
_RUNS = re.compile(r"[0-9]+|[*#]")


@dataclass(frozen=True, slots=True)
class _Tongue:
    """How many digits are one clause, and how they are written for the voice."""

    at_once: int
    say: Callable[[str, Manner], str]


_TONGUES = {
    "zh-CN": _Tongue(2, lambda digits, manner: numerals_zh.digits(digits, yao=manner.yao)),
    "en": _Tongue(1, lambda digits, _manner: numerals_en.digits(digits)),
}


def digit_by_digit(groups: Sequence[str], language: str, manner: Manner) -> tuple[Clause, ...]:
    """The clauses of a number, with a longer pause after each group; none: not this language."""
    if language not in _TONGUES:
        return ()
    said: list[Clause] = []
    for group in groups:
        said += [_clause(piece, language, manner) for piece in _cut(group, language)]
        if said:
            said[-1] = replace(said[-1], pause_after_ms=GROUP_PAUSE_MS)
    return tuple(said)


def digits_ahead(language: str, manner: Manner) -> Iterator[Clause]:
    """Yield the clauses that every number can be put together from."""
    if language not in _TONGUES:
        return
    for length in range(_TONGUES[language].at_once, 0, -1):
        for number in range(10**length):
            yield _clause(f"{number:0{length}d}", language, manner)
    yield from (_clause(key, language, manner) for key in "*#")


def _cut(group: str, language: str) -> Iterator[str]:
    at_once = _TONGUES[language].at_once
    for run in _RUNS.findall(group):
        lone = len(run) % at_once
        if lone:
            yield run[:lone]
        yield from (run[at : at + at_once] for at in range(lone, len(run), at_once))


@lru_cache(maxsize=512)
def _clause(digits: str, language: str, manner: Manner) -> Clause:
    text = _TONGUES[language].say(digits, manner)
    return Clause(text, language, PAUSE_MS, words=manner.words.said_in(text, language))
