"""What a recogniser made of a recording, and what staff made of that.

One row a recording; it is its place in the queue, too. `machine_text` is what the
recogniser wrote and is never changed by staff; `text` is what is shown and searched,
and every wording that staff gave it is kept as a `TranscriptEdit`.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ivr.records.base import Base, words


class TranscriptState(StrEnum):
    """`silent`: listened to, and no speech was recognised."""

    WAITING = "waiting"
    WRITING = "writing"
    DONE = "done"
    SILENT = "silent"
    FAILED = "failed"


class TranscriptFault(StrEnum):
    """Why a recording could not be transcribed."""

    FILE_MISSING = "file_missing"
    UNREADABLE = "unreadable"
    TOO_LONG = "too_long"
    TOOK_TOO_LONG = "took_too_long"
    RECOGNISER_ENDED = "recogniser_ended"
    INTERRUPTED = "interrupted"


class Transcript(Base):
    """The words of one recording, and how far the machine is with them.

    `asked_at` orders the queue, newest first; nothing is tried before `due_at`.
    `confidence` is the recogniser's own, 0 to 1. A text is verified once somebody has
    checked it against the sound (`checked_at`).
    """

    __tablename__ = "transcripts"
    __table_args__ = (Index("ix_transcripts_state_asked_at", "state", "asked_at"),)

    recording_id: Mapped[str] = mapped_column(ForeignKey("recordings.id"), primary_key=True)
    state: Mapped[TranscriptState] = mapped_column(words(TranscriptState))
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime | None]
    written_at: Mapped[datetime | None]
    fault: Mapped[TranscriptFault | None] = mapped_column(words(TranscriptFault))
    fault_detail: Mapped[str] = mapped_column(String(200), default="")
    language: Mapped[str | None] = mapped_column(String(16))
    engine: Mapped[str] = mapped_column(String(80), default="")
    confidence: Mapped[float | None]
    machine_text: Mapped[str] = mapped_column(Text, default="")
    text: Mapped[str] = mapped_column(Text, default="")
    # Raised by everything staff do to it: a stale edit is refused.
    version: Mapped[int] = mapped_column(default=0)
    checked_by: Mapped[str | None] = mapped_column(String(64))
    checked_at: Mapped[datetime | None]

    edits: Mapped[list[TranscriptEdit]] = relationship(order_by="TranscriptEdit.id")


class TranscriptEdit(Base):
    """One wording that a member of staff gave a transcript."""

    __tablename__ = "transcript_edits"
    __table_args__ = (Index("ix_transcript_edits_recording_id", "recording_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    recording_id: Mapped[str] = mapped_column(ForeignKey("transcripts.recording_id"))
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
