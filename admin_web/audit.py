"""Who did what to which record: every change, and every recording heard (personal data)."""

from __future__ import annotations

from flask import request
from flask_login import current_user
from sqlalchemy.orm import Session

from admin_web.desk import desk
from ivr.services import audit


def note(session: Session, what: str, record: str, **detail: str) -> None:
    """Write down, in the transaction that does it, that whoever is signed in did ``what``."""
    audit.record(
        session,
        who=current_user.username,
        what=what,
        record=record,
        detail=detail or None,
        now=desk().now(),
    )


def heard(record: str) -> None:
    """Write down that a recording was listened to; once, not for every range a player asks."""
    if request.headers.get("Range", "bytes=0-").startswith("bytes=0-"):
        with desk().database.begin() as session:
            note(session, "recording_heard", record)
