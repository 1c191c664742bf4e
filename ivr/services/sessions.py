"""Who is signed in where: one row for each, so that a session ends the moment somebody ends it.

A session ends by itself after some time without use, and some hours after its sign-in, used or
not (NIST SP 800-63B §4.2.3, reauthentication). Its cookie holds 256 random bits; the row keeps
their SHA-256: a copy of the database signs nobody in.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from ivr.records.tables import Staff, StaffSession
from ivr.services import audit
from ivr.services.errors import NotFoundError
from ivr.services.text import storable

SEEN_EVERY = timedelta(minutes=1)
"""How exactly the last use is known: it is not a write for every request."""
TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a session lasts: without use, and at all."""

    idle: timedelta
    longest: timedelta

    def lasting(self, now: datetime) -> ColumnElement[bool]:
        """The condition that a row is of a session that lasts."""
        return (
            StaffSession.ended_at.is_(None)
            & (StaffSession.seen_at > now - self.idle)
            & (StaffSession.began_at > now - self.longest)
        )

    @property
    def seen_every(self) -> timedelta:
        """How often to note that it is used; more often where it lasts but minutes."""
        return min(SEEN_EVERY, self.idle / 10)


def begin(session: Session, staff_id: int, *, address: str, browser: str, now: datetime) -> str:
    """Begin a session; what its cookie must hold is returned here and never again."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    session.add(
        StaffSession(
            token_hash=_hash(token),
            staff_id=staff_id,
            began_at=now,
            seen_at=now,
            address=storable(address, 64),
            browser=storable(browser, 300),
        )
    )
    session.flush()
    return token


def find(
    session: Session, token: str, now: datetime, limits: SessionLimits
) -> tuple[StaffSession, Staff] | None:
    """The session a cookie names and whose it is, if it lasts and the person may still sign in."""
    row = session.execute(
        select(StaffSession, Staff)
        .join(Staff, Staff.id == StaffSession.staff_id)
        .where(StaffSession.token_hash == _hash(token), limits.lasting(now), Staff.active.is_(True))
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def note_use(session: Session, session_id: int, now: datetime) -> None:
    """It is used now."""
    session.execute(
        update(StaffSession)
        .where(StaffSession.id == session_id, StaffSession.seen_at < now)
        .values(seen_at=now)
    )


def lasting(
    session: Session, staff_id: int, now: datetime, limits: SessionLimits
) -> Sequence[StaffSession]:
    """A person's sessions, the one last used first."""
    return session.scalars(
        select(StaffSession)
        .where(StaffSession.staff_id == staff_id, limits.lasting(now))
        .order_by(StaffSession.seen_at.desc(), StaffSession.id.desc())
    ).all()


def end(session: Session, person: Staff, session_id: int, *, who: str, now: datetime) -> None:
    """End one session of a person; NotFoundError where it is not theirs."""
    row = session.get(StaffSession, session_id)
    if row is None or row.staff_id != person.id:
        raise NotFoundError("there is no session %(id)s", id=session_id)
    if row.ended_at is None:
        row.ended_at = now
        audit.record(session, who=who, what="session_ended", record=person.username, now=now)


def end_all(
    session: Session, person: Staff, *, now: datetime, except_for: int | None = None
) -> int:
    """End every session of a person, or every other; how many had not ended. Not noted here."""
    found = session.execute(
        update(StaffSession)
        .where(
            StaffSession.staff_id == person.id,
            StaffSession.ended_at.is_(None),
            StaffSession.id != except_for if except_for is not None else StaffSession.id > 0,
        )
        .values(ended_at=now)
    )
    return int(found.rowcount)  # type: ignore[attr-defined]


def forget(session: Session, before: datetime, *, limit: int) -> int:
    """Remove rows of sessions last used before; how many, `limit` at most."""
    old = (
        select(StaffSession.id)
        .where(or_(StaffSession.ended_at < before, StaffSession.seen_at < before))
        .limit(limit)
    )
    found = session.execute(delete(StaffSession).where(StaffSession.id.in_(old)))
    return int(found.rowcount)  # type: ignore[attr-defined]


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
