"""Drafts of call flows: every edit is kept at once, and can be undone and done again.

A draft is a row of steps; `position` says which of them stands. An edit drops what was undone
before it and adds a step. Whoever edits says which step they saw: a second window of the same
person must not write over what it has not seen (`DraftMovedError`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ivr.records.tables import FlowDraft, FlowDraftStep
from ivr.services.errors import Message, RefusedError, ServiceError
from ivr.services.text import storable

MOST_STEPS = 200
"""Steps that can be undone; older ones are dropped."""
TYPING = timedelta(seconds=20)
"""What is typed into one field without a longer pause is one step."""
BEGIN = "begin"

Words = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""prompt -> language -> {"text", "base"}."""


class DraftMovedError(ServiceError):
    """The draft was edited in another window since; nothing was changed."""

    def __init__(self) -> None:
        super().__init__(
            Message(
                "this draft was edited in another window; the page now shows how it stands there"
            )
        )


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as it stands."""

    id: int
    name: str
    author: str
    base: int
    base_text: str
    seq: int
    text: str
    words: Words
    updated_at: datetime
    undoes: tuple[str, str] | None
    redoes: tuple[str, str] | None

    @property
    def changed(self) -> bool:
        """Whether it says anything that was not published when it began."""
        return self.text != self.base_text or bool(self.words)


def find(session: Session, name: str, author: str) -> Draft | None:
    """The draft of a flow by a person, or None."""
    row = _row(session, name, author)
    return _draft(session, row) if row else None


def begin(
    session: Session, name: str, author: str, *, text: str, base: int, now: datetime
) -> Draft:
    """The draft of a flow by a person; a new one begins with what is published."""
    row = _row(session, name, author)
    if row is None:
        row = FlowDraft(
            name=storable(name, 64),
            author=storable(author, 64),
            base=base,
            base_text=text,
            position=0,
            created_at=now,
            updated_at=now,
        )
        session.add(row)
        session.flush()
        session.add(_step(row.id, 0, text, {}, BEGIN, "", now))
        session.flush()
    return _draft(session, row)


def change(
    session: Session,
    name: str,
    author: str,
    *,
    seq: int,
    text: str,
    words: Words,
    what: str,
    subject: str = "",
    now: datetime,
) -> Draft:
    """Keep an edit; DraftMovedError where the draft has moved on from `seq`."""
    row = _standing(session, name, author, seq)
    here = _at(session, row, row.position)
    if here.text == text and here.words == words:
        return _draft(session, row)
    if "\x00" in text:
        raise RefusedError("the text holds a NUL character; remove it")
    session.execute(
        delete(FlowDraftStep).where(
            FlowDraftStep.draft_id == row.id, FlowDraftStep.seq > row.position
        )
    )
    typed_on = (here.what, here.subject) == (what, subject) and now - here.at <= TYPING
    if typed_on and here.what in ("text", "words", "add", "move"):
        # A step of its own for every pause in typing would fill undo with half words, and a new
        # node is put in its place in a second edit; the number moves on all the same, so that
        # another window notices.
        session.delete(here)
        session.flush()
    row.position += 1
    row.updated_at = now
    session.add(_step(row.id, row.position, text, words, what, subject, now))
    session.execute(
        delete(FlowDraftStep).where(
            FlowDraftStep.draft_id == row.id, FlowDraftStep.seq < row.position - MOST_STEPS
        )
    )
    session.flush()
    return _draft(session, row)


def undo(session: Session, name: str, author: str, *, seq: int, now: datetime) -> Draft:
    """Show the step before; nothing happens at the first."""
    row = _standing(session, name, author, seq)
    before = _neighbour(session, row, -1)
    return _move(session, row, before, now)


def redo(session: Session, name: str, author: str, *, seq: int, now: datetime) -> Draft:
    """Show the step that was undone last; nothing happens where none was."""
    row = _standing(session, name, author, seq)
    return _move(session, row, _neighbour(session, row, +1), now)


def rebase(
    session: Session, name: str, author: str, *, seq: int, text: str, base: int, base_text: str,
    words: Words, now: datetime,
) -> Draft:  # fmt: skip
    """Let a draft stand on a newer revision, with a text that takes it in."""
    draft = change(session, name, author, seq=seq, text=text, words=words, what="merge", now=now)
    row = session.get_one(FlowDraft, draft.id)
    row.base, row.base_text = base, base_text
    session.flush()
    return _draft(session, row)


def discard(session: Session, name: str, author: str) -> None:
    """Throw a draft away; nothing happens where there is none."""
    row = _row(session, name, author)
    if row is not None:
        session.execute(delete(FlowDraftStep).where(FlowDraftStep.draft_id == row.id))
        session.delete(row)
        session.flush()


def others(session: Session, name: str, author: str) -> Sequence[FlowDraft]:
    """The drafts of a flow by other people, newest first."""
    return session.scalars(
        select(FlowDraft)
        .where(FlowDraft.name == name, FlowDraft.author != author)
        .order_by(FlowDraft.updated_at.desc())
    ).all()


def of_author(session: Session, author: str) -> list[Draft]:
    """Every draft of a person that says something new."""
    rows = session.scalars(
        select(FlowDraft).where(FlowDraft.author == author).order_by(FlowDraft.name)
    )
    return [draft for draft in (_draft(session, row) for row in rows) if draft.changed]


def _row(session: Session, name: str, author: str) -> FlowDraft | None:
    return session.scalar(
        select(FlowDraft).where(FlowDraft.name == name, FlowDraft.author == author)
    )


def _standing(session: Session, name: str, author: str, seq: int) -> FlowDraft:
    row = _row(session, name, author)
    if row is None or row.position != seq:
        raise DraftMovedError
    return row


def _at(session: Session, row: FlowDraft, seq: int) -> FlowDraftStep:
    return session.get_one(FlowDraftStep, (row.id, seq))


def _neighbour(session: Session, row: FlowDraft, way: int) -> FlowDraftStep | None:
    steps = select(FlowDraftStep).where(FlowDraftStep.draft_id == row.id)
    if way < 0:
        asked = steps.where(FlowDraftStep.seq < row.position).order_by(FlowDraftStep.seq.desc())
    else:
        asked = steps.where(FlowDraftStep.seq > row.position).order_by(FlowDraftStep.seq)
    return session.scalar(asked.limit(1))


def _move(session: Session, row: FlowDraft, to: FlowDraftStep | None, now: datetime) -> Draft:
    if to is not None:
        row.position, row.updated_at = to.seq, now
        session.flush()
    return _draft(session, row)


def _step(
    draft: int, seq: int, text: str, words: Words, what: str, subject: str, now: datetime
) -> FlowDraftStep:
    return FlowDraftStep(
        draft_id=draft,
        seq=seq,
        text=text,
        words={prompt: {k: dict(v) for k, v in texts.items()} for prompt, texts in words.items()},
        what=what,
        subject=storable(subject, 130),
        at=now,
    )


def _draft(session: Session, row: FlowDraft) -> Draft:
    here = _at(session, row, row.position)
    after = _neighbour(session, row, +1)
    first = session.scalar(
        select(func.min(FlowDraftStep.seq)).where(FlowDraftStep.draft_id == row.id)
    )
    return Draft(
        id=row.id,
        name=row.name,
        author=row.author,
        base=row.base,
        base_text=row.base_text,
        seq=row.position,
        text=here.text,
        words=here.words,
        updated_at=row.updated_at,
        undoes=(here.what, here.subject) if here.seq != first else None,
        redoes=(after.what, after.subject) if after else None,
    )
