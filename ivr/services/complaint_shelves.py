"""What there is to do about complaints: lists of the open ones, the earliest deadline first.

All of it is answered by one index over the open complaints alone, which are some thousand of a
million: a list is read in its order from where the page before ended, and all counts come from
one pass over it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, text, tuple_
from sqlalchemy.orm import Session

from ivr.records.tables import Complaint, ComplaintEvent, ComplaintState, EventKind
from ivr.services.complaint_work import Worker
from ivr.services.errors import RefusedError

# To the letter as in the index, or neither database would use that.
_OPEN = text("complaints.state IN ('received', 'assigned', 'handling')")
_INDEX = "INDEXED BY ix_complaints_open"


class Shelf(StrEnum):
    """The lists one works through."""

    MINE = "mine"
    UNASSIGNED = "unassigned"
    OVERDUE = "overdue"
    RETURNED = "returned"
    OPEN = "open"


class WorkKey(NamedTuple):
    """The complaint a page begins after; those without a deadline come last."""

    deadline: date | None
    created_at: datetime
    ticket: str

    def __str__(self) -> str:
        deadline = self.deadline.isoformat() if self.deadline else ""
        created = self.created_at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%f")
        return f"{deadline}~{created}~{self.ticket}"

    @classmethod
    def parse(cls, written: str) -> WorkKey:
        """RefusedError where somebody wrote their own."""
        try:
            deadline, created, ticket = written.split("~")
            if not (ticket.isascii() and ticket.isalnum() and len(ticket) <= 16):
                raise ValueError
            at = datetime.strptime(created, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
            return cls(date.fromisoformat(deadline) if deadline else None, at, ticket)
        except ValueError:
            raise RefusedError("this page does not exist; begin again at the first page") from None


@dataclass(frozen=True, slots=True)
class ShelfPage:
    """Complaints of a shelf, the earliest deadline first; `next` continues it."""

    complaints: Sequence[Complaint]
    next: str | None


def shelf(
    session: Session,
    which: Shelf,
    worker: Worker,
    today: date,
    *,
    department: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> ShelfPage:
    """One page of what there is to do; RefusedError for a page key that is not ours."""
    key = None if after is None else WorkKey.parse(after)
    if which is Shelf.RETURNED and worker.department is not None:
        return ShelfPage((), None)  # what is returned is with no department
    query = _seen(select(Complaint), worker).where(*_on(which, worker, today))
    if department is not None:
        query = query.where(Complaint.department == department)
    query = query.order_by(Complaint.deadline, Complaint.created_at, Complaint.ticket)
    rows: list[Complaint] = []
    if key is None or key.deadline is not None:
        rows += session.scalars(query.where(*_dated(key)).limit(limit + 1))
        key = None
    if len(rows) <= limit and which is not Shelf.OVERDUE:
        # The databases do not agree on where what is not there comes in an order.
        rows += session.scalars(query.where(*_undated(key)).limit(limit + 1 - len(rows)))
    shown = rows[:limit]
    following = None
    if len(rows) > limit:
        following = str(WorkKey(shown[-1].deadline, shown[-1].created_at, shown[-1].ticket))
    return ShelfPage(shown, following)


def _dated(key: WorkKey | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [Complaint.deadline.is_not(None)]
    if key is not None:
        order = tuple_(Complaint.deadline, Complaint.created_at, Complaint.ticket)
        # Said again for the planner: a row of values alone is no bound of an index to all.
        found += [order > tuple(key), Complaint.deadline >= key.deadline]
    return found


def _undated(key: WorkKey | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [Complaint.deadline.is_(None)]
    if key is not None:
        found.append(tuple_(Complaint.created_at, Complaint.ticket) > tuple(key)[1:])
    return found


def _seen(query: Select[Any], worker: Worker) -> Select[Any]:
    """Open complaints that the worker may see."""
    query = query.where(_OPEN).with_hint(Complaint, _INDEX, "sqlite")
    if worker.department is not None:
        query = query.where(Complaint.department == worker.department)
    if not worker.sees_confidential:
        query = query.where(Complaint.confidential.is_(False))
    return query


def _on(which: Shelf, worker: Worker, today: date) -> list[ColumnElement[bool]]:
    match which:
        case Shelf.MINE:
            return [Complaint.assignee == worker.username]
        case Shelf.UNASSIGNED if worker.department is not None:
            return [Complaint.assignee.is_(None)]
        case Shelf.UNASSIGNED:
            return [or_(Complaint.department.is_(None), Complaint.state == ComplaintState.RECEIVED)]
        case Shelf.OVERDUE:
            return [Complaint.deadline < today]
        case Shelf.RETURNED:
            returned = select(ComplaintEvent.ticket).where(
                ComplaintEvent.kind == EventKind.RETURNED, ComplaintEvent.ticket == Complaint.ticket
            )
            return [Complaint.department.is_(None), returned.exists()]
    return []


@dataclass(frozen=True, slots=True)
class DepartmentCount:
    """Open complaints of a department (None: of no department yet)."""

    department: str | None
    open: int
    unassigned: int
    overdue: int


@dataclass(frozen=True, slots=True)
class WorkCounts:
    """How many there are on each shelf, and what each department has, the most overdue first."""

    shelves: dict[Shelf, int]
    departments: list[DepartmentCount]


def counts(session: Session, worker: Worker, today: date) -> WorkCounts:
    """What there is, in one pass; the returned ones, which are few, by themselves."""
    passed = [shelf for shelf in Shelf if shelf is not Shelf.RETURNED]

    def number(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count(case((and_(*conditions), 1))) if conditions else func.count()

    query: Any = select(
        Complaint.department,
        number(Complaint.assignee.is_(None)),
        *(number(*_on(shelf, worker, today)) for shelf in passed),
    )
    shelves = dict.fromkeys(Shelf, 0)
    departments = []
    for department, unassigned, *found in session.execute(
        _seen(query, worker).group_by(Complaint.department)
    ):
        here = dict(zip(passed, found, strict=True))
        for shelf, count in here.items():
            shelves[shelf] += count
        departments.append(
            DepartmentCount(department, here[Shelf.OPEN], unassigned, here[Shelf.OVERDUE])
        )
    if worker.department is None:
        returned = _seen(select(func.count()), worker).select_from(Complaint)
        shelves[Shelf.RETURNED] = (
            session.scalar(returned.where(*_on(Shelf.RETURNED, worker, today))) or 0
        )
    return WorkCounts(
        shelves,
        sorted(departments, key=lambda row: (-row.overdue, -row.open, row.department or "")),
    )
