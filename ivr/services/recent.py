"""Call-backs and outage notices by pages, newest first, for programs that read all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, tuple_
from sqlalchemy import select as select_rows
from sqlalchemy.orm import InstrumentedAttribute, Session

from ivr.records.tables import CallBackState, CallBackTask, Outage
from ivr.services.errors import RefusedError
from ivr.services.paging import PAGE_SIZE, page_key, parse_page_key

Row = TypeVar("Row", CallBackTask, Outage)


@dataclass(frozen=True, slots=True)
class RecentPage(Generic[Row]):
    """Rows, newest first; `next` continues them."""

    rows: Sequence[Row]
    next: str | None


def call_backs(
    session: Session, state: CallBackState, *, after: str | None = None, limit: int = PAGE_SIZE
) -> RecentPage[CallBackTask]:
    """Tasks of a state by when they were made; RefusedError for a page key that is not ours."""
    query = select_rows(CallBackTask).where(CallBackTask.state == state)
    at, identity = CallBackTask.created_at, CallBackTask.id
    rows = _rows(session, query, at, identity, after, limit)
    return _page(rows, [(row.created_at, row.id) for row in rows], limit)


def outages(
    session: Session, *, after: str | None = None, limit: int = PAGE_SIZE
) -> RecentPage[Outage]:
    """Notices by when the supply goes; RefusedError for a page key that is not ours."""
    rows = _rows(session, select_rows(Outage), Outage.starts_at, Outage.id, after, limit)
    return _page(rows, [(row.starts_at, row.id) for row in rows], limit)


def _rows(
    session: Session,
    query: Select[Row],
    at: InstrumentedAttribute[datetime],
    identity: InstrumentedAttribute[int],
    after: str | None,
    limit: int,
) -> Sequence[Any]:
    if after is not None:
        moment, number = parse_page_key(after)
        if not (number.isascii() and number.isdigit() and len(number) <= 18):
            raise RefusedError("this page does not exist; begin again at the first page")
        query = query.where(tuple_(at, identity) < (moment, int(number)))
    return session.scalars(query.order_by(at.desc(), identity.desc()).limit(limit + 1)).all()


def _page(rows: Sequence[Row], keys: Sequence[tuple[datetime, int]], limit: int) -> RecentPage[Row]:
    if len(rows) <= limit:
        return RecentPage(rows, None)
    at, identity = keys[limit - 1]
    return RecentPage(rows[:limit], page_key(at, str(identity)))
