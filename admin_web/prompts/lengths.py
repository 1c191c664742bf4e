"""How long a prompt lasts and who speaks it: measured where it is rendered, else reckoned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from admin_web.desk import desk
from admin_web.prompts.published import example_values
from prompts import g711
from prompts.catalogue import Catalogue
from prompts.clause import Clause
from prompts.compose import compose
from prompts.errors import PromptError
from prompts.store import ClauseStore

# What the usual voices say in a second, pauses apart, measured over the catalogue.
_CHARACTERS_A_SECOND = {"zh-CN": 4.3, "en": 14.5}
_OTHERWISE = 10.0


@dataclass(frozen=True, slots=True)
class Length:
    """Seconds; ``about`` says that they are reckoned from the text."""

    seconds: float
    about: bool


class Measure:
    """Measures prompts; asks for the voices once."""

    def __init__(self, languages: tuple[str, ...]) -> None:
        self._store = ClauseStore(desk().settings.clauses)
        self.voices: Mapping[str, str] = {
            language: desk().settings.voice_of(language) for language in languages
        }

    def voice(self, language: str) -> str:
        """Return the plain name of the voice of a language; empty where there is none."""
        return self.voices.get(language, "").partition(".")[0]

    def length(
        self, catalogue: Catalogue, prompt_id: str, language: str, variant: str = ""
    ) -> Length | None:
        """Return how long a prompt lasts, slots filled with examples; None where it cannot be."""
        prompt = catalogue.prompt(prompt_id)
        try:
            values = example_values(prompt, catalogue, language)
            clauses = compose(catalogue, prompt_id, language, values, variant)
        except PromptError:
            return None
        seconds, about = 0.0, False
        for clause in clauses:
            measured = self._seconds(clause)
            about = about or measured is None
            seconds += _reckoned(clause) if measured is None else measured
            seconds += clause.pause_after_ms / 1000
        last = clauses[-1].pause_after_ms / 1000 if clauses else 0.0
        return Length(seconds - last, about)

    def _seconds(self, clause: Clause) -> float | None:
        try:
            path = self._store.path(clause.key(self.voices.get(clause.language, "")))
            return path.stat().st_size / g711.RATE
        except FileNotFoundError:
            return None


def _reckoned(clause: Clause) -> float:
    return len(clause.text) / _CHARACTERS_A_SECOND.get(clause.language, _OTHERWISE)
