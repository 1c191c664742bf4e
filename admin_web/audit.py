"""Who did what to which record: every change, and every recording heard (personal data)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import request
from flask_login import current_user
from sqlalchemy.orm import Session

from admin_web.desk import desk
from admin_web.sound import asks_for_outline
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
    """Write down that a recording was listened to; once, not for every range a player asks.

    Who asks for a later part only, and has not heard the beginning lately, has listened too. The
    outline that a player draws tells nothing that was said.
    """
    if asks_for_outline():
        return
    with desk().database.begin() as session:
        if request.headers.get("Range", "bytes=0-").startswith("bytes=0-"):
            note(session, "recording_heard", record)
        else:
            audit.record_once(
                session,
                who=current_user.username,
                what="recording_heard",
                record=record,
                now=desk().now(),
            )


def seen(what: str, record: str) -> None:
    """Write down that a record was opened; a page that is loaded again soon is one look.

    What cannot be noted is not shown: this comes before the page.
    """
    with desk().database.begin() as session:
        audit.record_once(
            session, who=current_user.username, what=what, record=record, now=desk().now()
        )


def exported(what: str, query: Mapping[str, str]) -> None:
    """Write down that a list was taken away as a file, and what was searched for."""
    with desk().database.begin() as session:
        note(session, what, "", search=urlencode(query)[:300] or "-")
