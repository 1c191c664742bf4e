"""Prompts that staff made, beside those delivered: added, deleted, added again.

A deleted prompt keeps its number and its history; added again, it goes on from there.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.records.tables import AddedPrompt
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.text import storable


def add(session: Session, prompt: str, *, note: str, who: str, now: datetime) -> AddedPrompt:
    """Make a prompt; RefusedError where it is there. Its texts are published afterwards."""
    row = session.get(AddedPrompt, prompt)
    if row is not None and row.deleted_at is None:
        raise RefusedError("there is a prompt %(prompt)s already", prompt=prompt)
    if row is None:
        row = AddedPrompt(prompt=storable(prompt, 64))
        session.add(row)
    row.note = storable(note.strip(), 500)
    row.author = storable(who, 64)
    row.created_at = now
    row.deleted_at, row.deleted_by = None, ""
    session.flush()
    return row


def delete(session: Session, prompt: str, *, who: str, now: datetime) -> None:
    """Delete a prompt of staff; NotFoundError where there is none.

    That it was not delivered with the line, and that no flow says it, the caller has looked up:
    services know neither.
    """
    row = session.get(AddedPrompt, prompt)
    if row is None or row.deleted_at is not None:
        raise NotFoundError("%(prompt)s is no prompt that staff made", prompt=prompt)
    row.deleted_at, row.deleted_by = now, storable(who, 64)
    session.flush()


def present(session: Session) -> dict[str, AddedPrompt]:
    """The prompts of staff that are not deleted, by id."""
    rows = session.scalars(select(AddedPrompt).where(AddedPrompt.deleted_at.is_(None)))
    return {row.prompt: row for row in rows}
