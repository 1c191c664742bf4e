"""What every voice is to the rest of the house: text in, samples out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from prompts.clause import Words
from prompts.errors import Message, VoiceError
from prompts.p56 import Samples

__all__ = [
    "Engine",
    "EngineStatus",
    "EngineUnavailableError",
    "Samples",
    "UnspeakableError",
    "VoiceError",
]


class EngineUnavailableError(VoiceError):
    """The engine is not installed or cannot be loaded; the message is the remedy."""


class UnspeakableError(VoiceError):
    """There is nothing in this text that this voice can say; the voice itself is well."""


class Engine(Protocol):
    """A voice in one language. Loads what it needs at the first clause."""

    @property
    def name(self) -> str: ...

    @property
    def language(self) -> str: ...

    @property
    def licence(self) -> str: ...

    def synthesise(self, text: str, language: str, words: Words = ()) -> tuple[Samples, int]:
        """Mono float samples (full scale 1.0) and their rate; VoiceError where it cannot.

        `words`: words of the text with their pinyin, over the voice's lexicon; a voice that
        takes no pinyin says them as it would.
        """
        ...


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """One line of the list of voices that staff see."""

    name: str
    language: str
    usable: bool
    remedy: str  # the command that installs it, or "" where nothing is missing
    licence: Message
    limits: Message  # what else the administrator should know before choosing it
    online: bool  # the texts leave the building
    voice: str  # its name in the keys of clauses, before the digest
