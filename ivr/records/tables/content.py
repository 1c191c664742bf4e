"""What staff publish: revisions of call flows and prompts, and recorded prompts.

A revision is never changed or removed: a call in progress keeps the one it
began with, and the record of a call names the revision it ran on.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import String, Text, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column

from ivr.records.base import Base


class FlowRevision(Base):
    """One published text of one flow."""

    __tablename__ = "flow_revisions"
    __table_args__ = (UniqueConstraint("name", "revision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    revision: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(String(64))
    message: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime]


class PromptRevision(Base):
    """One published text of one prompt in one language."""

    __tablename__ = "prompt_revisions"
    __table_args__ = (UniqueConstraint("prompt", "language", "revision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    prompt: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(16))
    revision: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(String(64))
    message: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime]


class PromptRecording(Base):
    """A prompt spoken by a person; the newest not withdrawn wins over synthesis."""

    __tablename__ = "prompt_recordings"
    __table_args__ = (UniqueConstraint("prompt", "language", "revision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    prompt: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(16))
    revision: Mapped[int]
    # The words that were recorded: a recording of an older text must not be played for a new one.
    text: Mapped[str] = mapped_column(Text)
    path: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64))
    author: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


def _refuse(_mapper: Any, _connection: Any, target: object) -> NoReturn:
    raise ValueError(f"a published {type(target).__name__} cannot be changed; publish a new one")


for _table in (FlowRevision, PromptRevision):
    event.listen(_table, "before_update", _refuse)
    event.listen(_table, "before_delete", _refuse)
