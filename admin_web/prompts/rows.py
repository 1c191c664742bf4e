"""The list of prompts: what a clerk wants to know of each at a glance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from admin_web.desk import desk
from admin_web.prompts.lengths import Length, Measure
from admin_web.prompts.published import LANGUAGES, delivered, published
from admin_web.prompts.uses import Use, uses
from ivr.records.tables import PromptRecording, PromptRevision, PromptVariant
from ivr.services import prompt_numbers, prompt_recordings, prompt_variants, revisions
from prompts.catalogue import Catalogue, Problem, Prompt


@dataclass(frozen=True, slots=True)
class Spoken:
    """A prompt in one language: its text, who says it, and for how long.

    ``speaker`` is a person, ``voice`` one that synthesises; ``outdated`` says that there is a
    recording, of other words than the present ones, which is therefore not heard.
    """

    text: str
    length: Length | None
    voice: str
    speaker: str = ""
    outdated: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One prompt of the list."""

    id: str
    number: int
    spoken: Mapping[str, Spoken | None]
    edited: bool
    added: bool
    uses: tuple[Use, ...]
    changed_at: datetime | None
    changed_by: str
    variants: tuple[PromptVariant, ...] = ()
    recordable: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = field(default=())

    @property
    def recorded(self) -> bool:
        return bool(self.variants) or any(one.speaker for one in self._spoken())

    @property
    def outdated(self) -> bool:
        return any(one.outdated for one in self._spoken())

    @property
    def missing(self) -> bool:
        return None in self.spoken.values()

    @property
    def unused(self) -> bool:
        return not self.uses

    def _spoken(self) -> Iterable[Spoken]:
        return (one for one in self.spoken.values() if one is not None)


def numbers(catalogue: Catalogue) -> dict[str, int]:
    """Return the number of every prompt; those that have none yet are given theirs."""
    with desk().database.read() as session:
        known = prompt_numbers.numbers(session)
    listed = [prompt.id for prompt in catalogue]
    if all(prompt_id in known for prompt_id in listed):
        return known
    with desk().database.begin() as session:
        return prompt_numbers.assign(session, listed)


def rows() -> list[Row]:
    """Return every prompt, in the order of the catalogue."""
    with desk().database.read() as session:
        catalogue = published(session)
        sight = _Sight(session, catalogue)
    known = numbers(catalogue)
    return [sight.row(prompt, known[prompt.id]) for prompt in catalogue]


class _Sight:
    """Everything the rows are made from, read once."""

    def __init__(self, session: Session, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._measure = Measure(LANGUAGES)
        self._delivered = delivered()
        self._texts = revisions.newest_prompts(session)
        self._uses = uses(session, catalogue)
        self._heard = prompt_recordings.heard(session, catalogue.text)
        self._kept: dict[tuple[str, str], list[PromptRecording]] = {}
        for take in prompt_recordings.not_withdrawn(session):
            self._kept.setdefault((take.prompt, take.language), []).append(take)
        self._variants = {row.code: row for row in prompt_variants.all_variants(session)}
        self._problems: dict[str, list[Problem]] = {}
        for problem in catalogue.problems():
            self._problems.setdefault(problem.prompt, []).append(problem)

    def row(self, prompt: Prompt, number: int) -> Row:
        keys = [(prompt.id, language) for language in LANGUAGES]
        texts = [self._texts[key] for key in keys if key in self._texts]
        takes = [take for key in keys for take in self._kept.get(key, ())[:1]]
        changes: list[PromptRevision | PromptRecording] = [*texts, *takes]
        last = max(changes, key=lambda change: change.created_at, default=None)
        return Row(
            prompt.id,
            number,
            {language: self._spoken(prompt, language) for language in LANGUAGES},
            edited=bool(texts),
            added=prompt.id not in self._delivered,
            uses=self._uses.get(prompt.id, ()),
            changed_at=last.created_at if last else None,
            changed_by=last.author if last else "",
            variants=tuple(
                self._variants[variant]
                for (prompt_id, _lang, variant) in self._heard
                if variant and prompt_id == prompt.id
            ),
            recordable=frozenset(prompt.texts) if prompt.recordable else frozenset(),
            problems=tuple(self._problems.get(prompt.id, ())),
        )

    def _spoken(self, prompt: Prompt, language: str) -> Spoken | None:
        text = prompt.texts.get(language)
        if text is None:
            return None
        take = self._heard.get((prompt.id, language, ""))
        heard = {key for key in self._heard if key[:2] == (prompt.id, language)}
        kept = {
            (row.prompt, row.language, row.variant)
            for row in self._kept.get((prompt.id, language), ())
        }
        usable = take if prompt.recordable else None
        return Spoken(
            text,
            self._measure.length(self._catalogue, prompt.id, language),
            voice=self._measure.voice(language),
            speaker=(usable.speaker or usable.author) if usable else "",
            outdated=bool(kept - heard),
        )
