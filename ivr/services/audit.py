"""Who did what to which record, when: written in the transaction that did it, read by pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import Session

from ivr.records.tables import AuditEntry
from ivr.services.errors import RefusedError
from ivr.services.paging import PAGE_SIZE, page_key, parse_page_key
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


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """`who` and `record` match any part; `what` is one of the words."""

    who: str = ""
    what: str = ""
    record: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """A page of entries, newest first."""

    entries: Sequence[AuditEntry]
    next: str | None
    total: int


def search(
    session: Session,
    wanted: AuditFilter | None = None,
    *,
    after: str | None = None,
    limit: int = PAGE_SIZE,
) -> AuditPage:
    """One page of entries; RefusedError for a page key that is not ours."""
    query = _filtered(wanted or AuditFilter())
    total = session.scalar(query.with_only_columns(func.count(AuditEntry.id))) or 0
    if after is not None:
        at, identity = parse_page_key(after)
        if not (identity.isascii() and identity.isdigit() and len(identity) <= 18):
            raise RefusedError("this page does not exist; begin again at the first page")
        query = query.where(tuple_(AuditEntry.at, AuditEntry.id) < (at, int(identity)))
    rows = session.scalars(
        query.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(limit + 1)
    ).all()
    more = len(rows) > limit
    rows = rows[:limit]
    last = rows[-1] if more else None
    return AuditPage(rows, page_key(last.at, str(last.id)) if last else None, total)


def newest(session: Session, *, limit: int = 200) -> Sequence[AuditEntry]:
    """The newest entries first."""
    return search(session, limit=limit).entries


def _filtered(wanted: AuditFilter) -> Select[AuditEntry]:
    query = select(AuditEntry)
    if wanted.who.strip():
        query = query.where(AuditEntry.who.contains(wanted.who.strip(), autoescape=True))
    if wanted.record.strip():
        query = query.where(AuditEntry.record.contains(wanted.record.strip(), autoescape=True))
    if wanted.what:
        query = query.where(AuditEntry.what == wanted.what)
    if wanted.since is not None:
        query = query.where(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditEntry.at < wanted.until)
    return query
