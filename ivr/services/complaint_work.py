"""Who works on a complaint: given to a department, taken by a clerk, given back with a reason.

A department that gets one decides by itself who of its clerks takes it. One that is not for it
goes back to the service line, which finds the right one. Each hand-over is a line of the history.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ivr.records.tables import (
    Complaint,
    ComplaintEvent,
    ComplaintState,
    Department,
    EventKind,
)
from ivr.services import complaints
from ivr.services.errors import RefusedError
from ivr.services.text import note_text, storable

OPEN = (ComplaintState.RECEIVED, ComplaintState.ASSIGNED, ComplaintState.HANDLING)
MOST_AT_ONCE = 200
HAND_OVERS = (EventKind.ASSIGNED, EventKind.RETURNED, EventKind.TAKEN)


@dataclass(frozen=True, slots=True)
class Worker:
    """Who looks: a clerk of `department`, or (None) the service line, which sees all."""

    username: str
    department: str | None
    sees_confidential: bool


def assign(
    session: Session,
    ticket: str,
    department: str,
    *,
    who: str,
    note: str = "",
    now: datetime,
) -> Complaint:
    """Give a complaint to a department; RefusedError where it is there, answered or merged."""
    complaint = _open(session, ticket)
    if session.get(Department, department) is None:
        raise RefusedError("there is no department %(code)s", code=department)
    if complaint.department == department and complaint.state is not ComplaintState.RECEIVED:
        raise RefusedError("complaint %(ticket)s is with this department already", ticket=ticket)
    former, before = complaint.department, complaint.state
    complaint.department, complaint.updated_at = department, now
    if former != department:
        complaint.assignee = None
    if before is ComplaintState.RECEIVED or former != department:
        complaint.state = ComplaintState.ASSIGNED
    complaints.remember(
        session,
        complaint,
        before,
        who,
        note_text(note),
        now,
        kind=EventKind.ASSIGNED,
        hands=(former, department),
    )
    return complaint


def assign_all(
    session: Session,
    tickets: Iterable[str],
    department: str,
    *,
    worker: Worker,
    note: str = "",
    now: datetime,
) -> tuple[list[str], list[tuple[str, RefusedError]]]:
    """Give several to a department: those given, and why others were not.

    What `worker` may not see is as if it were not there.
    """
    given, refused = [], []
    for ticket in sorted(set(tickets))[:MOST_AT_ONCE]:
        try:
            row = session.get(Complaint, ticket)
            if row is None or not may_see(worker, row):
                raise RefusedError("there is no complaint %(ticket)s", ticket=ticket)
            assign(session, ticket, department, who=worker.username, note=note, now=now)
        except RefusedError as error:
            refused.append((ticket, error))
        else:
            given.append(ticket)
    return given, refused


def may_see(worker: Worker, complaint: Complaint) -> bool:
    """Whether the complaint is one of the worker's lists at all."""
    if complaint.confidential and not worker.sees_confidential:
        return False
    return worker.department in (None, complaint.department)


def give_back(session: Session, ticket: str, *, who: str, reason: str, now: datetime) -> Complaint:
    """The department returns what is not for it; RefusedError without a reason."""
    complaint = _open(session, ticket)
    if complaint.department is None:
        raise RefusedError("complaint %(ticket)s is with no department", ticket=ticket)
    if not note_text(reason):
        raise RefusedError("say why it is returned, so that the right department can be found")
    former, before = complaint.department, complaint.state
    complaint.department = complaint.assignee = None
    complaint.state, complaint.updated_at = ComplaintState.RECEIVED, now
    complaints.remember(
        session,
        complaint,
        before,
        who,
        note_text(reason),
        now,
        kind=EventKind.RETURNED,
        hands=(former, None),
    )
    return complaint


def take(session: Session, ticket: str, *, who: str, now: datetime) -> Complaint:
    """Work on it oneself; RefusedError where a colleague has it."""
    complaint = _open(session, ticket)
    if complaint.assignee not in (None, who):
        raise RefusedError(
            "%(who)s works on complaint %(ticket)s already", who=complaint.assignee, ticket=ticket
        )
    if complaint.assignee is None:
        complaint.assignee, complaint.updated_at = storable(who, 64), now
        _in_hands(session, complaint, who, now)
    return complaint


def let_go(session: Session, ticket: str, *, who: str, now: datetime) -> Complaint:
    """Put it back on the department's pile."""
    complaint = _open(session, ticket)
    if complaint.assignee is not None:
        complaint.assignee, complaint.updated_at = None, now
        _in_hands(session, complaint, who, now)
    return complaint


def _in_hands(session: Session, complaint: Complaint, who: str, now: datetime) -> None:
    here = complaint.department
    complaints.remember(
        session,
        complaint,
        complaint.state,
        who,
        "",
        now,
        kind=EventKind.TAKEN if complaint.assignee else EventKind.UNSAID,
        hands=(here, here),
    )


def reply(
    session: Session,
    ticket: str,
    *,
    zh: str,
    en: str,
    who: str,
    now: datetime,
    expected: ComplaintState | str | None = None,
) -> Complaint:
    """Answer the citizen: who asks for the ticket hears `zh`, in English `en` where it is given.

    RefusedError as of a change of state.
    """
    written, english = note_text(zh), note_text(en)
    complaint = complaints.change_state(
        session,
        ticket,
        ComplaintState.REPLIED,
        who=who,
        note="\n".join(text for text in (written, english) if text),
        now=now,
        expected=expected,
    )
    complaint.reply, complaint.reply_en = written or english, english
    session.flush()
    return complaint


def _open(session: Session, ticket: str) -> Complaint:
    complaint = complaints.get(session, ticket, lock=True)
    complaints.refuse_merged(complaint)
    if complaint.state not in OPEN:
        raise RefusedError(
            "complaint %(ticket)s is %(state)s", ticket=ticket, state=complaint.state
        )
    return complaint


def hand_overs(complaint: Complaint) -> list[ComplaintEvent]:
    """The lines of the history where it changed hands."""
    return [event for event in complaint.events if event.kind in HAND_OVERS]
