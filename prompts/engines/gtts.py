"""Online voices: gTTS, in any language, only where an administrator has chosen it.

The text of a prompt leaves the building, amounts and ticket numbers included. What comes
back is MP3, read by pydub. Nothing half fetched is kept: the answer is checked before
it is used, and a failure of any kind passes the clause on to the next voice.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from prompts.clause import Words
from prompts.engines.engine import EngineUnavailableError, Samples, VoiceError
from prompts.engines.recorded import decode_with_ffmpeg
from prompts.errors import Message

PACKAGE = "gtts"
REMEDY = "pip install gTTS==2.5.4 pydub==0.25.1 && apt-get install ffmpeg"
LICENCE = Message(
    "gTTS: MIT. The voice is an online service of Google: every text spoken is sent there, "
    "under its terms"
)
_SMALLEST_MP3 = 256


class Gtts:
    """One language of the online voice. `timeout_s` bounds each request."""

    licence = LICENCE

    def __init__(self, language: str, timeout_s: float = 3.0) -> None:
        self.language = language
        self.name = f"gtts-{language}"
        self._timeout_s = timeout_s

    def synthesise(self, text: str, language: str, words: Words = ()) -> tuple[Samples, int]:
        """What the service says; VoiceError where it cannot be reached or refuses."""
        try:
            from gtts import gTTS
            from gtts.tts import gTTSError
        except ImportError as error:
            raise EngineUnavailableError(
                "no online voice (%(reason)s): %(remedy)s", reason=error, remedy=REMEDY
            ) from None
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "spoken.mp3"
            try:
                with file.open("wb") as mp3:
                    # Its check of the language warns about names that the service takes.
                    voice = gTTS(
                        text, lang=self.language, timeout=self._timeout_s, lang_check=False
                    )
                    voice.write_to_fp(mp3)
            # gTTS asserts that there is something to say.
            except (gTTSError, AssertionError, ValueError, OSError) as error:
                raise VoiceError(
                    "the online voice failed: %(reason)s", reason=str(error) or type(error).__name__
                ) from None
            if file.stat().st_size < _SMALLEST_MP3:
                raise VoiceError("the online voice sent nothing")
            return decode_with_ffmpeg(file)
