"""Lists that answer at once however many records there are: bounded looking, newest first.

A search is one or more `Way`s; a record that fits any of them is shown once. A way has a *lead*,
conditions that an index answers in the order of time, and a *rest* that must be looked at record
by record. With a rest, a page looks at `LOOKED_AT` records of the lead at most: where that was not
enough to fill it, it says how far back it got, and the next page goes on from there. So no
combination of fields, however rare what is asked for, costs more than that; nothing is skipped,
and nothing is said not to exist before all was looked at.

Where so many records of a lead end is found within its index, without the records.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.base import ExecutableOption

from ivr.records.base import Base
from ivr.services.paging import Key

LOOKED_AT = 20_000
"""Records of a lead that one page looks at: some 60 ms of either database."""
LOOKED_AT_TO_COUNT = 5_000
"""So many are looked at for the number of all that fit, beside the page itself."""
COUNTED = 10_000
"""Up to so many records that fit are counted; of more it is only said that there are more."""
SPANS = 60
"""Spans of time that one page looks through."""
WHOLE_ROWS = 3
"""Of more ways than this only keys are read, and then the records of the page."""
FEW = 20_000
"""So many keys of an index are sorted for a page rather than looked for in the order of time."""

Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to find records; `index` names the lead's, for SQLite, which keeps no statistics.

    `cost`: how much longer than a look at the record itself its rest takes, such as at others.
    `apart`: no record of it fits another way of the same search, so that they can be counted.
    """

    lead: tuple[ColumnElement[bool], ...] = ()
    rest: tuple[ColumnElement[bool], ...] = ()
    index: str = ""
    cost: int = 1
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Found(Generic[Row]):
    """Records, newest first; `back_to`: where looking stopped with the page not full."""

    rows: list[Row]
    back_to: datetime | None


@dataclass(frozen=True, slots=True)
class List(Generic[Row]):
    """What is listed: a table, the time and key it is ordered by, the index of that order."""

    table: type[Row]
    at: InstrumentedAttribute[datetime]
    identity: InstrumentedAttribute[str]
    index: str
    options: Sequence[ExecutableOption] = field(default=())

    def page(
        self,
        session: Session,
        ways: Sequence[Way],
        spans: Sequence[tuple[datetime | None, datetime | None]],
        after: Key | None,
        limit: int,
    ) -> Found[Row]:
        """The next records after a key, of the spans (from, until before) that do not overlap."""
        rows: list[Row] = []
        left = LOOKED_AT
        for number, (since, until) in enumerate(sorted(spans, key=_begin, reverse=True), 1):
            found, looked, back_to = self._within(session, ways, since, until, after, limit, left)
            rows += found[: limit - len(rows)]
            if len(rows) >= limit:
                return Found(rows, None)
            left -= looked
            if back_to is not None:
                return Found(rows, back_to)
            if since is not None and number < len(spans) and (left <= 0 or number >= SPANS):
                return Found(rows, since)
        return Found(rows, None)

    def _within(
        self,
        session: Session,
        ways: Sequence[Way],
        since: datetime | None,
        until: datetime | None,
        after: Key | None,
        limit: int,
        most: int,
    ) -> tuple[list[Row], int, datetime | None]:
        """Records of a span, how many were looked at, and where that ended too early."""
        within = self._span(since, until, after)
        rows: dict[str, Row] = {}
        found: dict[str, datetime] = {}
        looked, back_to = 0, None
        for way in ways:
            seen = within
            if way.rest:
                number, end = self._looked_at(session, way, within, most // way.cost)
                looked += number * way.cost
                if number == most // way.cost and end is not None:
                    seen = self._span(end, until, after)
                    back_to = max(end, back_to) if back_to else end
            query = self._select(select(self.table), way).where(*way.lead, *way.rest, *seen)
            query = query.order_by(self.at.desc(), self.identity.desc()).limit(limit)
            if len(ways) > WHOLE_ROWS:
                keys = query.with_only_columns(self.at, self.identity)
                found.update((identity, at) for at, identity in session.execute(keys))
                continue
            for row in session.scalars(query.options(*self.options)):
                at, identity = self._key(row)
                found[identity], rows[identity] = at, row
        ordered = sorted(((at, identity) for identity, at in found.items()), reverse=True)
        if back_to is not None:
            # Of a way that was looked at less far back, older records may be missing.
            sure = [key for key in ordered if key[0] >= back_to]
            if len(sure) < limit:
                return self._rows(session, sure, rows), looked, back_to
        return self._rows(session, ordered[:limit], rows), looked, None

    def _rows(
        self, session: Session, keys: Sequence[tuple[datetime, str]], known: dict[str, Row]
    ) -> list[Row]:
        """The records of these keys, in their order; one that was removed meanwhile is left out."""
        missing = [identity for _, identity in keys if identity not in known]
        if missing:
            query = select(self.table).where(self.identity.in_(missing)).options(*self.options)
            known |= {self._key(row)[1]: row for row in session.scalars(query)}
        return [known[identity] for _, identity in keys if identity in known]

    def _looked_at(
        self, session: Session, way: Way, within: list[ColumnElement[bool]], most: int
    ) -> tuple[int, datetime | None]:
        """How many records of the lead there are, `most` at most, and the time of the last."""
        ids = (
            self._select(select(self.at.label("at")), way)
            .where(*way.lead, *within)
            .order_by(self.at.desc())
            .limit(most)
            .subquery()
        )
        number, end = session.execute(
            select(func.count(), func.min(ids.c.at, type_=self.at.type))
        ).one()
        return number, end

    def count(
        self,
        session: Session,
        ways: Sequence[Way],
        spans: Sequence[tuple[datetime | None, datetime | None]],
        limit: int = COUNTED,
    ) -> int | None:
        """How many fit, `limit` + 1 for more; None where too much would be looked at for that."""
        if len(ways) != 1 and not all(way.apart for way in ways):
            return None
        total = 0
        for way in ways:
            found = self._count(session, way, spans, limit - total)
            if found is None:
                return None
            total += found
            if total > limit:
                break
        return total

    def _count(
        self,
        session: Session,
        way: Way,
        spans: Sequence[tuple[datetime | None, datetime | None]],
        limit: int,
    ) -> int | None:
        found, left = 0, LOOKED_AT_TO_COUNT // way.cost
        if way.rest and len(spans) > 1:
            return None
        for number, (since, until) in enumerate(sorted(spans, key=_begin, reverse=True), 1):
            if number > SPANS:
                return None
            within = self._span(since, until)
            all_of_it = True
            if way.rest:
                looked, end = self._looked_at(session, way, within, left)
                if looked >= left and end is not None:
                    within = self._span(end, until)
                    all_of_it = False
                left -= looked
            query = self._select(select(self.at), way).where(*way.lead, *way.rest, *within)
            ids = query.limit(limit + 1 - found).subquery()
            found += session.scalar(select(func.count()).select_from(ids)) or 0
            if found > limit:
                break
            if not all_of_it:
                return None
        return found

    def all(
        self,
        session: Session,
        ways: Sequence[Way],
        spans: Sequence[tuple[datetime | None, datetime | None]],
        batch: int,
    ) -> Iterator[list[Row]]:
        """All records that fit, a batch at a time, each read by itself.

        Whoever takes the batches ends the transaction after each of them: then neither a slow
        reader nor millions of records hold a view of the database open, from which its log
        could not be cut. Records that come in meanwhile are newer and are not met.
        """
        after: Key | None = None
        while True:
            found = self.page(session, ways, spans, after, batch)
            if found.rows:
                yield found.rows
            following = self.following(found, batch)
            if following is None:
                return
            after = following

    def following(self, found: Found[Row], limit: int) -> Key | None:
        """Where the next page begins; None where all was looked at."""
        if found.back_to is not None:
            return Key(found.back_to, "0")  # before all ids of that very moment
        if len(found.rows) < limit:
            return None
        return Key(*self._key(found.rows[-1]))

    def _key(self, row: Row) -> tuple[datetime, str]:
        return getattr(row, self.at.key), getattr(row, self.identity.key)

    def _span(
        self, since: datetime | None, until: datetime | None, after: Key | None = None
    ) -> list[ColumnElement[bool]]:
        """One bound at each end: of two, SQLite seeks the first and reads on to the second."""
        found: list[ColumnElement[bool]] = []
        if since is not None:
            found.append(self.at >= since)
        if after is not None and (until is None or after.at < until):
            found.append(tuple_(self.at, self.identity) < (after.at, after.identity))
            # Said again for the planner: a row value alone is no bound of an index by another
            # column.
            found.append(self.at <= after.at)
        elif until is not None:
            found.append(self.at < until)
        return found

    def _select(self, query: Select[Any], way: Way) -> Select[Any]:
        return query.with_hint(self.table, f"INDEXED BY {way.index or self.index}", "sqlite")


def _begin(span: tuple[datetime | None, datetime | None]) -> float:
    return span[0].timestamp() if span[0] is not None else float("-inf")


def few(session: Session, *conditions: ColumnElement[bool]) -> bool:
    """Whether at most `FEW` records fit conditions that an index answers."""
    found = select(literal(1).label("one")).where(*conditions).limit(FEW + 1).subquery()
    return (session.scalar(select(func.count()).select_from(found)) or 0) <= FEW
