"""Keys of programs that read `/api`: shown once, kept as SHA-256, revoked at once.

A token is 192 random bits, so a plain hash is enough: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.records.tables import ApiToken
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.text import storable

USE_NOTED_EVERY = timedelta(minutes=1)


def create(
    session: Session, name: str, *, who: str, now: datetime, whole_numbers: bool = False
) -> str:
    """Make a token; its text is returned here and never again. RefusedError.

    Without `whole_numbers` its program is handed telephone and account numbers masked.
    """
    name = storable(name.strip(), 80)
    if not name:
        raise RefusedError("a token needs a name that says which program uses it")
    if session.scalar(select(ApiToken.id).where(ApiToken.name == name)) is not None:
        raise RefusedError("there is already a token named %(name)s", name=name)
    token = secrets.token_urlsafe(24)
    session.add(
        ApiToken(
            name=name,
            token_hash=_hash(token),
            created_by=who,
            created_at=now,
            whole_numbers=whole_numbers,
        )
    )
    session.flush()
    return token


def verify(session: Session, token: str) -> ApiToken | None:
    """The token's row, or None for one that is unknown or revoked."""
    row = session.scalar(select(ApiToken).where(ApiToken.token_hash == _hash(token)))
    return None if row is None or row.revoked_at is not None else row


def note_use(session: Session, token: ApiToken, now: datetime) -> None:
    """Remember when it was last used, to the minute: not a write for every request."""
    row = session.get(ApiToken, token.id)
    if row is not None and (row.last_used_at is None or now - row.last_used_at > USE_NOTED_EVERY):
        row.last_used_at = now
        session.flush()


def revoke(session: Session, token_id: int, now: datetime) -> None:
    """From now on it opens nothing; NotFoundError."""
    row = session.get(ApiToken, token_id)
    if row is None:
        raise NotFoundError("there is no token %(id)s", id=token_id)
    row.revoked_at = row.revoked_at or now
    session.flush()


def all_tokens(session: Session) -> Sequence[ApiToken]:
    """Every token by name, revoked ones too."""
    return session.scalars(select(ApiToken).order_by(ApiToken.name)).all()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
