"""Lists that staff upload: bills, outages and days as CSV, and workbooks."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from sqlalchemy.orm import Session

from ivr.records import Database
from ivr.services import outage_upload, sample_town
from ivr.services.bill_columns import guess
from ivr.services.bill_reading import Reading
from ivr.services.errors import ServiceError
from ivr.services.schedule_import import import_days
from ivr.services.table_source import open_table
from tests.databases import migrated_sqlite
from tests.fuzz.target import Target

_FOLDER = tempfile.TemporaryDirectory(prefix="fuzz-lists-")
_FILE = Path(_FOLDER.name) / "list"
_ZONE = ZoneInfo("Asia/Shanghai")
_NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
BREAK = b"\x1e"
BILLS = (
    "户号,类别,账期,金额,截止日期,状态,户名,查询码\n"
    "880123,电费,2026-11,128.50,2026-12-05,未缴,张三,\n"
    '880456,water,2026年11月,"1,036.00",2026/12/5,paid,"李""四",4321\n'
    "'880789,燃气,202611,¥0元,20261205,,,12345678\n"
)
OUTAGES = (
    "类别,区域,开始时间,结束时间,内容,英文,播报时间\n"
    '停电,1、2,2026-12-05 8:30,2026年12月5日18时,"检修，请谅解",Repairs,\n'
    "water,全市,2026/12/6 09:00:00,,爆管,,2026-12-05\n"
)
DAYS = (
    "日期,类别,名称,时间\n2027-10-01..2027-10-07,放假,国庆节,\n"
    '2027年10月9日,调休,上班,\n2027/2/5,special,除夕,"09:00-12:00, 14:00-16:00"\n'
)
WORDS = tuple(
    word.encode()
    for word in (
        *(
            "户号",
            "account",
            "kind",
            "金额",
            "amount",
            "period",
            "账期",
            "due",
            "截止日期",
            "sep=;",
        ),
        *(
            "电费",
            "water",
            "2026-11",
            "20261205",
            "2026-02-30",
            "128.50",
            "1,036.00",
            "未缴",
            "paid",
        ),
        *("类别", "开始时间", "内容", "全市", "区域", "日期", "放假", "workday", "22:00-06:00"),
        *("2027-10-01..2027-10-07", "~", "至", '"', '""', ",", "\t", ";", "|", "\r\n", "\ufeff"),
        *("=1+1", "'880123", "￥", "１２３", "٣", "1e5", "NaN", "-5", "\x00", "9" * 21),
        *("<row", "<c ", ' t="s"', ' t="inlineStr"', "<v>", "</v>", "<is><t>", "<f>", ' r="A1"'),
        *(' r="XFD1048576"', ' s="1"', "<dimension ", "<!DOCTYPE x [<!ENTITY a 'b'>]>", "&a;"),
        *("<mergeCell ", "xml:space", "<sheetData>", "</sheetData>", "-1", "99999999", "1e300"),
    )
)


def _encoded(text: str) -> Iterable[bytes]:
    yield from (text.encode(name) for name in ("utf-8", "utf-8-sig", "gb18030", "utf-16"))
    yield ("sep=;\n" + text.replace(",", ";")).encode()


def bills(data: bytes) -> None:
    """Every line is a bill or has its fault; the columns are guessed, and named in the header."""
    _FILE.write_bytes(data)
    with open_table(_FILE) as rows:
        header = next(rows, None)
        guess(header.cells if header is not None else ())
    for columns in (None, guess(BILLS.splitlines()[0].split(","))):
        reading = Reading()
        good = 0
        with open_table(_FILE) as rows:
            for batch in reading.batches(rows, columns):
                good += len(batch)
        assert good + reading.wrong_lines >= reading.lines
        for problem in reading.take_problems():
            assert str(problem.message)


def outages(data: bytes) -> None:
    _FILE.write_bytes(data)
    with _database().read() as session:
        listed = outage_upload.read(session, _FILE, _ZONE, "list.csv")
    assert len(listed.notices) + listed.wrong_lines == listed.lines


@contextmanager
def _rolled_back() -> Iterator[Session]:
    with _database().begin() as session:
        try:
            yield session
        finally:
            session.rollback()


def days(data: bytes) -> None:
    _FILE.write_bytes(data)
    report = import_days(_rolled_back(), _FILE, who="clerk", now=_NOW)
    assert report.added + report.known + len(report.problems) == report.lines


@cache
def _database() -> Database:
    database = Database(migrated_sqlite(Path(_FOLDER.name) / "line.db"))
    with database.begin() as session:
        sample_town.load(session, _NOW)
    return database


_PARTS = ("xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml")


@cache
def _workbook() -> dict[str, bytes]:
    book = Workbook()
    for line in BILLS.splitlines():
        book.active.append([float(c) if c == "128.50" else c for c in line.split(",")])
    book.active.append([datetime(2026, 11, 22), True, None, "x"])  # noqa: DTZ001 - a cell
    file = io.BytesIO()
    book.save(file)
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def workbook(data: bytes) -> None:
    """An archive as it is, or the parts of one, cut at 0x1E, the rest being right."""
    if not data.startswith(b"PK"):
        parts = dict(_workbook())
        parts |= {name: part for name, part in zip(_PARTS, data.split(BREAK), strict=False) if part}
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for name, part in parts.items():
                archive.writestr(name, part)
        data = file.getvalue()
    _FILE.write_bytes(data)
    with open_table(_FILE, "list.xlsx") as rows:
        for number, row in enumerate(rows):
            assert all(isinstance(cell, str) for cell in row.cells)
            if number > 2000:
                break


def _workbooks() -> Iterable[bytes]:
    yield BREAK.join(_workbook()[name] for name in _PARTS[:1])
    yield BREAK.join((b"", b"<sst><si><t>880123</t></si></sst>", _workbook()[_PARTS[2]]))
    yield BREAK.join((b"", b"", b"", _workbook()[_PARTS[3]]))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in _workbook().items():
            archive.writestr(name, part)
    yield file.getvalue()


TARGETS = (
    Target(
        *("bill_list", bills, (ServiceError,), lambda: _encoded(BILLS), WORDS, 3000),
        slow_ms_per_kb=40,
    ),
    Target(
        *("bill_workbook", workbook, (ServiceError,), _workbooks, WORDS, 8000),
        slow_ms_per_kb=20,
        tried_in_tests=40,
    ),
    Target("outage_list", outages, (ServiceError,), lambda: _encoded(OUTAGES), WORDS, 2000),
    Target(
        *("schedule_list", days, (ServiceError,), lambda: _encoded(DAYS), WORDS, 2000),
        slow_ms_per_kb=50,
        tried_in_tests=60,
    ),
)
