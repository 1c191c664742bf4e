"""Error rates over the fixed lists of sentences, per voice and share of lost packets."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from pathlib import Path

from bench.voice.recogniser import Decode, Recogniser
from bench.voice.score import distance, normal_en, normal_zh, syllables
from bench.voice.telephone import for_recogniser, through
from prompts.clause import Clause
from prompts.compose import compose_text

FOLDER = Path(__file__).parent
_FILES = {"zh-CN": "zh", "en": "en"}
# It makes the recogniser write simplified characters.
_WAYS = {
    "zh-CN": Decode("beam 5", prompt="以下是普通话的句子，请用简体字。"),
    "en": Decode("beam 5"),
}


@dataclass(slots=True)
class Rates:
    """Errors in hundredths of what was said."""

    said: int = 0
    wrong: int = 0  # characters of Mandarin, words of English
    syllables: int = 0
    wrong_syllables: int = 0  # toneless pinyin
    sentences: int = 0
    whole: int = 0  # sentences without an error (of syllables, for Mandarin)

    @property
    def errors(self) -> float:
        return 100 * self.wrong / max(1, self.said)

    @property
    def pinyin_errors(self) -> float:
        return 100 * self.wrong_syllables / max(1, self.syllables)


def sentences(name: str, language: str, count: int | None = None) -> list[str]:
    """The sentences of `sentences` or `held_out`, the first `count`."""
    file = FOLDER / f"{name}.{_FILES[language]}.txt"
    lines = file.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")][:count]


def measure(
    recogniser: Recogniser,
    speak: Callable[[list[Clause]], bytes],
    texts: list[str],
    language: str,
    losses: tuple[float, ...],
    until: float = inf,
) -> dict[float, Rates]:
    """Say each text once and hear it at every share of lost packets.

    No text is begun after `until` (monotonic).
    """
    found = {loss: Rates() for loss in losses}
    for at, text in enumerate(texts):
        if time.monotonic() > until:
            break
        audio = speak(list(compose_text(text, language)))
        for loss, rates in found.items():
            sound = for_recogniser(through(audio, loss, seed=at))
            (heard,) = recogniser.hear(sound, language, _WAYS[language])
            _count(rates, text, heard, language)
    return found


def _count(rates: Rates, text: str, heard: str, language: str) -> None:
    rates.sentences += 1
    if language == "en":
        said = normal_en(text)
        wrong = distance(said, normal_en(heard))
        rates.whole += not wrong
    else:
        characters, understood = normal_zh(text), normal_zh(heard)
        said = list(characters)
        wrong = distance(characters, understood)
        spoken = syllables(characters)
        wrong_syllables = distance(spoken, syllables(understood))
        rates.syllables += len(spoken)
        rates.wrong_syllables += wrong_syllables
        rates.whole += not wrong_syllables
    rates.said += len(said)
    rates.wrong += wrong
