"""Who did, or saw, what of which record, when: chained by seals, read by pages.

Entries are written at the very end of the transaction that did it: the head of the chain is the
last lock it takes, so that nobody waits for it in a circle, and nobody for long. An entry whose
transaction is rolled back was never written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, event, func, select, tuple_
from sqlalchemy.orm import Session, SessionTransaction

from ivr.records.seal import as_kept, seal
from ivr.records.tables import AuditChain, AuditEntry
from ivr.services.errors import RefusedError
from ivr.services.looking import COUNTED, LOOKED_AT
from ivr.services.paging import PAGE_SIZE, page_key, parse_page_key
from ivr.services.text import storable

_PENDING = "audit_pending"
ONCE_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Pending:
    at: datetime
    who: str
    what: str
    record: str
    detail: dict[str, Any] | None
    savepoint: SessionTransaction | None


def record(
    session: Session,
    *,
    who: str,
    what: str,
    record: str = "",
    detail: Mapping[str, Any] | None = None,
    now: datetime,
) -> None:
    """Note an entry: `what` is a word such as `flow_published`, `record` names its object.

    It is there once the transaction is committed, not before.
    """
    session.info.setdefault(_PENDING, []).append(
        _Pending(
            at=now,
            who=storable(who, 64),
            what=storable(what, 64),
            record=storable(record, 128),
            detail=as_kept(detail),
            savepoint=session.get_nested_transaction(),
        )
    )


def record_once(
    session: Session,
    *,
    who: str,
    what: str,
    record: str,
    now: datetime,
    within: timedelta = ONCE_WITHIN,
) -> None:
    """The same, unless it is noted already and `within` has not passed since.

    For what is looked at again and again, such as a page that is loaded after each change.
    """
    known = session.scalar(
        select(AuditEntry.id)
        .where(
            AuditEntry.record == storable(record, 128),
            AuditEntry.who == storable(who, 64),
            AuditEntry.what == what,
            AuditEntry.at > now - within,
        )
        .limit(1)
    )
    if known is None:
        _note(session, who=who, what=what, record=record, now=now)


_note = record  # `record` is a parameter above


@event.listens_for(Session, "before_commit")
def _write_pending(session: Session) -> None:
    """Chain what was noted; a savepoint's end is not the end."""
    if session.in_nested_transaction():
        return
    pending: list[_Pending] = session.info.pop(_PENDING, [])
    if pending:
        # Whatever else this transaction locks is locked before the head.
        session.flush()
        chain(session, pending)


@event.listens_for(Session, "after_soft_rollback")
def _forget_pending(session: Session, previous: SessionTransaction) -> None:
    """What was rolled back was not done."""
    if not previous.nested:
        session.info.pop(_PENDING, None)
        return
    kept = [one for one in session.info.get(_PENDING, []) if one.savepoint is not previous]
    if _PENDING in session.info:
        session.info[_PENDING] = kept


def chain(session: Session, pending: Sequence[_Pending]) -> None:
    """Seal entries behind the head, which stays locked to the end of the transaction."""
    head = session.get(AuditChain, 1, with_for_update=True, populate_existing=True)
    if head is None:
        raise RuntimeError("the audit log has lost its head: restore a backup (ivr audit check)")
    for one in pending:
        entry = {
            "at": one.at,
            "who": one.who,
            "what": one.what,
            "record": one.record,
            "detail": one.detail,
        }
        former, number = head.last_hash, head.last_id + 1
        sealed = seal(former, entry_id=number, **entry)  # type: ignore[arg-type]
        session.add(AuditEntry(id=number, former_hash=former, hash=sealed, **entry))
        head.last_id, head.last_hash = number, sealed
    session.flush()


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
    total: int | None
    more: bool = False
    back_to: datetime | None = None


def search(
    session: Session,
    wanted: AuditFilter | None = None,
    *,
    after: str | None = None,
    limit: int = PAGE_SIZE,
) -> AuditPage:
    """One page of entries; RefusedError for a page key that is not ours.

    What is filtered is looked for among `LOOKED_AT` entries a page (`ivr.services.looking`): ids
    follow each other without gaps, so where these end needs no looking.
    """
    wanted = wanted or AuditFilter()
    query = _filtered(wanted)
    total = _total(session, wanted)
    more = total is not None and total > COUNTED
    total = total if total is None else min(total, COUNTED)
    newest_id = _newest(session, wanted)
    if after is not None:
        at, identity = parse_page_key(after)
        if not (identity.isascii() and identity.isdigit() and len(identity) <= 18):
            raise RefusedError("this page does not exist; begin again at the first page")
        query = query.where(tuple_(AuditEntry.at, AuditEntry.id) < (at, int(identity)))
        query = query.where(AuditEntry.at <= at)
        newest_id = min(newest_id, int(identity) or newest_id)
    last_looked = newest_id - LOOKED_AT
    end = session.execute(
        select(AuditEntry.at, AuditEntry.id)
        .where(AuditEntry.id <= last_looked)
        .order_by(AuditEntry.id.desc())
        .limit(1)
    ).first()
    if end is not None:
        query = query.where(AuditEntry.id > end.id)
    rows = session.scalars(
        query.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(limit + 1)
    ).all()
    if len(rows) > limit:
        last = rows[limit - 1]
        key = page_key(last.at, str(last.id))
        return AuditPage(rows[:limit], key, total, more)
    if end is None or (wanted.since is not None and end.at < wanted.since):
        total = len(rows) if after is None else total
        return AuditPage(rows, None, total, more)
    # The entry itself was not looked at: the next page begins with it.
    return AuditPage(rows, page_key(end.at, str(end.id + 1)), total, more, end.at)


def _total(session: Session, wanted: AuditFilter) -> int | None:
    """How many there are, up to `COUNTED`; None where each would have to be looked at."""
    if wanted.who.strip() or wanted.record.strip() or wanted.what:
        return None
    ids = _filtered(wanted).with_only_columns(AuditEntry.id).limit(COUNTED + 1).subquery()
    return session.scalar(select(func.count()).select_from(ids)) or 0


def _newest(session: Session, wanted: AuditFilter) -> int:
    """The newest entry of the time that is asked for."""
    query = select(AuditEntry.id).order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(1)
    if wanted.until is not None:
        query = query.where(AuditEntry.at < wanted.until)
    return session.scalar(query) or 0


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
