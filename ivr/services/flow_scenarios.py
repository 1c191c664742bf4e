"""Scenarios that staff keep: calls that must go on as they went, looked at before every publish."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ivr.records.tables import FlowScenario
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.text import storable

MOST = 500
"""Every one is run at every publish; this many take some seconds."""


def every(session: Session) -> Sequence[FlowScenario]:
    """All scenarios, by title."""
    return session.scalars(select(FlowScenario).order_by(FlowScenario.title)).all()


def get(session: Session, scenario: int) -> FlowScenario:
    """One scenario; NotFoundError."""
    row = session.get(FlowScenario, scenario)
    if row is None:
        raise NotFoundError("there is no such scenario; it may have been removed")
    return row


def add(
    session: Session, *, title: str, flow: str, text: str, author: str, now: datetime
) -> FlowScenario:
    """Keep a scenario; RefusedError for an empty title or one that is taken."""
    if len(every(session)) >= MOST:
        raise RefusedError("there are %(most)s scenarios already; remove some", most=MOST)
    kept = storable(title.strip(), 120)
    if not kept:
        raise RefusedError("give the scenario a title")
    row = FlowScenario(
        title=kept,
        flow=storable(flow, 64),
        text=text,
        author=storable(author, 64),
        created_at=now,
        updated_at=now,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise RefusedError("there is a scenario “%(title)s” already", title=kept) from None
    return row


def rewrite(
    session: Session, scenario: int, text: str, *, author: str, now: datetime
) -> FlowScenario:
    """Give a scenario a new text; NotFoundError."""
    row = get(session, scenario)
    row.text, row.author, row.updated_at = text, storable(author, 64), now
    session.flush()
    return row


def remove(session: Session, scenario: int) -> FlowScenario:
    """Forget a scenario; NotFoundError."""
    row = get(session, scenario)
    session.delete(row)
    session.flush()
    return row
