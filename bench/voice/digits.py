"""Whether strings of digits arrive whole: ticket numbers of twelve, account numbers of six.

Each number is said as the line says it (or in another way, to compare), sent through
G.711, and heard three times over: by a listener who knows nothing (`open`), by one who
has heard such a number before (`prompted`), and by one who knows how many digits come
(`counting`, as a recogniser with a digit grammar, or a person with a form to fill in).
A string counts only when every digit is there, in order, and no other.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from math import inf

from bench.voice.recogniser import PLAIN, Decode, Recogniser
from bench.voice.score import digits
from bench.voice.telephone import for_recogniser, through
from prompts import numerals_en, numerals_zh
from prompts.catalogue import Catalogue
from prompts.clause import Clause
from prompts.compose import compose

LISTENERS = ("open", "prompted", "counting")
_LABELS = {
    ("ticket", "zh-CN"): "您的工单号是",
    ("ticket", "en"): "Your ticket number is",
    ("account", "zh-CN"): "您的账号是",
    ("account", "en"): "Your account number is",
}
_HEARD_BEFORE = {
    "zh-CN": "您的账号是905-116。您的工单号是3571-8264-9078。",
    "en": "Your account number is 905-116. Your ticket number is 3571-8264-9078.",
}


@dataclass(frozen=True, slots=True)
class Way:
    """One way of saying a number; `groups` by its length.

    Without groups: as the line does, at the first reading or `again`.
    """

    name: str
    groups: dict[int, tuple[int, ...]] = field(default_factory=dict)
    pause_ms: int = 250
    label_pause_ms: int = 120
    rate: float = 1.0
    yao: bool = True
    commas: bool = False
    year_whole: bool = False
    again: bool = False

    def clauses(self, kind: str, language: str, number: str) -> list[Clause]:
        label = _LABELS[kind, language]
        if not self.groups:
            text = label + " {number:digits}."
            catalogue = Catalogue({}, ("zh-CN", "en")).with_overrides({("number", language): text})
            prompt = replace(catalogue.prompt("number"), again=self.again)
            catalogue = Catalogue({"number": prompt}, catalogue.languages)
            return compose(catalogue, "number", language, {"number": number})
        said = [Clause(label, language, self.label_pause_ms)]
        at = 0
        for length in self.groups[len(number)]:
            group = number[at : at + length]
            said.append(Clause(self._group(group, language, first=not at), language, self.pause_ms))
            at += length
        return said

    def _group(self, group: str, language: str, *, first: bool) -> str:
        if language == "zh-CN":
            if self.year_whole and first:
                return numerals_zh.digits(group, yao=False) + "年"
            said = list(numerals_zh.digits(group, yao=self.yao))
            return ("，" if self.commas else "").join(said)
        if self.year_whole and first:
            return numerals_en.year(int(group))
        said = numerals_en.digits(group).split()
        return (", " if self.commas else " ").join(said)


_FOURS = {12: (4, 4, 4), 6: (3, 3)}
LINE = Way("as the line says it")
LINE_AGAIN = Way("as the line says it again", again=True)
WAYS = (
    Way("4-4-4, 250 ms (before)", _FOURS),
    Way("4-4-4, 400 ms", _FOURS, 400, 300),
    Way("4-4-4, 500 ms", _FOURS, 500, 400),
    Way("3-3-3-3, 250 ms", {12: (3, 3, 3, 3), 6: (3, 3)}),
    Way("2-2-2-2-2-2, 250 ms", {12: (2,) * 6, 6: (2, 2, 2)}),
    Way("4-2-2-4, 400 ms", {12: (4, 2, 2, 4), 6: (3, 3)}, 400, 300),
    Way("4-4-4, slower by 10 %", _FOURS, rate=1.1),
    Way("4-4-4, slower by 10 %, 400 ms", _FOURS, 400, 300, rate=1.1),
    Way("4-4-4, slower by 20 %, 500 ms", _FOURS, 500, 400, rate=1.2),
    Way("3-3-3-3, slower by 10 %, 400 ms", {12: (3, 3, 3, 3), 6: (3, 3)}, 400, 300, rate=1.1),
    Way("4-4-4, yi for 1", _FOURS, yao=False),
    Way("4-4-4, a comma after each digit", _FOURS, commas=True),
    Way("4-4-4, the year as a year", _FOURS, year_whole=True),
)


@dataclass(slots=True)
class Tally:
    """How many numbers arrived whole, a listener each, and what was heard instead."""

    tried: int = 0
    whole: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in LISTENERS})
    seconds: float = 0.0
    missed: list[tuple[str, str]] = field(default_factory=list)

    def take(self, number: str, heard: list[str], seconds: float) -> None:
        """Count what each listener heard of one number."""
        self.tried += 1
        self.seconds += seconds
        for name, text in zip(LISTENERS, heard, strict=True):
            if digits(text) == number:
                self.whole[name].add(number)
        if digits(heard[-1]) != number:
            self.missed.append((number, heard[-1]))

    def counts(self) -> list[int]:
        """Numbers whole, a listener each."""
        return [len(self.whole[name]) for name in LISTENERS]

    def either(self, other: Tally) -> list[int]:
        """Numbers whole at this reading or the other."""
        return [len(self.whole[name] | other.whole[name]) for name in LISTENERS]


def numbers(kind: str, count: int, seed: int) -> Iterator[str]:
    """Random numbers, each once: a day of 2026 and four digits, or six digits."""
    rng = random.Random(seed)
    given: set[str] = set()
    while len(given) < count:
        number = f"{rng.randint(0, 999_999):06}"
        if kind == "ticket":
            number = f"2026{rng.randint(1, 12):02}{rng.randint(1, 28):02}{rng.randint(0, 9999):04}"
        if number not in given:
            given.add(number)
            yield number


def measure(
    recogniser: Recogniser,
    speak: Callable[[list[Clause], float | None], bytes],
    ways: tuple[Way, ...],
    kind: str,
    language: str,
    count: int,
    *,
    seed: int = 21,
    until: float = inf,
) -> list[Tally]:
    """Say `count` numbers in each of `ways`; `speak(clauses, rate)` gives them as µ-law.

    No number is begun after `until` (monotonic): every way has heard the same ones.
    """
    tallies = [Tally() for _ in ways]
    listeners = (
        PLAIN,
        Decode("prompted", prompt=_HEARD_BEFORE[language]),
        Decode(
            "counting",
            beam_size=10,
            prompt=_HEARD_BEFORE[language],
            prefix=_LABELS[kind, language],
            length=12 if kind == "ticket" else 6,
        ),
    )
    for number in numbers(kind, count, seed):
        if time.monotonic() > until:
            break
        for way, tally in zip(ways, tallies, strict=True):
            clauses = way.clauses(kind, language, number)
            audio = speak(clauses, way.rate if way.groups else None)
            heard = recogniser.hear(for_recogniser(through(audio)), language, *listeners)
            tally.take(number, heard, len(audio) / 8000)
    return tallies
