"""Transcripts as staff read and mend them.

A machine's words are unverified until somebody who listened says that they are right;
whatever staff write, the machine's own wording stays beside it, and so does every
earlier wording of theirs.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from ivr.records.tables import (
    CallBackTask,
    Complaint,
    Recording,
    Transcript,
    TranscriptEdit,
    TranscriptState,
)
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.text import note_text

LONGEST_TEXT = 20_000
LANGUAGES = ("zh-CN", "en")


def find(session: Session, recording_id: str) -> Transcript | None:
    """The transcript of a recording with its edits; None where there is none yet."""
    return session.scalar(
        select(Transcript)
        .where(Transcript.recording_id == recording_id)
        .options(selectinload(Transcript.edits))
    )


def recordings_of(session: Session, ids: Iterable[str | None]) -> dict[str, Recording]:
    """Recordings by their ids, each with its transcript."""
    wanted = {recording_id for recording_id in ids if recording_id}
    query = (
        select(Recording)
        .where(Recording.id.in_(wanted))
        .options(selectinload(Recording.transcript).selectinload(Transcript.edits))
    )
    return {recording.id: recording for recording in session.scalars(query)} if wanted else {}


def has_words(row: Transcript | None) -> bool:
    """Whether there is a text to read."""
    return row is not None and bool(row.text)


def filed_as(session: Session, recording_id: str) -> Complaint | CallBackTask:
    """What came of a recording; NotFoundError where nothing did."""
    complaint = session.scalar(select(Complaint).where(Complaint.recording_id == recording_id))
    if complaint is not None:
        return complaint
    task = session.scalar(select(CallBackTask).where(CallBackTask.recording_id == recording_id))
    if task is None:
        raise NotFoundError("there is no recording %(id)s", id=recording_id)
    return task


def write(
    session: Session,
    recording_id: str,
    text: str,
    *,
    seen: int,
    checked: bool,
    who: str,
    now: datetime,
) -> Transcript:
    """Keep a wording of staff, and with `checked` that it was compared with the sound.

    `seen` is the version the page showed, 0 where there was no transcript. Works
    whether or not a recogniser is installed. RefusedError: somebody else was faster,
    there is no text, or nothing would change.
    """
    row = _locked(session, recording_id, now)
    said = note_text(text, LONGEST_TEXT)
    _refuse_stale(row, seen)
    if not said:
        raise RefusedError("a transcript cannot be empty")
    if said == row.text and not (checked and row.checked_at is None):
        raise RefusedError("nothing was changed")
    if said != row.text:
        row.edits.append(TranscriptEdit(at=now, who=who, text=said))
    row.text, row.state = said, TranscriptState.DONE
    row.fault, row.fault_detail = None, ""
    row.checked_by, row.checked_at = (who, now) if checked else (None, None)
    row.version += 1
    session.flush()
    return row


def ask_again(
    session: Session, recording_id: str, *, language: str | None, seen: int, now: datetime
) -> Transcript:
    """Let the machine listen once more, before all others.

    RefusedError: staff have written words already, somebody else was faster, or it
    waits already.
    """
    row = _locked(session, recording_id, now)
    _refuse_stale(row, seen)
    if row.edits or row.checked_at is not None:
        raise RefusedError("staff have worked on this transcript; it is not overwritten")
    if row.state is TranscriptState.WRITING:
        raise RefusedError("this recording is being transcribed just now")
    row.state, row.attempts = TranscriptState.WAITING, 0
    row.asked_at = row.due_at = now
    if language in LANGUAGES:
        row.language = language
    row.text = ""
    row.version += 1
    session.flush()
    return row


def _locked(session: Session, recording_id: str, now: datetime) -> Transcript:
    """The row, held until the transaction ends; made where there is none."""
    for _ in range(2):
        row = session.get(Transcript, recording_id, with_for_update=True)
        if row is not None:
            return row
        if session.get(Recording, recording_id) is None:
            break
        try:
            with session.begin_nested():
                session.add(
                    Transcript(
                        recording_id=recording_id,
                        state=TranscriptState.WAITING,
                        asked_at=now,
                        due_at=now,
                    )
                )
        except IntegrityError:  # the queue was faster: its row is the one
            continue
    raise NotFoundError("there is no recording %(id)s", id=recording_id)


def _refuse_stale(row: Transcript, seen: int) -> None:
    if row.version != seen:
        raise RefusedError(
            "somebody else changed this transcript meanwhile; compare with it, then save again"
        )
