"""The page of one prompt: texts, recordings and history in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.orm import Session

from admin_web.desk import desk
from admin_web.languages import page_language
from admin_web.names import LANGUAGE
from admin_web.prompts.blueprint import known
from admin_web.prompts.forms import PromptSound, PromptText
from admin_web.prompts.lengths import Length, Measure
from admin_web.prompts.published import LANGUAGES, delivered, published
from admin_web.prompts.rows import numbers
from admin_web.prompts.uses import Use, uses
from admin_web.prompts.versions import Version, versions
from ivr.records.tables import PromptRecording, PromptVariant
from ivr.services import prompt_recordings, prompt_variants
from prompts.catalogue import Catalogue, Prompt


@dataclass(frozen=True, slots=True)
class Clash:
    """What was published while somebody edited."""

    revision: int
    author: str
    text: str
    diff: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Stand:
    """How a language, or a variant of it, is spoken: a take that is heard, or one out of date."""

    variant: PromptVariant | None
    take: PromptRecording | None
    outdated: PromptRecording | None
    voice: str
    length: Length | None


@dataclass(frozen=True, slots=True)
class Section:
    """One language of the page."""

    language: str
    name: str
    text: str | None
    form: PromptText
    sound: PromptSound
    stands: list[Stand]
    versions: list[Version]
    delivered: str | None

    @property
    def changed(self) -> bool:
        """Whether the delivered text is another one than callers hear."""
        return self.delivered is not None and self.delivered != self.text


def page(
    prompt_id: str,
    *,
    given: Mapping[str, PromptText] | None = None,
    sounds: Mapping[str, PromptSound] | None = None,
    clash: Clash | None = None,
    in_the_way: tuple[Use, ...] = (),
    status: int = 200,
) -> ResponseReturnValue:
    """Answer with the page; ``given`` and ``sounds`` are forms that were refused."""
    with desk().database.read() as session:
        catalogue = published(session)
        prompt = known(catalogue, prompt_id)
        sections = [
            _section(
                session,
                catalogue,
                prompt,
                language,
                (given or {}).get(language),
                (sounds or {}).get(language),
            )
            for language in LANGUAGES
        ]
        places = uses(session, catalogue).get(prompt_id, ())
    return render_template(
        "prompts/prompt.html",
        prompt=prompt,
        number=numbers(catalogue)[prompt_id],
        sections=sections,
        clash=clash,
        used_in=places,
        in_the_way=in_the_way,
        added=prompt_id not in delivered(),
    ), status


def _section(
    session: Session,
    catalogue: Catalogue,
    prompt: Prompt,
    language: str,
    form: PromptText | None,
    sound: PromptSound | None,
) -> Section:
    history = versions(session, catalogue, prompt.id, language)
    text = catalogue.text(prompt.id, language)
    if form is None:
        base = max((one.number for one in history if one.take is None), default=0)
        data = {"base": str(base), "text": text or ""}
        form = PromptText(None, prefix=prefix(language), data=data)
    stands = _stands(session, catalogue, prompt, language)
    if sound is None:
        data = {"words": text or "", "speaker": current_user.name}
        sound = PromptSound(None, prefix=prefix(language), data=data)
    offered = [stand.variant for stand in stands if stand.variant is not None]
    sound.variant.choices = [
        ("", LANGUAGE[language]),
        *((row.code, name_of(row)) for row in offered),
    ]
    return Section(
        language,
        str(LANGUAGE[language]),
        text,
        form,
        sound,
        stands,
        history,
        delivered().text(prompt.id, language),
    )


def _stands(session: Session, catalogue: Catalogue, prompt: Prompt, language: str) -> list[Stand]:
    heard = prompt_recordings.heard(session, catalogue.text)
    newest: dict[str, PromptRecording] = {}
    for row in prompt_recordings.not_withdrawn(session):
        if (row.prompt, row.language) == (prompt.id, language):
            newest.setdefault(row.variant, row)
    measure = Measure(LANGUAGES)
    variants = [one for one in prompt_variants.all_variants(session) if one.language == language]
    found = []
    for variant in (None, *variants):
        code = variant.code if variant else ""
        take = heard.get((prompt.id, language, code)) if prompt.recordable else None
        found.append(
            Stand(
                variant,
                take,
                newest.get(code) if take is None else None,
                measure.voice(language),
                measure.length(catalogue, prompt.id, language, code),
            )
        )
    return found


def name_of(variant: PromptVariant) -> str:
    """Return what a variant is called in the language of the page."""
    return variant.name_zh if page_language() == "zh-CN" else variant.name_en


def prefix(language: str) -> str:
    """Return what the names of a language's fields begin with."""
    return f"{language}-"


def base_of(given: str | None) -> int:
    """Return the revision a form says it began from; -1 for what is none."""
    given = given or "0"
    return int(given) if given.isascii() and given.isdigit() and len(given) < 9 else -1
