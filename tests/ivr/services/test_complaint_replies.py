"""Complaints by when they were replied to, however many there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, event

from ivr.records import Database
from ivr.records.tables import ComplaintState
from ivr.services import complaint_search, complaints, looking
from ivr.services.complaint_search import ComplaintFilter

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def file(database: Database, filed: datetime, replied: datetime | None) -> str:
    with database.begin() as session:
        ticket = complaints.file(
            session,
            category="roads",
            call_id=None,
            recording_id=None,
            caller="13800001111",
            callback_number="13800001111",
            finished=True,
            now=filed,
        ).ticket
        if replied is not None:
            for state in (ComplaintState.HANDLING, ComplaintState.REPLIED):
                complaints.change_state(
                    session, ticket, state, who="clerk", note="Mended.", now=replied
                )
    return ticket


def found(database: Database, wanted: ComplaintFilter) -> list[str]:
    with database.read() as session:
        return [row.ticket for row in complaint_search.search(session, wanted).complaints]


@pytest.mark.parametrize("few", [looking.FEW, 0], ids=["by ticket", "by looking"])
def test_they_are_found_by_the_day_of_the_reply_not_of_filing(
    database: Database, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(looking, "FEW", few)
    early = file(database, NOW - 9 * DAY, NOW - 5 * DAY)
    late = file(database, NOW - 9 * DAY, NOW - DAY)
    file(database, NOW - 9 * DAY, None)
    assert found(database, ComplaintFilter(replied_since=NOW - 2 * DAY)) == [late]
    assert found(database, ComplaintFilter(replied_until=NOW - 2 * DAY)) == [early]
    assert found(database, ComplaintFilter(replied_until=NOW - 6 * DAY)) == []
    assert found(database, ComplaintFilter(replied_since=NOW - 6 * DAY)) == [late, early]


def test_sqlite_looks_into_the_history_of_each_complaint_not_at_all_replies(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the index of states it took minutes with a million complaints."""
    if database.url.get_backend_name() != "sqlite":
        pytest.skip("what PostgreSQL chooses hangs on how many rows there are")
    monkeypatch.setattr(looking, "FEW", 0)
    file(database, NOW - 9 * DAY, NOW - DAY)
    plans: list[str] = []

    def explain(connection, cursor, statement, parameters, context, executemany):
        if "EXISTS" in statement and not statement.startswith("EXPLAIN"):
            rows = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters)
            plans.extend(str(row[3]) for row in rows)

    event.listen(Engine, "before_cursor_execute", explain)
    try:
        found(database, ComplaintFilter(replied_since=NOW - 30 * DAY))
    finally:
        event.remove(Engine, "before_cursor_execute", explain)
    histories = [step for step in plans if "complaint_events" in step]
    assert histories
    assert all("ix_complaint_events_ticket " in step for step in histories)
