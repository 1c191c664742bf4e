"""Bills from a CSV file: every bad line reported with its number, good lines kept.

With `all_or_nothing` the file is first read to its end without writing, and
imported in one transaction only if no line is bad. Without it good lines are
committed in batches, so that calls in progress can write between them. A line
of an account and month that the database knows replaces what is there:
importing a corrected file again is safe, and so is going on after a crash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ivr.records.tables import Account, Bill, UtilityKind
from ivr.services.bill_fields import READERS, BillLine, CellError, plain, read_header
from ivr.services.csv_source import Row, open_rows
from ivr.services.errors import Message
from ivr.services.query_codes import hash_code

BATCH = 500

SessionFactory = Callable[[], AbstractContextManager[Session]]


class Problem(NamedTuple):
    """What is wrong in one line; `column` is empty where it is the line as a whole."""

    line: int
    column: str
    message: Message


@dataclass(frozen=True, slots=True)
class ImportReport:
    """`lines` with content below the header, how many of them were imported, what was wrong."""

    lines: int
    imported: int
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class _Progress:
    lines: int = 0
    imported: int = 0
    problems: list[Problem] = field(default_factory=list)
    seen: dict[int, int] = field(default_factory=dict)  # hash of account and period -> line
    kinds: dict[str, UtilityKind] = field(default_factory=dict)

    def report(self) -> ImportReport:
        return ImportReport(self.lines, self.imported, tuple(sorted(self.problems)))


def import_bills(
    session_factory: SessionFactory, path: Path | str, all_or_nothing: bool = False
) -> ImportReport:
    """Import `path`; RefusedError where the file cannot be read at all.

    `session_factory` is `database.begin`: one transaction at a time.
    """
    source = Path(path)
    if not all_or_nothing:
        progress = _Progress()
        with open_rows(source) as rows:
            for batch in _batches(rows, progress):
                with session_factory() as session:
                    good = _known_kinds_agree(session, batch, progress)
                    _write(session, good)
                progress.imported += len(good)
        return progress.report()

    checked = _Progress()
    with open_rows(source) as rows:
        for batch in _batches(rows, checked):
            with session_factory() as session:
                _known_kinds_agree(session, batch, checked)
    if checked.problems:
        return checked.report()
    progress = _Progress()
    try:
        with open_rows(source) as rows, session_factory() as session:
            for batch in _batches(rows, progress):
                good = _known_kinds_agree(session, batch, progress)
                _write(session, good)
                progress.imported += len(good)
            if progress.problems:
                raise _ChangedMeanwhile
    except _ChangedMeanwhile:
        progress.imported = 0
    return progress.report()


class _ChangedMeanwhile(Exception):  # noqa: N818 - never leaves this module
    """The file, or an account, is no longer what was checked: undo the transaction."""


def _batches(rows: Iterator[Row], progress: _Progress) -> Iterator[list[tuple[int, BillLine]]]:
    header = next(rows, None)
    if header is None or not any(header.cells):
        progress.problems.append(Problem(1, "", Message("the file is empty")))
        return
    try:
        positions = read_header(list(header.cells))
    except CellError as error:
        progress.problems.append(Problem(header.line, "", error.message))
        return
    good = _good_lines(rows, positions, progress)
    while batch := list(islice(good, BATCH)):
        yield batch


def _good_lines(
    rows: Iterator[Row], positions: dict[str, int], progress: _Progress
) -> Iterator[tuple[int, BillLine]]:
    for row in rows:
        if row.fault:
            progress.lines += 1
            progress.problems.append(Problem(row.line, "", row.fault))
            continue
        if not any(cell.strip() for cell in row.cells):
            continue
        progress.lines += 1
        line = _read(row, positions, progress)
        if line is not None and _agrees_with_file(row.line, line, progress):
            yield row.line, line


def _read(row: Row, positions: dict[str, int], progress: _Progress) -> BillLine | None:
    values: dict[str, Any] = {}
    for name, reader in READERS.items():
        position = positions.get(name)
        beyond = position is not None and position >= len(row.cells)
        text = "" if position is None or beyond else plain(row.cells[position])
        try:
            values[name] = reader(text)
        except CellError as error:
            message = Message("the line ends before this column") if beyond else error.message
            progress.problems.append(Problem(row.line, name, message))
    return BillLine(**values) if len(values) == len(READERS) else None


def _agrees_with_file(number: int, line: BillLine, progress: _Progress) -> bool:
    """A month twice, or an account of two kinds, in one file: the first line stands."""
    key = hash((line.account, line.period))
    first = progress.seen.setdefault(key, number)
    if first != number:
        text = Message(
            "account %(account)s has a bill for %(period)s in line %(line)s already",
            account=line.account,
            period=line.period,
            line=first,
        )
        progress.problems.append(Problem(number, "period", text))
        return False
    kind = progress.kinds.setdefault(line.account, line.kind)
    if kind is not line.kind:
        text = Message(
            "account %(account)s is %(before)s further up, %(here)s here",
            account=line.account,
            before=kind,
            here=line.kind,
        )
        progress.problems.append(Problem(number, "kind", text))
        return False
    return True


def _known_kinds_agree(
    session: Session, batch: Sequence[tuple[int, BillLine]], progress: _Progress
) -> list[BillLine]:
    """The lines whose account the database does not know as another kind."""
    numbers = {line.account for _, line in batch}
    known = dict(
        session.execute(
            select(Account.number, Account.kind).where(Account.number.in_(numbers))
        ).all()
    )
    good = []
    for number, line in batch:
        kind = known.get(line.account, line.kind)
        if kind is line.kind:
            good.append(line)
        else:
            text = Message(
                "account %(account)s is %(before)s in the database, not %(here)s",
                account=line.account,
                before=kind,
                here=line.kind,
            )
            progress.problems.append(Problem(number, "kind", text))
    return good


def _write(session: Session, lines: Sequence[BillLine]) -> None:
    if not lines:
        return
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    accounts, bills = cast(Table, Account.__table__), cast(Table, Bill.__table__)
    session.execute(
        insert(accounts).on_conflict_do_nothing(index_elements=["number"]),
        [
            {"number": number, "kind": kind, "holder": "", "wrong_tries": 0}
            for number, kind in {line.account: line.kind for line in lines}.items()
        ],
    )
    for line in lines:
        # Only what the file says: an empty cell takes neither name nor code away.
        changed: dict[str, Any] = {"holder": line.holder} if line.holder else {}
        if line.query_code:
            changed["query_code_hash"] = hash_code(line.query_code)
        if changed:
            session.execute(
                accounts.update().where(accounts.c.number == line.account).values(**changed)
            )
    statement = insert(bills)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["account", "period"],
            set_={name: statement.excluded[name] for name in ("amount", "due_on", "state")},
        ),
        [
            {
                "account": line.account,
                "period": line.period,
                "amount": line.amount,
                "due_on": line.due_on,
                "state": line.state,
            }
            for line in lines
        ],
    )
