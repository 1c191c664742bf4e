"""Which nodes a call went through, kept as one number: the set of its nodes and their outcomes.

Given where calls are counted, after their end, so that the line writes nothing more for it. Calls
that were counted before there were routes get theirs by `tend`, newest first, in the desk's
counting chore; until then, and while a call lasts, its steps are asked one by one. So searches are
exact at any time, and merely slower before.

Callers of one line take some hundred ways. Should flows be such that `MOST` are not enough, the
calls beyond are marked `UNSORTED` and asked by their steps, too.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, cast

from sqlalchemy import Select, Table, bindparam, delete, exists, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from ivr.records import Database
from ivr.records.tables import Call, CallStep, Route, RoutePlace

Place = tuple[str, str, str]
"""Flow, node, outcome."""

UNSORTED = 0
"""The route of calls that had none of their own any more."""
MOST = 50_000
AT_ONCE = 200
"""Calls given theirs in one transaction of `tend`: some ten milliseconds."""
INDEX = "ix_calls_route_id_started_at"
ADVISORY_LOCK = 0x6D73_6C72
"""PostgreSQL: who gives or forgets routes, does so alone ("mslr")."""


def alone(session: Session) -> None:
    """Until the end of the transaction nobody else gives or forgets; SQLite has one writer."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})


def give(session: Session, paths: Mapping[str, Iterable[Place]]) -> dict[str, int]:
    """The route of each call by its path, new ones kept; needs `alone`."""
    sets = {call_id: frozenset(path) for call_id, path in paths.items()}
    digests = {places: _digest(places) for places in sets.values()}
    ids = _known(session, digests.values())
    new = {digest: places for places, digest in digests.items() if digest not in ids}
    if new:
        room = max(0, MOST - (session.scalar(select(func.count()).select_from(Route)) or 0))
        taken = dict(sorted(new.items())[:room])
        if taken:
            _keep(session, taken)
            ids |= _known(session, taken)
    return {call_id: ids.get(digests[places], UNSORTED) for call_id, places in sets.items()}


def _digest(places: Iterable[Place]) -> str:
    written = "\n".join("\t".join(place) for place in sorted(places))
    return hashlib.blake2b(written.encode(), digest_size=16).hexdigest()


def _known(session: Session, digests: Iterable[str]) -> dict[str, int]:
    rows = session.execute(select(Route.digest, Route.id).where(Route.digest.in_(set(digests))))
    return dict(rows.all())


def _keep(session: Session, new: Mapping[str, Iterable[Place]]) -> None:
    postgresql = session.get_bind().dialect.name == "postgresql"
    add: Any = (postgresql_insert if postgresql else sqlite_insert)(Route)
    session.execute(add.on_conflict_do_nothing(), [{"digest": digest} for digest in new])
    ids = _known(session, new)
    rows = [
        {"route_id": ids[digest], "flow": flow, "node": node, "outcome": outcome}
        for digest, places in new.items()
        for flow, node, outcome in sorted(places)
    ]
    if rows:
        session.execute(insert(RoutePlace), rows)


def through(node: str, flow: str = "", outcome: str = "") -> Select[int]:
    """Routes that go through a node, of one flow or with one outcome where these are given."""
    query = select(RoutePlace.route_id).where(RoutePlace.node == node).distinct()
    if flow:
        query = query.where(RoutePlace.flow == flow)
    if outcome:
        query = query.where(RoutePlace.outcome == outcome)
    return query


def tend(database: Database) -> bool:
    """Give some calls their routes that were counted before; True where there may be more.

    What is read is read before the transaction that writes; a call's path is whole once counted.
    """
    with database.read() as session:
        ids = session.scalars(
            select(Call.id)
            .where(Call.route_id.is_(None), Call.outcome.is_not(None))
            .with_hint(Call, f"INDEXED BY {INDEX}", "sqlite")
            .order_by(Call.started_at.desc())
            .limit(AT_ONCE)
        ).all()
        if not ids:
            return False
        paths: dict[str, set[Place]] = defaultdict(set)
        for call_id, flow, node, outcome in session.execute(
            select(CallStep.call_id, CallStep.flow, CallStep.node, CallStep.outcome).where(
                CallStep.call_id.in_(ids)
            )
        ):
            paths[call_id].add((flow, node, outcome))
    with database.begin() as session:
        alone(session)
        routes = give(session, {call_id: paths[call_id] for call_id in ids})
        session.connection().execute(
            _ROUTE, [{"key": call_id, "new_route": route} for call_id, route in routes.items()]
        )
    return len(ids) == AT_ONCE


def forget_unused(database: Database) -> int:
    """Remove routes of which no call is left; how many."""
    unused = ~exists().where(Call.route_id == Route.id)
    with database.read() as session:
        ids = session.scalars(select(Route.id).where(unused).limit(AT_ONCE)).all()
    if not ids:
        return 0
    with database.begin() as session:
        alone(session)
        still = session.scalars(select(Route.id).where(Route.id.in_(ids), unused)).all()
        session.execute(delete(Route).where(Route.id.in_(still)))
    return len(still)


_calls = cast(Table, Call.__table__)
_ROUTE = (
    update(_calls)
    .where(_calls.c.id == bindparam("key"))
    .values(route_id=bindparam("new_route", type_=_calls.c.route_id.type))
)
