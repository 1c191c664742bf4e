"""What staff publish: revisions of call flows and prompts, and recorded prompts.

A revision is never changed or removed: a call in progress keeps the one it
began with, and the record of a call names the revision it ran on. A recording
is a revision too; only that it was withdrawn is written beside it later.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, NoReturn

from sqlalchemy import String, Text, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column

from ivr.records.base import Base, words


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


class RecordingSource(StrEnum):
    """How a take came in."""

    UPLOAD = "upload"
    BROWSER = "browser"
    TELEPHONE = "telephone"
    RESTORED = "restored"


class PromptRecording(Base):
    """A prompt spoken by a person: one take, in a language or in a variant of it."""

    __tablename__ = "prompt_recordings"
    __table_args__ = (UniqueConstraint("prompt", "language", "variant", "revision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    prompt: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(16))
    # The code of a row of prompt_variants; empty: the language itself.
    variant: Mapped[str] = mapped_column(String(32), default="", server_default="")
    revision: Mapped[int]
    # The words that were recorded: a recording of an older text must not be played for a new one.
    text: Mapped[str] = mapped_column(Text)
    path: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64))
    seconds: Mapped[float | None]
    source: Mapped[RecordingSource] = mapped_column(
        words(RecordingSource), default=RecordingSource.UPLOAD, server_default="upload"
    )
    speaker: Mapped[str] = mapped_column(String(80), default="", server_default="")
    author: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(500), default="", server_default="")
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str] = mapped_column(String(64), default="", server_default="")
    withdrawn_why: Mapped[str] = mapped_column(String(500), default="", server_default="")


class PromptVariant(Base):
    """Another set of recordings beside a language: a dialect, or slow Mandarin for the old.

    What it has not recorded is said as its language says it.
    """

    __tablename__ = "prompt_variants"

    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    language: Mapped[str] = mapped_column(String(16))
    name_zh: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(80))
    author: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class PromptNumber(Base):
    """The number by which a prompt is called on a telephone; it is never given to another."""

    __tablename__ = "prompt_numbers"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    prompt: Mapped[str] = mapped_column(String(64), unique=True)


class AddedPrompt(Base):
    """A prompt that staff made; its texts are revisions like those of any other."""

    __tablename__ = "added_prompts"

    prompt: Mapped[str] = mapped_column(String(64), primary_key=True)
    note: Mapped[str] = mapped_column(String(500), default="", server_default="")
    author: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    deleted_by: Mapped[str] = mapped_column(String(64), default="", server_default="")


def _refuse(_mapper: Any, _connection: Any, target: object) -> NoReturn:
    raise ValueError(f"a published {type(target).__name__} cannot be changed; publish a new one")


for _table in (FlowRevision, PromptRevision):
    event.listen(_table, "before_update", _refuse)
    event.listen(_table, "before_delete", _refuse)
