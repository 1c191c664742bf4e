"""A list of days as a CSV file: date, kind, name, hours. Every bad line is reported, none lost.

    日期,类别,名称,时间
    2027-10-01..2027-10-07,holiday,国庆节,
    2027-10-09,workday,国庆节调休上班,
    2027-02-05,special,除夕,09:00-12:00

Date and kind may be written as towns write them: 2027年10月1日, 2027/10/1, 放假, 调休, 特殊. What
is good is entered, what is there already is passed over, and the rest is named with its line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from ivr.records.tables import DayKind
from ivr.services import schedules
from ivr.services.csv_source import Row, open_rows
from ivr.services.errors import Message, RefusedError
from ivr.services.schedules import DayEntry

MOST_LINES = 2000

_COLUMNS = {
    "date": ("date", "day", "dates", "日期", "时间段"),
    "kind": ("kind", "type", "类别", "类型", "性质"),
    "name": ("name", "名称", "节日", "说明"),
    "hours": ("hours", "time", "时间", "时段", "工作时间"),
}
_KINDS = {
    DayKind.HOLIDAY: ("holiday", "closed", "放假", "节假日", "假日", "休", "休息"),
    DayKind.WORKDAY: ("workday", "working", "work", "调休", "上班", "调休上班", "班"),
    DayKind.SPECIAL: ("special", "特殊", "特殊日", "另定"),
}
_KIND_OF = {word: kind for kind, words in _KINDS.items() for word in words}
_DATE = re.compile(r"(\d{4})\s*(?:[-/.]|年)\s*(\d{1,2})\s*(?:[-/.]|月)\s*(\d{1,2})\s*日?")
_RANGE = re.compile(rf"({_DATE.pattern})(?:\s*(?:\.\.|~|至|到|—|–|\s-\s|to)\s*({_DATE.pattern}))?")


@dataclass(frozen=True, slots=True)
class LineProblem:
    """What is wrong with one line; `text` is the line as it was given."""

    line: int
    message: Message
    text: str


@dataclass(frozen=True, slots=True)
class DaysReport:
    """What became of a list: lines read (blank ones and the heading apart), added, known, bad."""

    lines: int
    added: int
    known: int
    problems: tuple[LineProblem, ...]


def parse_dates(text: str) -> tuple[date, date]:
    """Read a day or a range of days; RefusedError."""
    plain = unicodedata.normalize("NFKC", text).strip()
    found = _RANGE.fullmatch(plain)
    if found is None or (not found.group().isascii() and not _known_script(found.group())):
        raise _no_date(text)
    parts = found.groups()
    try:
        first = date(*map(int, parts[1:4]))
        last = date(*map(int, parts[5:8])) if parts[4] else first
    except ValueError:
        raise _no_date(text) from None
    return first, last


def _known_script(text: str) -> bool:
    """Digits of other scripts match `\\d`; only the signs of dates may be none of ASCII."""
    return all(c.isascii() or c in "年月日至到—–" for c in text)


def _no_date(text: str) -> RefusedError:
    return RefusedError(
        "“%(text)s” is no day; write it as 2027-10-01, a range as 2027-10-01..2027-10-07",
        text=text.strip()[:40],
    )


def parse_kind(text: str) -> DayKind:
    """Read a kind of day in English or Chinese; RefusedError."""
    word = unicodedata.normalize("NFKC", text).strip().lower()
    kind = _KIND_OF.get(word)
    if kind is None:
        raise RefusedError(
            "“%(text)s” is no kind of day; there are holiday (放假), workday (调休) and "
            "special (特殊)",
            text=text.strip()[:40],
        )
    return kind


def import_days(
    begin: AbstractContextManager[Session],
    path: Path,
    *,
    schedule: str | None = None,
    who: str,
    now: datetime,
) -> DaysReport:
    """Enter the days of a file, in one transaction; RefusedError where it is no list at all."""
    entries: list[DayEntry] = []
    problems: list[LineProblem] = []
    read = 0
    with begin as session, open_rows(path) as rows:
        order: Sequence[str] | None = None
        for row in rows:
            if row.fault is None and not any(cell.strip() for cell in row.cells):
                continue
            if order is None:
                order = _heading(row)
                if order is not None:
                    continue
                order = tuple(_COLUMNS)
            read += 1
            if read > MOST_LINES:
                raise RefusedError("a list of at most %(most)s lines", most=MOST_LINES)
            try:
                entries.append(schedules.checked_day(session, _entry(row, order, schedule)))
            except RefusedError as error:
                text = ",".join(row.cells)[:200]
                problems.append(LineProblem(row.line, error.message, text))
        added = schedules.add_days(session, entries, source=path.name[:80], who=who, now=now)
    return DaysReport(read, added, len(entries) - added, tuple(problems))


def _heading(row: Row) -> Sequence[str] | None:
    """The order of columns, where the first line names them; else None."""
    found = []
    for cell in row.cells:
        word = unicodedata.normalize("NFKC", cell).strip().lower()
        found.append(next((name for name, words in _COLUMNS.items() if word in words), ""))
    return tuple(found) if "date" in found and "kind" in found else None


def _entry(row: Row, order: Sequence[str], schedule: str | None) -> DayEntry:
    if row.fault is not None:
        raise RefusedError(row.fault)
    given = dict.fromkeys(_COLUMNS, "")
    # Spans of hours are parted by commas, too: without quotes they fill further cells.
    spare = [cell.strip() for cell in row.cells[len(order) :] if cell.strip()]
    for name, cell in zip(order, row.cells, strict=False):
        if name:
            given[name] = cell
    if spare and order[-1] == "hours":
        given["hours"] = ", ".join([given["hours"], *spare])
    elif spare:
        raise RefusedError("there are more cells than columns")
    first, last = parse_dates(given["date"])
    return DayEntry(first, last, parse_kind(given["kind"]), given["name"], given["hours"], schedule)
