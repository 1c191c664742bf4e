"""Who did what to which record, when: written in the transaction that did it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.records.tables import AuditEntry
from ivr.services.text import storable


def record(
    session: Session,
    *,
    who: str,
    what: str,
    record: str = "",
    detail: Mapping[str, Any] | None = None,
    now: datetime,
) -> None:
    """Add an entry: `what` is a word such as `flow_published`, `record` names its object."""
    session.add(
        AuditEntry(
            at=now,
            who=storable(who, 64),
            what=storable(what, 64),
            record=storable(record, 128),
            detail=None if detail is None else dict(detail),
        )
    )


def newest(session: Session, *, limit: int = 200) -> Sequence[AuditEntry]:
    """The newest entries first."""
    return session.scalars(
        select(AuditEntry).order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(limit)
    ).all()
