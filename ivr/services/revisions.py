"""Published revisions of call flows and prompts: immutable, numbered, never overwritten silently.

An editor says which revision the edit began from (`base`; 0 is the text that
comes with the program). If a newer one was published meanwhile, publishing is
refused with both texts, so that the page can show the difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ivr.records.tables import (
    AddedPrompt,
    FlowRevision,
    PromptRecording,
    PromptRevision,
    PromptVariant,
)
from ivr.services.errors import Message, NotFoundError, RefusedError, ServiceError
from ivr.services.text import storable


class StaleEditError(ServiceError):
    """Somebody published meanwhile; nothing was changed."""

    def __init__(self, what: Message, base: int, newest: int, newest_text: str, given: str) -> None:
        super().__init__(
            Message(
                "%(what)s: revision %(newest)s was published after revision %(base)s, from which "
                "this edit began; compare the two and publish again",
                what=what,
                newest=newest,
                base=base,
            )
        )
        self.base, self.newest = base, newest
        self.newest_text, self.given_text = newest_text, given


@dataclass(frozen=True, slots=True)
class Stamp:
    """Changes whenever anything is published: cheap to ask, so a responder can poll it."""

    flow: int
    prompt: int
    recording: int
    withdrawn: int
    deleted: int
    variants: int


def stamp(session: Session) -> Stamp:
    """The newest ids of what staff publish."""
    flow, prompt, recording, withdrawn, deleted, variants = session.execute(
        select(
            select(func.coalesce(func.max(FlowRevision.id), 0)).scalar_subquery(),
            select(func.coalesce(func.max(PromptRevision.id), 0)).scalar_subquery(),
            select(func.coalesce(func.max(PromptRecording.id), 0)).scalar_subquery(),
            select(func.count(PromptRecording.withdrawn_at)).scalar_subquery(),
            select(func.count(AddedPrompt.deleted_at)).scalar_subquery(),
            select(func.count(PromptVariant.code)).scalar_subquery(),
        )
    ).one()
    return Stamp(flow, prompt, recording, withdrawn, deleted, variants)


def publish_flow(
    session: Session,
    name: str,
    text: str,
    *,
    base: int,
    author: str,
    message: str,
    now: datetime,
) -> FlowRevision:
    """Publish a flow's text as the next revision; StaleEditError, RefusedError."""
    _refuse_stale_flow(session, name, base, text)
    row = FlowRevision(
        name=storable(name, 64),
        revision=base + 1,
        text=_text(text),
        author=author,
        message=_message(message),
        created_at=now,
    )
    if not _added(session, row):
        _refuse_stale_flow(session, name, base, text)
    return row


def publish_prompt(
    session: Session,
    prompt: str,
    language: str,
    text: str,
    *,
    base: int,
    author: str,
    message: str = "",
    now: datetime,
) -> PromptRevision:
    """Publish a prompt's text in one language; StaleEditError, RefusedError.

    A prompt that the program does not bring is first made with `prompt_additions.add`.
    """
    _refuse_stale_prompt(session, prompt, language, base, text)
    row = PromptRevision(
        prompt=storable(prompt, 64),
        language=language,
        revision=base + 1,
        text=_text(text),
        author=author,
        message=storable(message, 500),
        created_at=now,
    )
    if not _added(session, row):
        _refuse_stale_prompt(session, prompt, language, base, text)
    return row


def _refuse_stale_flow(session: Session, name: str, base: int, text: str) -> None:
    newest = newest_flow(session, name)
    revision = newest.revision if newest else 0
    if revision != base:
        what = Message("flow %(name)s", name=name)
        raise StaleEditError(what, base, revision, newest.text if newest else "", text)


def _refuse_stale_prompt(
    session: Session, prompt: str, language: str, base: int, text: str
) -> None:
    newest = newest_prompt(session, prompt, language)
    revision = newest.revision if newest else 0
    if revision != base:
        what = Message("prompt %(name)s (%(language)s)", name=prompt, language=language)
        raise StaleEditError(what, base, revision, newest.text if newest else "", text)


def _added(session: Session, row: FlowRevision | PromptRevision) -> bool:
    """False where another transaction published the same number while we looked."""
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True


def _text(text: str) -> str:
    if not text.strip():
        raise RefusedError("an empty text cannot be published")
    if "\x00" in text:
        raise RefusedError("the text holds a NUL character; remove it")
    return text


def _message(message: str) -> str:
    kept = storable(message.strip(), 500)
    if not kept:
        raise RefusedError("say in a few words what was changed")
    return kept


def newest_flow(session: Session, name: str) -> FlowRevision | None:
    """The newest revision of one flow; None: the packaged text stands."""
    return session.scalar(
        select(FlowRevision)
        .where(FlowRevision.name == name)
        .order_by(FlowRevision.revision.desc())
        .limit(1)
    )


def newest_prompt(session: Session, prompt: str, language: str) -> PromptRevision | None:
    """The newest revision of one prompt; None: the packaged text stands."""
    return session.scalar(
        select(PromptRevision)
        .where(PromptRevision.prompt == prompt, PromptRevision.language == language)
        .order_by(PromptRevision.revision.desc())
        .limit(1)
    )


def newest_flows(session: Session) -> dict[str, FlowRevision]:
    """The newest revision of every flow that was ever published."""
    ids = select(func.max(FlowRevision.id)).group_by(FlowRevision.name)
    rows = session.scalars(select(FlowRevision).where(FlowRevision.id.in_(ids)))
    return {row.name: row for row in rows}


def flows_at(
    session: Session, moment: datetime, *, flow: str | None = None, revision: int | None = None
) -> dict[str, FlowRevision]:
    """The revision of every flow that was in force at `moment`; absent: the packaged text stood.

    Of `flow` it is known that it was `revision` (0 or None: as packaged), whatever the clocks say:
    a line takes up to a second to notice what was published.
    """
    ids = (
        select(func.max(FlowRevision.id))
        .where(FlowRevision.created_at <= moment)
        .group_by(FlowRevision.name)
    )
    found = {
        row.name: row
        for row in session.scalars(select(FlowRevision).where(FlowRevision.id.in_(ids)))
    }
    if flow is not None:
        found.pop(flow, None)
        known = session.scalar(
            select(FlowRevision).where(
                FlowRevision.name == flow, FlowRevision.revision == (revision or 0)
            )
        )
        if known is not None:
            found[flow] = known
    return found


def newest_prompts(session: Session) -> dict[tuple[str, str], PromptRevision]:
    """The newest revision of every prompt that was ever published, by id and language.

    Those of prompts that staff have deleted are left out.
    """
    ids = select(func.max(PromptRevision.id)).group_by(
        PromptRevision.prompt, PromptRevision.language
    )
    deleted = select(AddedPrompt.prompt).where(AddedPrompt.deleted_at.is_not(None))
    rows = session.scalars(
        select(PromptRevision).where(
            PromptRevision.id.in_(ids), PromptRevision.prompt.not_in(deleted)
        )
    )
    return {(row.prompt, row.language): row for row in rows}


def flow_history(session: Session, name: str) -> Sequence[FlowRevision]:
    """Every revision of a flow, newest first."""
    return session.scalars(
        select(FlowRevision).where(FlowRevision.name == name).order_by(FlowRevision.revision.desc())
    ).all()


def flow_revision(session: Session, name: str, revision: int) -> FlowRevision:
    """One revision of a flow; NotFoundError."""
    row = session.scalar(
        select(FlowRevision).where(FlowRevision.name == name, FlowRevision.revision == revision)
    )
    if row is None:
        raise NotFoundError("flow %(name)s has no revision %(number)s", name=name, number=revision)
    return row


def prompt_history(session: Session, prompt: str, language: str) -> Sequence[PromptRevision]:
    """Every revision of a prompt in one language, newest first."""
    return session.scalars(
        select(PromptRevision)
        .where(PromptRevision.prompt == prompt, PromptRevision.language == language)
        .order_by(PromptRevision.revision.desc())
    ).all()
