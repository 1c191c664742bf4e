"""Ticket numbers: the day on the line's calendar and a sequence, `202611220001`.

The counter's row is changed in the transaction that inserts the complaint.
Whoever comes second waits for the first to commit or to roll back, so no
number is given twice, and a complaint that is not filed leaves no hole.
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any, cast

from sqlalchemy import Table
from sqlalchemy.orm import Session

from ivr.records.tables import TicketCounter
from ivr.services.line_time import DEFAULT_ZONE, local_day


def allocate(session: Session, now: datetime, *, zone: tzinfo = DEFAULT_ZONE) -> str:
    """The next number of the day; it is taken only if the session's transaction commits."""
    day = local_day(now, zone)
    table = cast(Table, TicketCounter.__table__)
    number = session.execute(
        _insert(session, table)
        .values(day=day, last=1)
        .on_conflict_do_update(index_elements=["day"], set_={"last": table.c.last + 1})
        .returning(table.c.last)
    ).scalar_one()
    # Ten thousand in a day make a longer number, not an error.
    return f"{day:%Y%m%d}{number:04d}"


def _insert(session: Session, table: Table) -> Any:
    """The dialect's own INSERT: ON CONFLICT is not in the common one. Only one is imported."""
    if session.get_bind().dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as on_postgresql

        return on_postgresql(table)
    from sqlalchemy.dialects.sqlite import insert as on_sqlite

    return on_sqlite(table)
