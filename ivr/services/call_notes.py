"""What staff wrote about a call."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from ivr.records.tables import Call, CallNote
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.text import note_text, storable

LONGEST = 4000


def add(session: Session, call_id: str, text: str, *, who: str, now: datetime) -> CallNote:
    """Add a note; NotFoundError, or RefusedError where it is empty."""
    if session.get(Call, call_id) is None:
        raise NotFoundError("there is no call %(id)s", id=call_id)
    said = note_text(text, LONGEST)
    if not said:
        raise RefusedError("there is nothing in this note")
    row = CallNote(call_id=call_id, at=now, who=storable(who, 64), text=said)
    session.add(row)
    session.flush()
    return row
