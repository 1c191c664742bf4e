import codecs
import subprocess
import sys
import tracemalloc
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from ivr.records.tables import Account, Bill, BillImport, BillState, ImportState, UtilityKind
from ivr.services import bill_fields, bill_import, bills
from ivr.services.bill_fields import CellError
from ivr.services.bill_import import import_bills
from ivr.services.bill_reading import BATCH, Problem, Reading
from ivr.services.csv_source import open_rows
from ivr.services.errors import RefusedError
from tests.databases import environment

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
HEADER = "account,kind,period,amount,due_on"
ZH = "户号,类别,账期,金额,截止日期,状态,户名,查询码"


@pytest.fixture
def bring(database, tmp_path):
    def bring(text, *, encoding="utf-8", all_or_nothing=False):
        path = tmp_path / "bills.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return import_bills(database.begin, path, all_or_nothing, read=database.read)

    return bring


def stored(database):
    with database.read() as session:
        rows = session.execute(
            select(Bill.account, Bill.period, Bill.amount).order_by(Bill.account, Bill.period)
        )
        return [tuple(row) for row in rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_chinese_file_is_read_in_any_encoding_a_spreadsheet_writes(database, bring, encoding):
    text = f"{ZH}\r\n880123,电费,2026年11月,128.50,2026年12月5日,未缴,样例用户,\r\n"
    text += "880456,水费,202611,36,2026/12/5,已缴,𠮷田,4321\r\n"
    assert bring(text, encoding=encoding).problems == ()
    with database.begin() as session:
        account = bills.find_account(session, "880123")
        assert (account.kind, account.holder) == (UtilityKind.ELECTRICITY, "样例用户")
        (bill,) = account.bills
        assert (bill.amount, bill.due_on, bill.state) == (
            Decimal("128.50"),
            date(2026, 12, 5),
            BillState.UNPAID,
        )
        assert bills.find_account(session, "880456").holder == "𠮷田"
        assert bills.find(session, "880456", None, NOW).name == "code_needed"
        assert bills.find(session, "880456", "4321", NOW).name == "nothing_owed"


BAD = f"""{HEADER}
880001,water,2026-11,1.00,2026-12-05
88x,water,2026-11,1.00,2026-12-05
880002,magic,2026-11,1.00,2026-12-05

880003,water,2026-13,1.00,2026-12-05
880004,water,2026-11,-1.00,2026-02-30
880005,water
880001,water,2026-11,2.00,2026-12-05
880001,gas,2026-12,2.00,2026-12-05
880006,water,2026-11,3.00,2026-12-05
"""
BAD_PLACES = [
    (3, "account"),
    (4, "kind"),
    (6, "period"),
    (7, "amount"),
    (7, "due_on"),
    (8, "amount"),
    (8, "due_on"),
    (8, "period"),
    (9, "period"),
    (10, "kind"),
]


def test_every_bad_line_is_reported_by_its_number_and_good_ones_are_kept(database, bring):
    report = bring(BAD)
    assert [(p.line, p.column) for p in report.problems] == BAD_PLACES
    assert (report.lines, report.imported) == (9, 2)
    assert stored(database) == [
        ("880001", "2026-11", Decimal("1.00")),
        ("880006", "2026-11", Decimal("3.00")),
    ]


def test_all_or_nothing_keeps_nothing_of_a_file_with_a_bad_line(database, bring):
    report = bring(BAD, all_or_nothing=True)
    assert [(p.line, p.column) for p in report.problems] == BAD_PLACES
    assert report.imported == 0
    assert stored(database) == []
    with database.read() as session:
        assert session.scalar(select(func.count(Account.number))) == 0


def test_all_or_nothing_imports_a_good_file_beyond_one_batch(database, bring):
    lines = [f"88{n:06d},gas,2026-11,{n}.25,2026-12-05" for n in range(BATCH * 2 + 7)]
    report = bring("\n".join([HEADER, *lines]), all_or_nothing=True)
    assert (report.lines, report.imported, report.problems) == (len(lines), len(lines), ())
    assert len(stored(database)) == len(lines)


def test_a_duplicate_is_found_across_batches(bring):
    lines = [f"88{n:06d},gas,2026-11,1,2026-12-05" for n in range(BATCH + 1)]
    report = bring("\n".join([HEADER, *lines, lines[0]]))
    assert [p.line for p in report.problems] == [BATCH + 3]
    assert "line 2 already" in report.problems[0].message


def test_importing_a_corrected_file_replaces_the_month_and_keeps_the_rest(database, bring):
    bring(f"{ZH}\n880123,电,2026-11,128.50,2026-12-05,未缴,张,4321\n")
    report = bring(f"{HEADER},state\n880123,electricity,2026-11,99.10,2026-12-06,paid\n")
    assert report.imported == 1
    assert stored(database) == [("880123", "2026-11", Decimal("99.10"))]
    with database.begin() as session:
        assert bills.find_account(session, "880123").holder == "张"
        assert bills.find(session, "880123", "4321", NOW).name == "nothing_owed"


@pytest.mark.parametrize("all_or_nothing", [False, True])
def test_an_account_the_database_knows_as_another_kind_is_a_problem(bring, all_or_nothing):
    bring(f"{HEADER}\n880123,gas,2026-10,1,2026-11-05\n")
    report = bring(f"{HEADER}\n880123,water,2026-11,1,2026-12-05\n", all_or_nothing=all_or_nothing)
    assert [(p.line, p.column) for p in report.problems] == [(2, "kind")]
    assert "gas in the database" in report.problems[0].message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("a,b,c\n1,2,3\n", "missing: account (户号)"),
        (f"{HEADER},金额\n", "two columns give the amount"),
        ("880123,gas,2026-10,1,2026-11-05\n", "first line must name the columns"),
    ],
)
def test_a_file_without_a_proper_header_is_refused_whole(bring, text, words):
    (problem,) = bring(text).problems
    assert problem.line == 1
    assert words in problem.message


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_that_of_the_header(database, bring, delimiter):
    text = f"{HEADER}\n880123,gas,2026-10,1,2026-11-05\n".replace(",", delimiter)
    assert bring(text).imported == 1


def test_a_field_beyond_all_measure_is_a_problem_of_its_line(bring):
    text = f'{HEADER}\n880123,gas,2026-10,"{"9" * 200_000}",2026-11-05\n'
    report = bring(text + "880124,gas,2026-10,1,2026-11-05\n")
    assert [p.line for p in report.problems] == [2]
    assert report.imported == 1


def test_a_file_that_is_no_text_is_refused(bring):
    with pytest.raises(RefusedError, match="neither UTF-8 nor GB18030"):
        bring(b"\x89PNG\xff\xff\x00\x81\x30")


def test_a_file_that_is_not_there_is_named(database, tmp_path):
    with pytest.raises(RefusedError, match=r"nothing\.csv"):
        import_bills(database.begin, tmp_path / "nothing.csv")


def test_a_wrong_query_code_is_not_repeated_in_the_report(bring):
    report = bring(f"{ZH}\n880123,电,2026-11,1,2026-12-05,,,43a21\n")
    assert report.problems == (Problem(2, "query_code", "a query code is 4 to 8 digits"),)


def test_a_large_file_is_read_as_a_stream(tmp_path):
    path = tmp_path / "large.csv"
    with path.open("w") as file:
        file.write(HEADER + ",holder\n")
        for n in range(20_000):  # 10 MB
            file.write(f"88{n:06d},gas,2026-11,1,2026-12-05,{'x' * 500}\n")
    tracemalloc.start()
    with open_rows(path) as rows:
        assert sum(1 for _ in rows) == 20_001
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


@given(st.decimals(min_value=0, max_value=Decimal("9999999999.99"), places=2))
def test_every_amount_is_read_as_written(amount):
    assert bill_fields.read_amount(str(amount)) == amount
    assert bill_fields.read_amount(f"¥{amount:,}") == amount


@given(st.dates(min_value=date(1000, 1, 1)))
def test_every_date_is_read_in_every_way_of_writing(day):
    year, month, number = day.year, day.month, day.day
    for text in (
        day.isoformat(),
        f"{year}/{month}/{number}",
        f"{year}年{month}月{number}日",
        f"{year}{month:02d}{number:02d}",
    ):
        assert bill_fields.read_date(text) == day


@given(st.sampled_from(list(bill_fields.READERS)), st.text(max_size=40))
def test_a_cell_is_read_or_refused_and_never_anything_else(field, text):
    with suppress(CellError):
        bill_fields.READERS[field](bill_fields.plain(text))


@given(st.binary(max_size=300))
def test_any_bytes_are_reported_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "bills.csv"
    path.write_bytes(codecs.BOM_UTF8 + HEADER.encode() + b"\n" + data)
    reading = Reading()
    try:
        with open_rows(path) as rows:
            good = sum(len(batch) for batch in reading.batches(rows))
    except RefusedError:
        return
    assert good + reading.wrong_lines == reading.lines
    assert all(problem.line > 1 for problem in reading.problems)


BROKEN_OFF = """
import sys, os
from ivr.records import Database
from ivr.services import bill_import, bill_storing
database = Database(sys.argv[1])
real = bill_storing.write_bills
def write_and_die(session, *given):
    real(session, *given)
    if session.scalar(bill_storing.select(bill_storing.Bill.id).offset(600)):
        os.kill(os.getpid(), 9)
bill_storing.write_bills = write_and_die
bill_import.import_bills(database.begin, sys.argv[2], sys.argv[3] == "all")
"""


@pytest.mark.parametrize("mode", ["all", "some"])
def test_an_import_that_was_killed_goes_on_where_it_stopped(url, database, tmp_path, mode):
    path = tmp_path / "bills.csv"
    lines = [f"88{n:06d},gas,2026-11,1,2026-12-05" for n in range(1500)]
    path.write_text("\n".join([HEADER, *lines]))
    died = subprocess.run(
        [sys.executable, "-c", BROKEN_OFF, url, path, mode], env=environment(), check=False
    )
    assert died.returncode == -9
    with database.read() as session:  # whole transactions, and nothing beside them
        done = session.scalar(select(BillImport.done))
    assert 0 < done == len(stored(database)) < len(lines)
    later = datetime.now(UTC) + bill_import.LOST * 2
    with database.begin() as session:
        (broken_off,) = bill_import.lost(session, later)
        assert bill_import.take(session, broken_off, later)
        assert not bill_import.take(session, broken_off, later)
    bill_import.work(database.begin, broken_off, None)
    assert len(stored(database)) == len(lines)
    with database.read() as session:
        row = bill_import.get(session, broken_off)
        assert (row.state, row.done, row.new) == (ImportState.STORED, len(lines), len(lines))
