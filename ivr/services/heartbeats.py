"""Signs of life of the line's processes, for the health page and the supervisor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.records.tables import Heartbeat
from ivr.services import availability

STALE = timedelta(seconds=15)


def beat(session: Session, process: str, detail: Mapping[str, Any], now: datetime) -> None:
    """`process` lives; `detail` is JSON (calls running, version, ...)."""
    row = session.get(Heartbeat, process)
    availability.note_gap(session, row, process, now)
    if row is None:
        row = Heartbeat(process=process)
        session.add(row)
    row.at, row.detail = now, dict(detail)
    session.flush()


def all_beats(session: Session) -> Sequence[Heartbeat]:
    """The last sign of each process."""
    return session.scalars(select(Heartbeat).order_by(Heartbeat.process)).all()


def is_alive(session: Session, process: str, now: datetime, stale: timedelta = STALE) -> bool:
    """Whether `process` was heard of lately."""
    row = session.get(Heartbeat, process)
    return row is not None and now - row.at <= stale
