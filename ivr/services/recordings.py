"""Recordings of callers: known to the database before the first sample is written.

So a crash in the middle leaves a row that says where to look (`recovery`).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePosixPath

from sqlalchemy.orm import Session

from ivr.records.tables import Recording, RecordingKind, RecordingState
from ivr.services.errors import NotFoundError


def begin(
    session: Session,
    recording_id: str,
    *,
    call_id: str | None,
    kind: RecordingKind | str,
    path: str,
    now: datetime,
    category: str | None = None,
) -> Recording:
    """Announce a recording; commit before it starts. `path` is relative to the state folder."""
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or not parts.parts:
        raise ValueError(f"a recording's path is relative to the state folder: {path!r}")
    recording = Recording(
        id=recording_id,
        call_id=call_id,
        kind=RecordingKind(kind),
        path=path,
        state=RecordingState.RECORDING,
        category=category,
        created_at=now,
    )
    session.add(recording)
    session.flush()
    return recording


def finish(session: Session, recording_id: str, seconds: float) -> None:
    """The file is complete. One that was recovered stays `unfinished`, with its length."""
    recording = get(session, recording_id)
    if recording.state is not RecordingState.UNFINISHED:
        recording.state = RecordingState.COMPLETE
    recording.seconds = seconds
    session.flush()


def fail(session: Session, recording_id: str, seconds: float | None = None) -> None:
    """It could not be written; what there is of it (`seconds`) may still be heard."""
    recording = get(session, recording_id)
    recording.state = RecordingState.FAILED
    recording.seconds = seconds
    session.flush()


def get(session: Session, recording_id: str) -> Recording:
    """One recording; NotFoundError."""
    recording = session.get(Recording, recording_id)
    if recording is None:
        raise NotFoundError("there is no recording %(id)s", id=recording_id)
    return recording
