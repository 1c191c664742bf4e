"""How this line says things, beyond the rules of a language: a setting, and words of staff."""

from __future__ import annotations

from dataclasses import dataclass, field

from prompts.lexicon import Pronunciations


@dataclass(frozen=True, slots=True)
class Manner:
    """`yao`: 1 is said 幺 in Mandarin digit strings; `words`: pronunciations of staff."""

    yao: bool = True
    words: Pronunciations = field(default_factory=Pronunciations)


USUAL = Manner()
