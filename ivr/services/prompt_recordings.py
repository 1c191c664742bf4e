"""Prompts spoken by a person: takes, numbered, withdrawn but never removed.

A take remembers the words it says. Callers hear the newest take, not withdrawn, of
exactly the present words; where there is none, the voice says the text. So a take is
out of use as soon as the text is changed, and in use again when the text is restored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from ivr.records.tables import PromptRecording, PromptVariant, RecordingSource
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.text import storable

Key = tuple[str, str, str]
"""Prompt, language, variant; an empty variant is the language itself."""


def keep(
    session: Session,
    *,
    prompt: str,
    language: str,
    variant: str = "",
    path: str,
    sha256: str,
    seconds: float | None = None,
    text: str,
    author: str,
    reason: str = "",
    source: RecordingSource | str = RecordingSource.UPLOAD,
    speaker: str = "",
    now: datetime,
) -> PromptRecording:
    """Take a recording into use; new calls hear it, those in progress keep theirs.

    First have `prompts.takes.keep(file, folder, prompt=..., language=..., variant=...)` check the
    sound and name it; it gives `path` (make it relative to the state folder), `sha256` and
    `seconds`. `text` is the prompt's text in `language` as it stands, that is, the words that
    were spoken; `author` the user name of who kept it, `speaker` whose voice it is where that is
    somebody else, `source` one of `RecordingSource`, `reason` why. A prompt with slots has no
    recording: the caller sees to that, who knows the catalogue.

    RefusedError where `variant` is none, or another language's.
    """
    if variant:
        _check_variant(session, variant, language)
    last = session.scalar(
        select(func.max(PromptRecording.revision)).where(*_same(prompt, language, variant))
    )
    row = PromptRecording(
        prompt=storable(prompt, 64),
        language=language,
        variant=variant,
        revision=(last or 0) + 1,
        text=text,
        path=path,
        sha256=sha256,
        seconds=seconds,
        source=RecordingSource(source),
        speaker=storable(speaker.strip(), 80),
        author=storable(author, 64),
        reason=storable(reason.strip(), 500),
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def _check_variant(session: Session, variant: str, language: str) -> None:
    row = session.get(PromptVariant, variant)
    if row is None:
        raise RefusedError("there is no variant %(code)s", code=variant)
    if row.language != language:
        raise RefusedError(
            "the variant %(code)s belongs to %(language)s", code=variant, language=row.language
        )


def withdraw(
    session: Session,
    prompt: str,
    language: str,
    variant: str = "",
    *,
    who: str,
    why: str = "",
    now: datetime,
) -> int:
    """Let the voice say it again: every take of it goes out of use; how many there were."""
    rows = session.scalars(
        select(PromptRecording).where(
            *_same(prompt, language, variant), PromptRecording.withdrawn_at.is_(None)
        )
    ).all()
    for row in rows:
        row.withdrawn_at = now
        row.withdrawn_by = storable(who, 64)
        row.withdrawn_why = storable(why.strip(), 500)
    session.flush()
    return len(rows)


def heard(
    session: Session, text_of: Callable[[str, str], str | None]
) -> dict[Key, PromptRecording]:
    """The take that callers hear, of each prompt, language and variant that has one.

    `text_of(prompt, language)` gives the present text.
    """
    found: dict[Key, PromptRecording] = {}
    for row in not_withdrawn(session):
        key = (row.prompt, row.language, row.variant)
        if key not in found and same_words(row.text, text_of(row.prompt, row.language)):
            found[key] = row
    return found


def not_withdrawn(session: Session) -> Sequence[PromptRecording]:
    """Every take that is heard where its words are the present ones, newest first.

    Takes of a variant that was removed are left out.
    """
    there = select(PromptVariant.code)
    return session.scalars(
        select(PromptRecording)
        .where(
            PromptRecording.withdrawn_at.is_(None),
            (PromptRecording.variant == "") | PromptRecording.variant.in_(there),
        )
        .order_by(PromptRecording.id.desc())
    ).all()


def history(session: Session, prompt: str, language: str) -> Sequence[PromptRecording]:
    """Every take of a prompt in a language and its variants, newest first."""
    return session.scalars(
        select(PromptRecording)
        .where(PromptRecording.prompt == prompt, PromptRecording.language == language)
        .order_by(PromptRecording.id.desc())
    ).all()


def take(session: Session, recording_id: int) -> PromptRecording:
    """One take; NotFoundError."""
    row = session.get(PromptRecording, recording_id)
    if row is None:
        raise NotFoundError("there is no recorded prompt %(id)s", id=recording_id)
    return row


def same_words(one: str | None, other: str | None) -> bool:
    """Whether two texts say the same; how they are broken into lines is not heard."""
    return (one or "").split() == (other or "").split()


def _same(prompt: str, language: str, variant: str) -> tuple[ColumnElement[bool], ...]:
    return (
        PromptRecording.prompt == prompt,
        PromptRecording.language == language,
        PromptRecording.variant == variant,
    )
