"""Calls in progress and where each of them stands.

A step of a call's path is written when its node is left, so the path says where a caller was.
Where callers are now, the responder writes with its sign of life, every two seconds and for
all calls in one row: a call costs nothing more for being watched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr.records.tables import Call, CallPlaces
from ivr.records.tables.calls import RUNNING_FIRST
from ivr.services.availability import GAP, RESPONDER

LIMIT = 200
"""Calls shown at once, those that last longest."""

Place = tuple[str, str, datetime]
"""Flow, node, since when."""


@dataclass(frozen=True, slots=True)
class LiveCall:
    """One call in progress; flow and node are empty before the answer, or until known."""

    id: str
    caller: str
    called: str
    language: str | None
    started_at: datetime
    answered_at: datetime | None
    flow: str = ""
    node: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Live:
    """The longest calls first; `at` is when the line said so, None where it said nothing lately.

    `by_place` counts all calls by (flow, node), most first.
    """

    calls: Sequence[LiveCall]
    total: int
    by_place: Sequence[tuple[tuple[str, str], int]]
    at: datetime | None


def note(session: Session, places: Mapping[str, Place], now: datetime) -> None:
    """The line says where its calls are."""
    row = session.get(CallPlaces, RESPONDER)
    if row is None:
        row = CallPlaces(process=RESPONDER)
        session.add(row)
    elif not places and not row.places:
        return  # an idle line writes nothing
    row.at = now
    row.places = {
        call: [flow, node, since.isoformat(timespec="seconds")]
        for call, (flow, node, since) in places.items()
    }
    session.flush()


def in_progress(session: Session, now: datetime, *, limit: int = LIMIT) -> Live:
    """The calls that have not ended."""
    running = Call.ended_at.is_(None)
    rows = session.execute(
        select(
            Call.id,
            Call.caller,
            Call.called,
            Call.language,
            Call.started_at,
            Call.answered_at,
        )
        .where(running)
        .with_hint(Call, RUNNING_FIRST, "sqlite")
        .order_by(Call.started_at, Call.id)
        .limit(limit)
    ).all()
    total = len(rows)
    if total == limit:
        ids = select(Call.id).where(running).with_hint(Call, RUNNING_FIRST, "sqlite").subquery()
        total = session.scalar(select(func.count()).select_from(ids)) or 0
    said = session.get(CallPlaces, RESPONDER)
    fresh = said is not None and (now - said.at <= GAP or not said.places)
    known = said.places if said is not None and fresh else {}
    calls = [LiveCall(*row, *_place(known.get(row.id))) for row in rows]
    places = Counter((flow, node) for flow, node, _ in known.values())
    return Live(calls, total, places.most_common(), said.at if said is not None and fresh else None)


def _place(known: Sequence[str] | None) -> tuple[str, str, datetime | None]:
    if known is None:
        return "", "", None
    flow, node, since = known
    return flow, node, datetime.fromisoformat(since)
