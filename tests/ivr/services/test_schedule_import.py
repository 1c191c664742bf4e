"""A list of days as a file: what is good is entered, what is bad is named by its line."""

from __future__ import annotations

import csv
import io
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.records import Database
from ivr.records.tables import DayKind
from ivr.services import schedules
from ivr.services.errors import RefusedError
from ivr.services.schedule_import import DaysReport, import_days, parse_dates, parse_kind
from tests.databases import migrated_sqlite

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
LIST = """日期,类别,名称,时间
2027-10-01..2027-10-07,放假,国庆节,
2027年10月9日,调休,国庆节调休上班,
2027/2/5,special,除夕,"09:00-12:00, 14:00-16:00"

2027-13-01,holiday,nothing,
2027-05-01,feast,劳动节,
2027-05-02,holiday,,
2027-05-03,workday,night,22:00-06:00,23:00-23:30
2027-05-04,workday,two spans,09:00-12:00,13:00-17:00
"""


def read(database: Any, content: bytes, folder: Path) -> DaysReport:
    path = folder / "days.csv"
    path.write_bytes(content)
    return import_days(database.begin(), path, who="clerk", now=NOW)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_every_line_is_entered_or_reported_with_its_number(database, tmp_path, encoding):
    report = read(database, LIST.encode(encoding), tmp_path)
    assert (report.lines, report.added, report.known) == (8, 4, 0)
    assert [problem.line for problem in report.problems] == [6, 7, 8, 9]
    assert "2027-13-01" in report.problems[0].message
    assert "feast" in report.problems[1].message
    assert "overlap" in report.problems[3].message
    assert report.problems[1].text == "2027-05-01,feast,劳动节,"
    with database.read() as session:
        kept = [
            (row.first_day, row.last_day, row.kind, row.hours) for row in schedules.days(session)
        ]
    assert kept == [
        (date(2027, 2, 5), date(2027, 2, 5), DayKind.SPECIAL, "09:00-12:00, 14:00-16:00"),
        (date(2027, 5, 4), date(2027, 5, 4), DayKind.WORKDAY, "09:00-12:00, 13:00-17:00"),
        (date(2027, 10, 1), date(2027, 10, 7), DayKind.HOLIDAY, ""),
        (date(2027, 10, 9), date(2027, 10, 9), DayKind.WORKDAY, ""),
    ]


def test_the_same_list_again_adds_nothing(database, tmp_path):
    read(database, LIST.encode(), tmp_path)
    again = read(database, LIST.encode(), tmp_path)
    assert (again.added, again.known, len(again.problems)) == (0, 4, 4)


def test_columns_come_in_the_order_their_names_say(database, tmp_path):
    content = b"name,kind,date\nNew Year,holiday,2027-01-01\n"
    assert read(database, content, tmp_path).added == 1
    without = b"2027-01-02,holiday,After New Year,\n"
    assert read(database, without, tmp_path).added == 1


def test_what_is_no_text_is_refused_whole(database, tmp_path):
    with pytest.raises(RefusedError):
        read(database, b"\xff\xff\x81\x00" * 20, tmp_path)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2027-10-01", (1, 1)),
        ("2027-10-01..2027-10-07", (1, 7)),
        ("2027.10.1~2027.10.7", (1, 7)),
        ("2027年10月1日至2027年10月7日", (1, 7)),
        ("2027/10/01 - 2027/10/07", (1, 7)),
        ("２０２７－１０－０１", (1, 1)),
    ],
)
def test_days_are_read_as_towns_write_them(text, days):
    assert parse_dates(text) == (date(2027, 10, days[0]), date(2027, 10, days[1]))


@pytest.mark.parametrize("text", ["", "tomorrow", "2027-02-30", "10-01", "٢٠٢٧-١٠-٠١", "2027-1-1x"])
def test_what_is_no_day_is_refused(text):
    with pytest.raises(RefusedError):
        parse_dates(text)


@given(st.text(max_size=40))
def test_any_text_is_a_day_and_a_kind_or_refused(text):
    for parse in (parse_dates, parse_kind):
        try:
            parse(text)
        except RefusedError:
            pass


cells = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["2027-10-01", "2027-10-01..2027-10-03", "holiday", "调休", "special", "9:00"]),
    st.sampled_from(["09:00-12:00", "国庆节", "日期", "kind", "", '"', "\x00", "\r"]),
)


@pytest.fixture(scope="module")
def one_database(tmp_path_factory: pytest.TempPathFactory) -> Any:
    database = Database(migrated_sqlite(tmp_path_factory.mktemp("days") / "ivr.db"))
    yield database
    database.close()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(cells, max_size=6), max_size=8))
def test_no_line_is_lost_whatever_stands_in_it(one_database, rows):
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    with tempfile.TemporaryDirectory() as folder:
        content = buffer.getvalue().encode("utf-8", "replace")
        report = read(one_database, content, Path(folder))
    assert report.lines == report.added + report.known + len(report.problems)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_list_or_refused(one_database, content):
    with tempfile.TemporaryDirectory() as folder:
        try:
            report = read(one_database, content, Path(folder))
        except RefusedError:
            return
    assert report.lines == report.added + report.known + len(report.problems)
