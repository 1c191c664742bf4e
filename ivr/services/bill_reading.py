"""The lines of a bill file, each read as a bill or told what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from ivr.records.tables import UtilityKind
from ivr.services.bill_columns import Columns, read_header
from ivr.services.bill_fields import READERS, BillLine, CellError, plain
from ivr.services.csv_source import Row
from ivr.services.errors import Message

BATCH = 200
MOST_LINES = 1_000_000


class Problem(NamedTuple):
    """What is wrong in one line; `column` is empty where it is the line as a whole."""

    line: int
    column: str
    message: Message


@dataclass(slots=True)
class Reading:
    """How far a file has been read: lines with content, and what was wrong since last asked."""

    lines: int = 0
    wrong_lines: int = 0
    problems: list[Problem] = field(default_factory=list)
    _seen: dict[int, int] = field(default_factory=dict)  # hash of account and period -> line
    _kinds: dict[str, UtilityKind] = field(default_factory=dict)

    def take_problems(self) -> list[Problem]:
        """What was wrong since this was asked last."""
        taken, self.problems = self.problems, []
        return taken

    def batches(
        self, rows: Iterator[Row], columns: Columns | None = None
    ) -> Iterator[list[tuple[int, BillLine]]]:
        """Good lines with their numbers; `columns` None: by the header alone."""
        header = next(rows, None)
        if header is None or not any(header.cells):
            self._fault(1, "", Message("the file is empty"))
            return
        if columns is None:
            try:
                columns = read_header(list(header.cells))
            except CellError as error:
                self._fault(header.line, "", error.message)
                return
        good = self._good_lines(rows, columns)
        while batch := list(islice(good, BATCH)):
            yield batch

    def _fault(self, line: int, column: str, message: Message) -> None:
        self.wrong_lines += 1
        self.problems.append(Problem(line, column, message))

    def _good_lines(self, rows: Iterator[Row], columns: Columns) -> Iterator[tuple[int, BillLine]]:
        for row in rows:
            if row.fault:
                self.lines += 1
                self._fault(row.line, "", row.fault)
                continue
            if not any(cell.strip() for cell in row.cells):
                continue
            if self.lines >= MOST_LINES:
                self._fault(
                    row.line,
                    "",
                    Message("a file has at most %(number)s lines; divide it", number=MOST_LINES),
                )
                return
            self.lines += 1
            line = read_line(row, columns)
            if not isinstance(line, BillLine):
                self.wrong_lines += 1
                self.problems += line
            elif problem := self._against_file(row.line, line):
                self.wrong_lines += 1
                self.problems.append(problem)
            else:
                yield row.line, line

    def _against_file(self, number: int, line: BillLine) -> Problem | None:
        """A month twice, or an account of two kinds, in one file: the first line stands."""
        first = self._seen.setdefault(hash((line.account, line.period)), number)
        if first != number:
            text = Message(
                "account %(account)s has a bill for %(period)s in line %(line)s already",
                account=line.account,
                period=line.period,
                line=first,
            )
            return Problem(number, "period", text)
        kind = self._kinds.setdefault(line.account, line.kind)
        if kind is not line.kind:
            text = Message(
                "account %(account)s is %(before)s further up, %(here)s here",
                account=line.account,
                before=kind,
                here=line.kind,
            )
            return Problem(number, "kind", text)
        return None


def read_line(row: Row, columns: Columns) -> BillLine | list[Problem]:
    """One line as a bill, or all that is wrong with it."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, reader in READERS.items():
        position = columns.columns.get(name)
        beyond = position is not None and position >= len(row.cells)
        if position is None:
            text = plain(columns.fixed.get(name, ""))
        else:
            text = "" if beyond else plain(row.cells[position])
        try:
            values[name] = reader(text)
        except CellError as error:
            message = Message("the line ends before this column") if beyond else error.message
            problems.append(Problem(row.line, name, message))
    return problems or BillLine(**values)
