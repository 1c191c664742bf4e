"""The emergency voice: Debian's espeak-ng, where every better one is missing.

Mandarin is given to it as pinyin (`cmn-latn-pinyin`): fed with characters it reads 您
letter by letter. Even so few understand it; it is there so that a caller hears that
the line is alive and can press 0.
"""

from __future__ import annotations

import io
import shutil
import subprocess

import numpy as np
import soundfile

from prompts import reading_zh
from prompts.clause import Words
from prompts.engines.engine import EngineUnavailableError, Samples, VoiceError
from prompts.errors import Message
from prompts.lexicon import Lexicon

BINARY = "espeak-ng"
REMEDY = "apt-get install espeak-ng"
LICENCE = Message("GPL-3.0-or-later")
_VOICES = {"zh-CN": "cmn-latn-pinyin", "en": "en-us"}
_WORDS_A_MINUTE = "140"
_TIME_LIMIT_S = 5.0


class Espeak:
    """One language of espeak-ng, run once a clause."""

    licence = LICENCE

    def __init__(self, language: str, lexicon: Lexicon) -> None:
        self.language = language
        self.name = f"espeak-{language}"
        self._lexicon = lexicon

    def synthesise(self, text: str, language: str, words: Words = ()) -> tuple[Samples, int]:
        """22.05 kHz; VoiceError where the program fails."""
        binary = shutil.which(BINARY)
        if binary is None:
            raise EngineUnavailableError("no emergency voice: %(remedy)s", remedy=REMEDY)
        if self.language == "zh-CN":
            from prompts.engines.mandarin_phonemes import pinyin

            text = pinyin(reading_zh.speakable(text), self._lexicon.with_words(words))
        command = [binary, "-v", _VOICES[self.language], "-s", _WORDS_A_MINUTE, "--stdout"]
        try:
            # The text goes in by standard input: it can never be taken for an option.
            done = subprocess.run(
                command, input=text.encode(), capture_output=True, timeout=_TIME_LIMIT_S, check=True
            )
            samples, rate = soundfile.read(io.BytesIO(done.stdout), dtype="float32")
        except (subprocess.SubprocessError, OSError, soundfile.LibsndfileError) as error:
            raise VoiceError(
                "%(program)s failed: %(reason)s", program=BINARY, reason=error
            ) from None
        return np.asarray(samples, dtype=np.float32), int(rate)
