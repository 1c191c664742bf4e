"""English: hibari-tts, voice `heart`, whose model is inside the wheel.

The noise in its breath is seeded, so that a clause sounds the same each time and can
be cached.
"""

from __future__ import annotations

import importlib
import re
from typing import Any

import numpy as np

from prompts import numerals_en, pinyin_names
from prompts.clause import Words
from prompts.engines import english_words
from prompts.engines.engine import EngineUnavailableError, Samples, UnspeakableError
from prompts.errors import Message
from prompts.lexicon import Lexicon

PACKAGE = "hibari"
REMEDY = "pip install hibari-tts==0.2.1"
LICENCE = Message("Apache-2.0")

# A group of digits is said slower than the rest: nothing in it can be guessed.
DIGIT_RATE = 1.1
_DIGITS = frozenset(numerals_en.digits("0123456789").split())


class Hibari:
    """The voice `heart`, one thread, loaded at the first clause."""

    name = "hibari-heart"
    language = "en"
    licence = LICENCE

    def __init__(self, lexicon: Lexicon, digit_rate: float = DIGIT_RATE) -> None:
        self._lexicon = lexicon
        self._digit_rate = digit_rate  # above 1 is slower
        self._pattern = lexicon.pattern()
        self._voice: Any = None

    def synthesise(self, text: str, language: str, words: Words = ()) -> tuple[Samples, int]:
        """24 kHz; UnspeakableError for a text with nothing in it to say."""
        if self._voice is None:
            self._voice = _load()
        if self._pattern is not None:
            respelled = {word.lower(): said for word, said in self._lexicon.words.items()}
            text = re.sub(
                rf"\b(?:{self._pattern.pattern})\b",
                lambda match: respelled[match.group().lower()],
                text,
                flags=re.IGNORECASE,
            )
        known = self._voice.g2p.lexicon.golds
        for name in pinyin_names.names(text):
            if name not in known and name.lower() not in known:
                sounds = pinyin_names.phonemes(name)
                text = re.sub(rf"(?<![\[\w]){name}\b", f"[{name}](/{sounds}/)", text)
        rate = self._digit_rate if _DIGITS.issuperset(text.replace(",", "").split()) else 1.0
        samples = np.asarray(self._voice(text, speed=1 / rate, seed=0), dtype=np.float32)
        if len(samples) == 0:
            raise UnspeakableError("the English voice finds nothing to say in %(text)r", text=text)
        return samples, int(self._voice.sample_rate)


def _load() -> Any:
    try:
        module = importlib.import_module(PACKAGE)
    except ImportError as error:
        raise EngineUnavailableError(
            "no English voice (%(reason)s): %(remedy)s", reason=error, remedy=REMEDY
        ) from None
    return module.Hibari(voice="heart", threads=1, g2p=english_words.grammar())
