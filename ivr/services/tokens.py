"""Keys of programs that use `/api`: shown once, kept as SHA-256, ended at once.

A token is 192 random bits, so a plain hash is enough: there is nothing to guess. It may do what
a person of its role may do, as far as its scopes go; a scope is a word such as `calls:read`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.records.tables import ApiToken, Department, Role
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.text import storable

USE_NOTED_EVERY = timedelta(minutes=1)
FORMER_SCOPES = ("calls:read", "complaints:read")
"""What every token could do before there were scopes."""


def create(
    session: Session,
    name: str,
    *,
    who: str,
    now: datetime,
    whole_numbers: bool = False,
    role: Role | str = Role.SUPERVISOR,
    department: str | None = None,
    scopes: Iterable[str] = FORMER_SCOPES,
    expires_at: datetime | None = None,
) -> str:
    """Make a token; its text is returned here and never again. RefusedError.

    Without `whole_numbers` its program is handed telephone and account numbers masked.
    """
    name = storable(name.strip(), 80)
    if not name:
        raise RefusedError("a token needs a name that says which program uses it")
    if session.scalar(select(ApiToken.id).where(ApiToken.name == name)) is not None:
        raise RefusedError("there is already a token named %(name)s", name=name)
    role = Role(role)
    if role is not Role.CLERK:
        department = None
    elif department is None or session.get(Department, department) is None:
        raise RefusedError("a token with the role of a clerk needs a department")
    if not (given := sorted(set(scopes))):
        raise RefusedError("a token needs at least one thing that it may do")
    if expires_at is not None and expires_at <= now:
        raise RefusedError("a token must end in the future")
    token = secrets.token_urlsafe(24)
    session.add(
        ApiToken(
            name=name,
            token_hash=_hash(token),
            created_by=who,
            created_at=now,
            whole_numbers=whole_numbers,
            role=role,
            department=department,
            scopes=" ".join(given),
            expires_at=expires_at,
        )
    )
    session.flush()
    return token


def verify(session: Session, token: str, now: datetime | None = None) -> ApiToken | None:
    """The token's row, or None for one that is unknown, ended, or past its time at `now`."""
    row = session.scalar(select(ApiToken).where(ApiToken.token_hash == _hash(token)))
    if row is None or row.revoked_at is not None:
        return None
    return None if now is not None and is_over(row, now) else row


def is_over(token: ApiToken, now: datetime) -> bool:
    """Whether its time is over."""
    return token.expires_at is not None and token.expires_at <= now


def note_use(session: Session, token: ApiToken, now: datetime, address: str = "") -> None:
    """Remember when it was last used, to the minute: not a write for every request."""
    row = session.get(ApiToken, token.id)
    if row is not None and (row.last_used_at is None or now - row.last_used_at > USE_NOTED_EVERY):
        row.last_used_at = now
        row.last_used_from = storable(address, 64) or None
        session.flush()


def revoke(session: Session, token_id: int, now: datetime) -> ApiToken:
    """From now on it opens nothing; NotFoundError."""
    row = session.get(ApiToken, token_id)
    if row is None:
        raise NotFoundError("there is no token %(id)s", id=token_id)
    row.revoked_at = row.revoked_at or now
    session.flush()
    return row


def all_tokens(session: Session) -> Sequence[ApiToken]:
    """Every token by name, ended ones too."""
    return session.scalars(select(ApiToken).order_by(ApiToken.name)).all()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
