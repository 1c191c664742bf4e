"""Who works on a complaint: given to a department, taken by a clerk, given back with a reason.

A department that gets one decides by itself who of its clerks takes it. One that is not for it
goes back to the service line, which finds the right one. Each hand-over is a line of the history.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, and_, case, false, func, or_, select
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


class Shelf(StrEnum):
    """The lists one works through."""

    MINE = "mine"
    UNASSIGNED = "unassigned"
    OVERDUE = "overdue"
    RETURNED = "returned"
    OPEN = "open"


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


@dataclass(frozen=True, slots=True)
class ShelfPage:
    """Complaints of a shelf, the earliest deadline first; `next` is what to skip for more."""

    complaints: Sequence[Complaint]
    total: int
    next: int | None


def shelf(
    session: Session,
    which: Shelf,
    worker: Worker,
    today: date,
    *,
    department: str | None = None,
    skip: int = 0,
    limit: int = 50,
) -> ShelfPage:
    """One page of what there is to do."""
    query = _on(select(Complaint), which, worker, today)
    if department is not None:
        query = query.where(Complaint.department == department)
    total = session.scalar(query.with_only_columns(func.count(Complaint.ticket))) or 0
    rows = session.scalars(
        query.order_by(Complaint.deadline, Complaint.created_at, Complaint.ticket)
        .offset(skip)
        .limit(limit)
    ).all()
    return ShelfPage(rows, total, skip + limit if total > skip + limit else None)


def shelf_counts(session: Session, worker: Worker, today: date) -> dict[Shelf, int]:
    """How many there are on each."""
    return {
        which: session.scalar(_on(select(func.count(Complaint.ticket)), which, worker, today)) or 0
        for which in Shelf
    }


def _on(query: Select[Any], which: Shelf, worker: Worker, today: date) -> Select[Any]:
    query = query.where(Complaint.state.in_(OPEN))
    if worker.department is not None:
        query = query.where(Complaint.department == worker.department)
    if not worker.sees_confidential:
        query = query.where(Complaint.confidential.is_(False))
    match which:
        case Shelf.MINE:
            return query.where(Complaint.assignee == worker.username)
        case Shelf.UNASSIGNED if worker.department is not None:
            return query.where(Complaint.assignee.is_(None))
        case Shelf.UNASSIGNED:
            return query.where(
                or_(Complaint.department.is_(None), Complaint.state == ComplaintState.RECEIVED)
            )
        case Shelf.OVERDUE:
            return query.where(Complaint.deadline < today)
        case Shelf.RETURNED if worker.department is not None:
            return query.where(false())
        case Shelf.RETURNED:
            returned = select(ComplaintEvent.ticket).where(
                ComplaintEvent.kind == EventKind.RETURNED, ComplaintEvent.ticket == Complaint.ticket
            )
            return query.where(Complaint.department.is_(None), returned.exists())
    return query


@dataclass(frozen=True, slots=True)
class DepartmentCount:
    """Open complaints of a department (None: of no department yet)."""

    department: str | None
    open: int
    unassigned: int
    overdue: int


def department_counts(session: Session, worker: Worker, today: date) -> list[DepartmentCount]:
    """What each department has before it, the most overdue first."""
    query = select(
        Complaint.department,
        func.count(),
        func.sum(case((Complaint.assignee.is_(None), 1), else_=0)),
        func.sum(case((and_(Complaint.deadline < today), 1), else_=0)),
    ).where(Complaint.state.in_(OPEN))
    if not worker.sees_confidential:
        query = query.where(Complaint.confidential.is_(False))
    if worker.department is not None:
        query = query.where(Complaint.department == worker.department)
    rows = [
        DepartmentCount(department, count, int(unassigned or 0), int(late or 0))
        for department, count, unassigned, late in session.execute(
            query.group_by(Complaint.department)
        )
    ]
    return sorted(rows, key=lambda row: (-row.overdue, -row.open, row.department or ""))


def hand_overs(complaint: Complaint) -> list[ComplaintEvent]:
    """The lines of the history where it changed hands."""
    return [event for event in complaint.events if event.kind in HAND_OVERS]
