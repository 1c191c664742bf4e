"""The recogniser itself: Whisper base through faster-whisper, on the processor, one thread.

The sound of a telephone is brought to 16 kHz and to one level; a voice activity detector
(Silero, inside faster-whisper) takes out what is not speech; the text before is not told
to the decoder, because what it got wrong once it would go on with. Traditional characters
become simplified ones (OpenCC).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from ivr.records.tables import TranscriptFault
from ivr.transcripts.guards import Believed, Segment, believe
from ivr.transcripts.installed import REMEDY, RecogniserMissingError, model_folder

RATE = 16_000
LONGEST_S = 1800.0
MODEL = "Whisper base"
_CODES = {"zh-CN": "zh", "en": "en"}
_LANGUAGES = {code: language for language, code in _CODES.items()}
# Punctuated simplified Chinese in front makes more of the same.
_PROMPTS = {"zh": "市民来电：您好，我要反映一个问题。", "en": ""}
# Above the first only where the text compresses or scores badly: a little chance breaks loops.
_TEMPERATURES = (0.0, 0.3, 0.6)
_LEVEL = 0.1  # root mean square of the loud half second: -20 dBov
_MOST_GAIN = 30.0
_BLOCK = RATE // 2


class CannotListenError(Exception):
    """A recording that cannot be transcribed, and why."""

    def __init__(self, fault: TranscriptFault, detail: str = "") -> None:
        super().__init__(f"{fault.value}: {detail}" if detail else fault.value)
        self.fault, self.detail = fault, detail


@dataclass(frozen=True, slots=True)
class Heard:
    """What was made of a recording."""

    believed: Believed
    language: str
    seconds: float


class Recogniser(Protocol):
    """What listens to a file; `name` says with what, for staff to read."""

    name: str

    def hear(self, path: Path, language: str | None) -> Heard:
        """The words in `path`; where no language is given it is guessed. CannotListenError."""


class Whisper:
    """The model in memory (about 300 MB); RecogniserMissingError where it is not installed."""

    def __init__(self, cache: Path, *, threads: int = 1) -> None:
        # The model is here; nothing may be asked of its maker's site.
        os.environ["HF_HUB_OFFLINE"] = "1"
        try:
            from faster_whisper import WhisperModel
            from opencc import OpenCC
        except ImportError as error:
            raise RecogniserMissingError(f"no recogniser ({error}): {REMEDY}") from None
        self._model: Any = WhisperModel(
            str(model_folder(cache)), device="cpu", compute_type="int8", cpu_threads=threads
        )
        self._simplified = OpenCC("t2s").convert
        self.name = f"{MODEL} (faster-whisper {version('faster-whisper')})"

    def hear(self, path: Path, language: str | None) -> Heard:
        """The words in a recording; CannotListenError."""
        sound = load(path)
        seconds = len(sound) / RATE
        spoken = language if language in _CODES else self._language(sound)
        code = _CODES[spoken]
        found, _info = self._model.transcribe(
            sound,
            language=code,
            beam_size=5,
            temperature=_TEMPERATURES,
            condition_on_previous_text=False,
            initial_prompt=_PROMPTS[code] or None,
            vad_filter=True,
            vad_parameters={"min_silence_duration_ms": 1000, "speech_pad_ms": 300},
        )
        segments = [self._segment(one, code) for one in _listed(found)]
        return Heard(believe(segments, spoken), spoken, seconds)

    def _segment(self, found: Any, code: str) -> Segment:
        text = str(found.text)
        return Segment(
            self._simplified(text) if code == "zh" else text,
            float(found.start),
            float(found.end),
            float(found.avg_logprob),
            float(found.no_speech_prob),
            float(found.compression_ratio),
        )

    def _language(self, sound: NDArray[np.float32]) -> str:
        """The likelier of ours: it knows a hundred, and takes dialects for some of them."""
        if not len(sound):
            return "zh-CN"
        _code, _share, shares = self._model.detect_language(sound, vad_filter=True)
        ours = [(share, code) for code, share in shares or [] if code in _LANGUAGES]
        return _LANGUAGES[max(ours)[1]] if ours else "zh-CN"


def load(path: Path) -> NDArray[np.float32]:
    """The sound of a file, mono, 16 kHz, at speaking level; CannotListenError."""
    try:
        with soundfile.SoundFile(path) as file:
            if file.frames / file.samplerate > LONGEST_S:
                raise CannotListenError(
                    TranscriptFault.TOO_LONG, f"{file.frames / file.samplerate:.0f} s"
                )
            heard = file.read(dtype="float32", always_2d=True).mean(axis=1)
            wide = soxr.resample(heard, file.samplerate, RATE, quality="HQ")
    except FileNotFoundError:
        raise CannotListenError(TranscriptFault.FILE_MISSING) from None
    except (OSError, RuntimeError) as error:
        missing = not path.is_file()
        fault = TranscriptFault.FILE_MISSING if missing else TranscriptFault.UNREADABLE
        # Without the path: it stands on a page, and staff cannot mend it there.
        detail = "" if missing else str(error).replace(str(path), path.name)
        raise CannotListenError(fault, detail[:200]) from None
    return _levelled(np.asarray(wide, dtype=np.float32))


def _levelled(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """`sound` with its loud half seconds at `_LEVEL`: whoever whispers is heard, too."""
    sound = sound - sound.mean() if len(sound) else sound
    blocks = sound[: len(sound) - len(sound) % _BLOCK].reshape(-1, _BLOCK)
    if not len(blocks):
        return sound
    loud = float(np.quantile(np.sqrt((blocks**2).mean(axis=1)), 0.9))
    gain = min(_LEVEL / max(loud, 1e-6), _MOST_GAIN)
    raised: NDArray[np.float32] = np.clip(sound * np.float32(gain), -1.0, 1.0)
    return raised


def _listed(found: Iterable[Any]) -> list[Any]:
    """All segments: the library works while they are taken."""
    return list(found)
