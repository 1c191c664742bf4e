"""Searches that were given a name: one's own, and those somebody shares with all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from ivr.records.tables import SavedSearch
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.text import storable

MOST = 50
"""Searches of one person on one page."""
_FIELDS = 30
_LONGEST_VALUE = 200


def seen_by(session: Session, page: str, owner: str) -> Sequence[SavedSearch]:
    """Somebody's own searches and the shared ones of a page, by name."""
    return session.scalars(
        select(SavedSearch)
        .where(
            SavedSearch.page == page,
            or_(SavedSearch.owner == owner, SavedSearch.shared.is_(True)),
        )
        .order_by(SavedSearch.name, SavedSearch.id)
    ).all()


def save(
    session: Session,
    page: str,
    name: str,
    query: Mapping[str, str],
    *,
    owner: str,
    shared: bool,
    now: datetime,
) -> SavedSearch:
    """Keep a search; one of the same name and owner is replaced. RefusedError."""
    called = storable(" ".join(name.split()), 60)
    if not called:
        raise RefusedError("give the search a name")
    if not query:
        raise RefusedError("search for something first, then keep the search")
    if len(query) > _FIELDS or any(len(value) > _LONGEST_VALUE for value in query.values()):
        raise RefusedError("this search is too long to be kept")
    own = select(SavedSearch).where(SavedSearch.page == page, SavedSearch.owner == owner)
    row = session.scalar(own.where(SavedSearch.name == called))
    if row is None:
        if (session.scalar(select(func.count()).select_from(own.subquery())) or 0) >= MOST:
            raise RefusedError("at most %(most)s searches can be kept; remove one first", most=MOST)
        row = SavedSearch(page=page, owner=owner, name=called, created_at=now)
        session.add(row)
    row.query, row.shared = dict(query), shared
    session.flush()
    return row


def remove(session: Session, search_id: int, *, owner: str, any_owner: bool = False) -> None:
    """Remove one's own search (or, with `any_owner`, a shared one); NotFoundError."""
    row = session.get(SavedSearch, search_id)
    if row is None or not (row.owner == owner or (any_owner and row.shared)):
        raise NotFoundError("there is no such search of yours")
    session.delete(row)
