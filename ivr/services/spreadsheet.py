"""Cells of a CSV file that a clerk opens in a spreadsheet.

A cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return is run
as a formula (CWE-1236), and a caller's number and name come from outside. Such
text gets an apostrophe in front; numbers of our own are written as they are.
"""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from decimal import Decimal

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

BOM = "\ufeff"
"""Put it before the first cell: spreadsheets take a file without it for the local encoding."""


def cell(value: str | int | float | Decimal | date | bool | None, zone: tzinfo) -> str:
    """One value as text; times in the line's zone, to the second."""
    if type(value) is str:  # most cells of most files
        return safe(value)
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.astimezone(zone).isoformat(" ")[:19]
        case date():
            return value.isoformat()
        case float():
            return f"{value:.3f}".rstrip("0").rstrip(".")
        case str():
            return safe(value)
        case _:
            return str(value)


def safe(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return "'" + text if text.startswith(_FORMULA) else text
