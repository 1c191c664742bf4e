"""Which flow a called number starts; staff edit the table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.records.tables import Number
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.text import storable


def all_numbers(session: Session) -> Sequence[Number]:
    """Every listed number."""
    return session.scalars(select(Number).order_by(Number.called)).all()


def save(session: Session, called: str, flow: str, *, note: str = "", now: datetime) -> Number:
    """List a number or change its flow; RefusedError where either is empty."""
    called, flow = storable(called.strip(), 128), storable(flow.strip(), 64)
    if not called or not flow:
        raise RefusedError("a number and the flow it starts are both needed")
    number = session.get(Number, called)
    if number is None:
        number = Number(called=called)
        session.add(number)
    number.flow, number.note, number.updated_at = flow, storable(note, 200), now
    session.flush()
    return number


def remove(session: Session, called: str) -> None:
    """The number starts `main` again; NotFoundError."""
    number = session.get(Number, called)
    if number is None:
        raise NotFoundError("the number %(number)s is not listed", number=called)
    session.delete(number)
    session.flush()
