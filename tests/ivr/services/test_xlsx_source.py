"""Workbooks are read as a CSV file is, and never more of them than a list can be."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from ivr.services import xlsx_source
from ivr.services.errors import RefusedError
from ivr.services.table_source import open_table
from ivr.services.xlsx_source import cell_text


def workbook(*rows: tuple[object, ...]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def read(folder: Path, data: bytes) -> list[list[str]]:
    path = folder / "list"
    path.write_bytes(data)
    with open_table(path) as rows:
        return [list(row.cells) for row in rows]


def test_cells_are_read_as_somebody_would_have_typed_them(tmp_path: Path) -> None:
    rows = [
        ("户号", "金额", "截止"),
        (880123, 128.5, datetime(2026, 12, 5)),  # noqa: DTZ001 - a cell has no zone
        ("0012", 0.1 + 0.2, "x"),
    ]
    assert read(tmp_path, workbook(*rows)) == [
        ["户号", "金额", "截止"],
        ["880123", "128.5", "2026-12-05"],
        ["0012", "0.3", "x"],
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "TRUE"),
        (880123.0, "880123"),
        (date(2026, 12, 5), "2026-12-05"),
        (datetime(2026, 12, 5, 18, 30), "2026-12-05 18:30"),  # noqa: DTZ001
        (12345678901234567890, "1.23456789012346e+19"),
    ],
)
def test_a_number_shows_no_more_digits_than_a_spreadsheet_keeps(value: object, text: str) -> None:
    assert cell_text(value) == text


def test_a_bomb_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_source, "MAX_UNPACKED_BYTES", 1 << 20)
    monkeypatch.setattr(xlsx_source, "load_workbook", None)  # it is not even asked
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (2 << 20))
    assert len(file.getvalue()) < 10_000
    with pytest.raises(RefusedError, match="unpacks to more"):
        read(tmp_path, file.getvalue())


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    source = zipfile.ZipFile(io.BytesIO(workbook(("a",))))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for member in source.namelist():
            data = source.read(member)
            if member == "xl/worksheets/sheet1.xml":
                data = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet>&a;</worksheet>'
            archive.writestr(member, data)
    with pytest.raises(RefusedError, match="cannot be read as a workbook"):
        read(tmp_path, file.getvalue())


def test_an_old_or_protected_workbook_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="old or a protected workbook"):
        read(tmp_path, xlsx_source.OLD_MARK + b"\0" * 600)


GOOD = workbook(("account", "kind"), ("880123", "gas"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(at=st.integers(0, len(GOOD) - 1), piece=st.binary(min_size=1, max_size=40))
def test_a_damaged_workbook_is_read_or_refused_and_nothing_else(
    tmp_path: Path, at: int, piece: bytes
) -> None:
    with suppress(RefusedError):
        read(tmp_path, GOOD[:at] + piece + GOOD[at + len(piece) :])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(data=st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(tmp_path: Path, data: bytes) -> None:
    with suppress(RefusedError):
        read(tmp_path, data)


def test_the_line_that_names_the_delimiter_is_no_row(tmp_path: Path) -> None:
    assert read(tmp_path, b"sep=;\r\na;b,c\r\n") == [["a", "b,c"]]
