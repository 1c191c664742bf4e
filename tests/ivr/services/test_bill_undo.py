"""Bills are stored and taken back while callers go on asking, and come back as they were."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from ivr.records import Database
from ivr.records.tables import Bill, BillImportLine, BillState
from ivr.services import (
    bill_columns,
    bill_fields,
    bill_import,
    bill_staging,
    bill_storing,
    bills,
)
from ivr.services.bill_import import import_bills
from ivr.services.errors import RefusedError

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
HEADER = "account,kind,period,amount,due_on,holder,query_code\n"
ACCOUNTS = [f"8800{n:02d}" for n in range(10)]
OLD, NEW = Decimal(30), Decimal(60)


def file_of(folder: Path, amount: int, *, holder: str = "", code: str = "") -> Path:
    """Three periods of every account, one line of each after the other's."""
    path = folder / f"{amount}.csv"
    path.write_text(
        HEADER
        + "".join(
            f"{account},gas,2026-{month:02d},{amount},2026-12-05,{holder},{code}\n"
            for month in (9, 10, 11)
            for account in ACCOUNTS
        )
    )
    return path


def owed(database: Database, code: str | None = None) -> set[Decimal | str]:
    """What callers who ask for each account hear."""
    heard: set[Decimal | str] = set()
    for account in ACCOUNTS:
        with database.begin() as session:
            outcome = bills.find(session, account, code, NOW)
        heard.add(outcome.values["amount"] if outcome.name == "found" else outcome.name)  # type: ignore[arg-type]
    return heard


def test_callers_hear_the_old_or_the_new_bill_and_no_mixture(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_bills(database.begin, file_of(tmp_path, 10))
    monkeypatch.setattr(bill_storing, "BATCH", 4)
    monkeypatch.setattr(bill_storing, "MOST", 4)
    heard: list[set[Decimal | str]] = []
    monkeypatch.setattr(
        bill_storing.store,
        "__kwdefaults__",
        {**bill_storing.store.__kwdefaults__, "rest": lambda _s: heard.append(owed(database))},
    )
    monkeypatch.setattr(
        bill_storing.take_back,
        "__kwdefaults__",
        {**bill_storing.take_back.__kwdefaults__, "rest": lambda _s: heard.append(owed(database))},
    )
    import_bills(database.begin, file_of(tmp_path, 20))
    assert owed(database) == {NEW}
    with database.begin() as session:
        bill_import.begin_undo(session, 2, who="x", now=NOW)
    bill_import.work(database.begin, 2, None)
    assert owed(database) == {OLD}
    assert len(heard) > 8
    assert {OLD, NEW} in heard
    assert all(one <= {OLD, NEW} for one in heard)


def test_name_and_code_come_back_and_what_was_new_goes(database: Database, tmp_path: Path) -> None:
    first = file_of(tmp_path, 10, holder="Zhang", code="1234")
    first.write_text("\n".join(first.read_text().splitlines()[:6]))  # five accounts, one period
    import_bills(database.begin, first)
    import_bills(database.begin, file_of(tmp_path, 20, holder="Li", code="9999"))
    assert owed(database, "9999") == {NEW}
    with database.begin() as session:
        bill_import.begin_undo(session, 2, who="x", now=NOW)
    bill_import.work(database.begin, 2, None)
    with database.begin() as session:
        assert bills.find_account(session, ACCOUNTS[0]).holder == "Zhang"
        assert bills.find(session, ACCOUNTS[0], "1234", NOW).values["amount"] == Decimal(10)
        assert bills.find(session, ACCOUNTS[9], None, NOW).name == "not_found"
        assert bill_import.get(session, 2).undone_by == "x"
        with pytest.raises(RefusedError, match="by now"):
            bill_import.begin_undo(session, 2, who="x", now=NOW)


def test_undoing_is_refused_where_a_bill_was_changed_since(
    database: Database, tmp_path: Path
) -> None:
    import_bills(database.begin, file_of(tmp_path, 10))
    with database.begin() as session:
        session.get_one(Bill, 1).state = BillState.PAID
    with database.begin() as session, pytest.raises(RefusedError, match=r"1 bills .* would lose"):
        bill_import.begin_undo(session, 1, who="x", now=NOW)


def test_one_import_changes_bills_at_a_time(database: Database, tmp_path: Path) -> None:
    import_bills(database.begin, file_of(tmp_path, 10))
    import_bills(database.begin, file_of(tmp_path, 20))
    with database.begin() as session:
        bill_import.begin_undo(session, 2, who="x", now=NOW)
    with database.begin() as session, pytest.raises(RefusedError, match="is at work"):
        bill_import.begin_undo(session, 1, who="x", now=NOW)


def test_the_same_file_again_changes_nothing(database: Database, tmp_path: Path) -> None:
    for _ in range(2):
        import_bills(database.begin, file_of(tmp_path, 10, holder="Zhang", code="1234"))
    with database.read() as session:
        row = bill_import.get(session, 2)
        assert (row.new, row.changed, row.unchanged, row.missing) == (0, 0, 30, 0)
        assert bills.find_account(session, ACCOUNTS[0]).bills[0].due_on == date(2026, 12, 5)


def lines_kept(database: Database) -> dict[int, int]:
    with database.read() as session:
        rows = session.execute(
            select(BillImportLine.import_id, func.count()).group_by(BillImportLine.import_id)
        )
        return {row[0]: row[1] for row in rows}


def test_lines_of_no_use_any_more_go_some_at_a_time(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bill_staging, "FORGOTTEN_AT_ONCE", 2)
    monkeypatch.setattr(bill_import, "KEPT_FOR_UNDO", 2)
    for _ in range(3):
        import_bills(database.begin, file_of(tmp_path, 10))
    assert lines_kept(database) == {2: 30, 3: 30}  # of three, the last two can be undone
    bad = file_of(tmp_path, 10)
    bad.write_text(bad.read_text() + "no account,water,2026-11,1,2026-12-05\n")
    import_bills(database.begin, bad, all_or_nothing=True)
    assert lines_kept(database) == {2: 30, 3: 30}  # nothing is left of what was dropped
    with database.begin() as session:
        bill_import.begin_undo(session, 3, who="x", now=NOW)
    bill_import.work(database.begin, 3, None, read=database.read)
    assert lines_kept(database) == {2: 30}


@given(st.lists(st.text(max_size=12), max_size=12))
def test_any_header_is_guessed_without_a_column_taken_twice(header: list[str]) -> None:
    found = bill_columns.guess(header).columns
    assert len(set(found.values())) == len(found)
    assert all(0 <= at < len(header) for at in found.values())


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("用电户号", "account"),
        ("应缴金额（元）", "amount"),
        ("Customer Number", "account"),
        ("本月缴费截止日期", "due_on"),
        ("Due Date", "due_on"),
    ],
)
def test_names_of_columns_are_known_with_more_around_them(header: str, field: str) -> None:
    assert bill_columns.guess(["x", header]).columns == {field: 1}


@pytest.mark.parametrize("text", ["2026-11", "2026-11-01", "2026/11/1", "202611", "2026年11月"])
def test_a_period_is_read_as_spreadsheets_write_it(text: str) -> None:
    assert bill_fields.read_period(text) == "2026-11"
