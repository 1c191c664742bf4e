"""A list somebody uploads: CSV in any encoding, or an Excel workbook; told apart by its bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ivr.services import csv_source, xlsx_source
from ivr.services.csv_source import Row
from ivr.services.errors import RefusedError


@contextmanager
def open_table(path: Path, name: str = "") -> Iterator[Iterator[Row]]:
    """The rows of a file; RefusedError. `name` is what whoever uploaded it calls it."""
    shown = name or path.name
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise RefusedError(
            "%(file)s cannot be read: %(reason)s", file=shown, reason=error.strerror
        ) from error
    if start == xlsx_source.OLD_MARK:
        raise RefusedError(
            "%(file)s is an old or a protected workbook; save it as .xlsx without a password, "
            "or as CSV",
            file=shown,
        )
    if start.startswith(xlsx_source.MARK):
        with xlsx_source.open_workbook_rows(path, shown) as rows:
            yield rows
    else:
        with csv_source.open_rows(path, shown) as rows:
            yield rows
