"""Trunks: what staff set up, and what the responder says of their registration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.records.tables import TrunkRow
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.text import storable


def all_trunks(session: Session, *, enabled_only: bool = False) -> Sequence[TrunkRow]:
    """Every trunk by name."""
    query = select(TrunkRow).order_by(TrunkRow.name)
    return session.scalars(query.where(TrunkRow.enabled) if enabled_only else query).all()


def save(
    session: Session,
    name: str,
    settings: Mapping[str, Any],
    *,
    enabled: bool = True,
    now: datetime,
) -> TrunkRow:
    """Add or change a trunk; `settings` are what the SIP user agent's trunk takes."""
    name = storable(name.strip(), 64)
    if not name:
        raise RefusedError("a trunk needs a name")
    trunk = session.get(TrunkRow, name)
    if trunk is None:
        trunk = TrunkRow(name=name)
        session.add(trunk)
    trunk.settings, trunk.enabled, trunk.updated_at = dict(settings), enabled, now
    session.flush()
    return trunk


def remove(session: Session, name: str) -> None:
    """Forget a trunk; NotFoundError."""
    trunk = session.get(TrunkRow, name)
    if trunk is None:
        raise NotFoundError("there is no trunk %(name)s", name=name)
    session.delete(trunk)
    session.flush()


def record_state(
    session: Session,
    name: str,
    state: str,
    detail: str = "",
    *,
    expires_in_s: float | None = None,
    now: datetime,
    about: Mapping[str, Any] | None = None,
) -> None:
    """How the registration stands; for a trunk of the settings file a row is made.

    `about` is what the file says of it, without its password.
    """
    trunk = session.get(TrunkRow, name)
    if trunk is None:
        trunk = TrunkRow(name=storable(name, 64), settings={}, enabled=True)
        session.add(trunk)
    if about is not None:
        trunk.settings = dict(about)
    trunk.register_state = storable(state, 24)
    trunk.detail = storable(detail, 200)
    trunk.expires_at = None if expires_in_s is None else now + timedelta(seconds=expires_in_s)
    trunk.updated_at = now
    session.flush()
