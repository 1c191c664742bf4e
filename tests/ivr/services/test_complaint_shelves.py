"""What there is to do: every complaint once, the earliest deadline first, however it is paged."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import insert

from ivr.records import Database
from ivr.records.tables import Complaint, ComplaintEvent, ComplaintState, Department, EventKind
from ivr.services import complaint_shelves
from ivr.services.complaint_shelves import Shelf
from ivr.services.complaint_work import Worker
from ivr.services.errors import RefusedError

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
TODAY = date(2026, 11, 22)
LINE = Worker("li", None, True)
CLERK = Worker("wang", "police", False)
WORKERS = (LINE, CLERK, Worker("wang", None, False))
STATES = (*ComplaintState, ComplaintState.RECEIVED, ComplaintState.ASSIGNED)


def fill(database: Database, count: int = 60) -> list[Complaint]:
    rows = [
        {
            "ticket": f"20261101{n * 7 % count:04}",
            "category": "roads",
            "state": STATES[n % len(STATES)],
            "department": (None, "police", "city_management")[n % 3],
            "assignee": (None, "wang")[n // 2 % 2],
            "confidential": n % 11 == 0,
            "deadline": None if n % 7 == 0 else TODAY + timedelta(days=n % 5 - 2),
            "finished": True,
            "created_at": NOW - timedelta(minutes=n % 4),  # many at the same moment
            "updated_at": NOW,
        }
        for n in range(count)
    ]
    with database.begin() as session:
        for code in ("police", "city_management"):
            session.merge(Department(code=code, name_zh=code, name_en=code))
        session.flush()
        session.execute(insert(Complaint), rows)
        for row in rows[::2]:
            session.add(
                ComplaintEvent(
                    ticket=row["ticket"],
                    at=NOW,
                    who="wang",
                    to_state=ComplaintState.RECEIVED,
                    kind=EventKind.RETURNED,
                )
            )
    with database.read() as session:
        return [session.get_one(Complaint, row["ticket"]) for row in rows]


def expected(rows: list[Complaint], which: Shelf, worker: Worker, returned: set[str]) -> list[str]:
    def fits(row: Complaint) -> bool:
        if row.state in (ComplaintState.REPLIED, ComplaintState.CLOSED, ComplaintState.REJECTED):
            return False
        if worker.department not in (None, row.department):
            return False
        if row.confidential and not worker.sees_confidential:
            return False
        match which:
            case Shelf.MINE:
                return row.assignee == worker.username
            case Shelf.UNASSIGNED if worker.department:
                return row.assignee is None
            case Shelf.UNASSIGNED:
                return row.department is None or row.state is ComplaintState.RECEIVED
            case Shelf.OVERDUE:
                return row.deadline is not None and row.deadline < TODAY
            case Shelf.RETURNED:
                return (
                    worker.department is None and row.department is None and row.ticket in returned
                )
        return True

    found = [row for row in rows if fits(row)]
    found.sort(key=lambda row: (row.deadline or date.max, row.created_at, row.ticket))
    return [row.ticket for row in found]


def paged(database: Database, which: Shelf, worker: Worker, **more: str) -> list[str]:
    tickets: list[str] = []
    after = None
    while True:
        with database.read() as session:
            page = complaint_shelves.shelf(
                session, which, worker, TODAY, after=after, limit=4, **more
            )
        tickets += [row.ticket for row in page.complaints]
        if page.next is None:
            return tickets
        after = page.next


def test_every_shelf_holds_what_is_its_own_and_counts_it(database: Database) -> None:
    rows = fill(database)
    returned = {row.ticket for row in rows[::2]}
    for worker, which in product(WORKERS, Shelf):
        tickets = expected(rows, which, worker, returned)
        assert paged(database, which, worker) == tickets, (worker, which)
        with database.read() as session:
            counts = complaint_shelves.counts(session, worker, TODAY)
        assert counts.shelves[which] == len(tickets), (worker, which)


def test_what_departments_have_is_counted_the_most_overdue_first(database: Database) -> None:
    rows = fill(database)
    with database.read() as session:
        found = complaint_shelves.counts(session, LINE, TODAY).departments
    opened = expected(rows, Shelf.OPEN, LINE, set())
    late = expected(rows, Shelf.OVERDUE, LINE, set())
    by_ticket = {row.ticket: row for row in rows}
    assert {one.department for one in found} == {None, "police", "city_management"}
    for one in found:
        own = [t for t in opened if by_ticket[t].department == one.department]
        assert one.open == len(own)
        assert one.unassigned == sum(by_ticket[t].assignee is None for t in own)
        assert one.overdue == sum(by_ticket[t].department == one.department for t in late)
    assert [one.overdue for one in found] == sorted((one.overdue for one in found), reverse=True)


def test_a_shelf_is_narrowed_to_a_department(database: Database) -> None:
    rows = fill(database)
    own = [
        ticket
        for ticket in expected(rows, Shelf.OPEN, LINE, set())
        if next(row for row in rows if row.ticket == ticket).department == "police"
    ]
    assert paged(database, Shelf.OPEN, LINE, department="police") == own


def test_one_that_is_answered_meanwhile_shifts_none_past_the_reader(database: Database) -> None:
    rows = fill(database)
    tickets = expected(rows, Shelf.OPEN, LINE, set())
    with database.read() as session:
        page = complaint_shelves.shelf(session, Shelf.OPEN, LINE, TODAY, limit=4)
    with database.begin() as session:
        session.get_one(Complaint, tickets[0]).state = ComplaintState.CLOSED
    with database.read() as session:
        page = complaint_shelves.shelf(session, Shelf.OPEN, LINE, TODAY, after=page.next, limit=4)
    assert [row.ticket for row in page.complaints] == tickets[4:8]


@pytest.mark.parametrize(
    "key", ["", "50", "~~", "2026-11-22~x~1", "2026-99-99~20261122T030000.000000~1", "~~~~", "ü~~1"]
)
def test_a_key_that_is_not_ours_is_refused(database: Database, key: str) -> None:
    with database.read() as session, pytest.raises(RefusedError):
        complaint_shelves.shelf(session, Shelf.OPEN, LINE, TODAY, after=key)


def test_sqlite_counts_and_lists_by_the_index_of_open_complaints_alone(
    database: Database,
) -> None:
    if database.url.get_backend_name() != "sqlite":
        pytest.skip("what PostgreSQL chooses hangs on how many rows there are")
    fill(database)
    with database.read() as session:
        connection = session.connection()
        statement = (
            "EXPLAIN QUERY PLAN SELECT department, count(*) FROM complaints"
            " INDEXED BY ix_complaints_open"
            " WHERE complaints.state IN ('received', 'assigned', 'handling') AND confidential IS 0"
            " GROUP BY department"
        )
        plan = " ".join(str(row[3]) for row in connection.exec_driver_sql(statement))
    assert "COVERING INDEX ix_complaints_open" in plan
