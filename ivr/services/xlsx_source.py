"""The first sheet of an Excel workbook (ECMA-376), row by row, as a CSV file would give it.

A workbook is a ZIP archive from somebody else: what it says it unpacks to is limited before it
is opened (`zipfile` unpacks no more of a member than its directory states), so are columns and
rows, and XML entities are refused by defusedxml, which openpyxl uses where it is installed.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook

from ivr.services.csv_source import Row
from ivr.services.errors import RefusedError

MARK = b"PK\x03\x04"
OLD_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""OLE: an .xls of before 2007, or a workbook with a password."""
MAX_UNPACKED_BYTES = 200 << 20
"""100 000 bills of eight columns unpack to about 40 MB."""
MAX_STRINGS_BYTES = 64 << 20
"""Texts of the cells are held in memory while the sheet is read."""
MAX_MEMBERS = 500
MAX_COLUMNS = 64
MAX_ROWS = 1_000_000

log = logging.getLogger(__name__)


@contextmanager
def open_workbook_rows(path: Path, name: str = "") -> Iterator[Iterator[Row]]:
    """The rows of the first sheet; RefusedError where it is no workbook, or too large a one."""
    shown = name or path.name
    _refuse_bombs(path, shown)
    # Opened here: openpyxl goes by the ending of a name, and ours have none.
    with path.open("rb") as file:
        try:
            with warnings.catch_warnings():
                # Of styles and extensions that it does not know; the cells are what we read.
                warnings.simplefilter("ignore")
                book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        except Exception as error:  # it meets a damaged file with any of a dozen
            raise _unreadable(shown, error) from error
        try:
            if not book.worksheets:
                raise RefusedError("%(file)s has no sheet with cells", file=shown)
            yield _rows(book.worksheets[0], shown)
        finally:
            book.close()


def _refuse_bombs(path: Path, shown: str) -> None:
    try:
        with ZipFile(path) as archive:
            members = archive.infolist()
    except (BadZipFile, OSError, ValueError) as error:
        raise _unreadable(shown, error) from error
    strings = sum(one.file_size for one in members if "sharedstrings" in one.filename.lower())
    total = sum(one.file_size for one in members)
    if total > MAX_UNPACKED_BYTES or strings > MAX_STRINGS_BYTES or len(members) > MAX_MEMBERS:
        raise RefusedError(
            "%(file)s unpacks to more than a list of ours can be; save the sheet as CSV", file=shown
        )


def _unreadable(shown: str, error: Exception) -> RefusedError:
    log.info("a workbook cannot be read: %r", error)
    return RefusedError(
        "%(file)s cannot be read as a workbook; open it, save it as .xlsx or CSV, and try again",
        file=shown,
    )


def _rows(sheet: object, shown: str) -> Iterator[Row]:
    # What the sheet says of its own size may be wrong, or a trap.
    sheet.reset_dimensions()  # type: ignore[attr-defined]
    rows = sheet.iter_rows(max_col=MAX_COLUMNS, max_row=MAX_ROWS, values_only=True)  # type: ignore[attr-defined]
    line = 0
    while True:
        try:
            cells = next(rows)
        except StopIteration:
            return
        except Exception as error:
            raise _unreadable(shown, error) from error
        line += 1
        texts = [cell_text(cell) for cell in cells]
        while texts and not texts[-1]:
            texts.pop()
        yield Row(line, texts)


def cell_text(value: object) -> str:
    """A cell as somebody would have typed it: a number without `.0`, a day as 2026-12-05.

    A number of more than 15 digits, of which a spreadsheet has lost the last, shows as 1.2e+17
    and is refused by whoever expects an account number.
    """
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case datetime():
            return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d %H:%M}"
        case date():
            return value.isoformat()
        case float() | int():
            return f"{value:.15g}"
        case _:
            return str(value)
