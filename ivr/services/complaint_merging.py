"""Duplicates: two complaints about one thing become one, and both callers hear of it.

The duplicate is closed and points to the complaint it was merged into; whoever asks for its
ticket hears how that one stands (`complaints.progress`). Nothing is copied and nothing lost:
a merge can be taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.records.tables import Complaint, ComplaintEvent, ComplaintState
from ivr.services import complaints
from ivr.services.errors import RefusedError
from ivr.services.text import digits_of


def duplicates(session: Session, ticket: str) -> Sequence[Complaint]:
    """The complaints that were merged into this one, oldest first."""
    return session.scalars(
        select(Complaint).where(Complaint.merged_into == ticket).order_by(Complaint.ticket)
    ).all()


def merge(
    session: Session,
    ticket: str,
    into: str,
    *,
    who: str,
    notes: tuple[str, str],
    now: datetime,
) -> Complaint:
    """Merge a duplicate into another complaint; the complaint that is left.

    `notes` are the lines for the two histories, the duplicate's first. What was merged into the
    duplicate before follows it. RefusedError; NotFoundError where either does not exist.
    """
    other = digits_of(into)
    if other == ticket:
        raise RefusedError("a complaint cannot be merged into itself")
    # Locked in one order, so that two who merge the same two wait for each other.
    for each in sorted((ticket, other)):
        complaints.get(session, each, lock=True)
    duplicate = complaints.get(session, ticket)
    kept = complaints.get(session, other)
    if duplicate.merged_into is not None:
        raise RefusedError(
            "complaint %(ticket)s was merged into %(into)s before",
            ticket=ticket,
            into=duplicate.merged_into,
        )
    if kept.merged_into is not None:
        raise RefusedError(
            "complaint %(ticket)s is a duplicate itself; merge into %(into)s",
            ticket=other,
            into=kept.merged_into,
        )
    before = duplicate.state
    duplicate.merged_into = other
    duplicate.state = ComplaintState.CLOSED
    duplicate.updated_at = now
    for follower in duplicates(session, ticket):
        follower.merged_into = other
        follower.updated_at = now
    # Who may not see the one may not learn of it from the other.
    kept.confidential = kept.confidential or duplicate.confidential
    kept.updated_at = now
    _remember(duplicate, before, ComplaintState.CLOSED, who, notes[0], now)
    _remember(kept, kept.state, kept.state, who, notes[1], now)
    session.flush()
    return kept


def separate(session: Session, ticket: str, *, who: str, note: str, now: datetime) -> Complaint:
    """Take a merge back: the complaint is as it was before, on its own. RefusedError."""
    duplicate = complaints.get(session, ticket, lock=True)
    if duplicate.merged_into is None:
        raise RefusedError("complaint %(ticket)s was not merged into another", ticket=ticket)
    merged = [
        event
        for event in duplicate.events
        if event.to_state is ComplaintState.CLOSED and event.from_state is not None
    ]
    before = merged[-1].from_state if merged else None
    duplicate.merged_into = None
    duplicate.state = before or ComplaintState.RECEIVED
    duplicate.updated_at = now
    _remember(duplicate, ComplaintState.CLOSED, duplicate.state, who, note, now)
    session.flush()
    return duplicate


def _remember(
    complaint: Complaint,
    before: ComplaintState,
    after: ComplaintState,
    who: str,
    note: str,
    now: datetime,
) -> None:
    complaint.events.append(
        ComplaintEvent(at=now, who=who, from_state=before, to_state=after, note=note)
    )
