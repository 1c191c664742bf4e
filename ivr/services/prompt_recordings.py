"""Prompts spoken by a person: kept as files, numbered, withdrawn but never removed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr.records.tables import PromptRecording
from ivr.services.errors import NotFoundError
from ivr.services.text import storable


def add(
    session: Session,
    prompt: str,
    language: str,
    *,
    text: str,
    path: str,
    sha256: str,
    author: str,
    now: datetime,
) -> PromptRecording:
    """Take a recording of `text` (the words as they were spoken) into use."""
    last = session.scalar(
        select(func.max(PromptRecording.revision)).where(
            PromptRecording.prompt == prompt, PromptRecording.language == language
        )
    )
    row = PromptRecording(
        prompt=storable(prompt, 64),
        language=language,
        revision=(last or 0) + 1,
        text=text,
        path=path,
        sha256=sha256,
        author=author,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def withdraw(session: Session, recording_id: int, now: datetime) -> None:
    """Let the synthesised voice say it again; NotFoundError."""
    row = session.get(PromptRecording, recording_id)
    if row is None:
        raise NotFoundError("there is no recorded prompt %(id)s", id=recording_id)
    row.withdrawn_at = row.withdrawn_at or now
    session.flush()


def in_use(session: Session) -> dict[tuple[str, str], PromptRecording]:
    """The newest recording not withdrawn of each prompt, by id and language."""
    ids = (
        select(func.max(PromptRecording.id))
        .where(PromptRecording.withdrawn_at.is_(None))
        .group_by(PromptRecording.prompt, PromptRecording.language)
    )
    rows = session.scalars(select(PromptRecording).where(PromptRecording.id.in_(ids)))
    return {(row.prompt, row.language): row for row in rows}
