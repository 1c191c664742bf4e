"""A bill file read into lines of its own, beside the bills: what it would change, and its faults.

Callers notice nothing of it, and nobody waits long for the database: what costs time (reading
cells, hashing query codes) is done between short transactions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from ivr.records.tables import (
    Account,
    Bill,
    BillImport,
    BillImportLine,
    BillImportProblem,
    BillState,
    LineChange,
)
from ivr.services.bill_columns import Columns
from ivr.services.bill_fields import BillLine
from ivr.services.bill_reading import Problem, Reading
from ivr.services.errors import Message
from ivr.services.pace import Pace
from ivr.services.query_codes import code_matches, hash_code
from ivr.services.table_source import open_table

FORGOTTEN_AT_ONCE = 250
MOST_PROBLEMS = 5_000
"""So many faults of a file are kept and can be taken away; all are counted."""

SessionFactory = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database knows of the accounts of some lines."""

    accounts: dict[str, Any]
    bills: dict[tuple[str, str], Any]


def stage(
    begin: SessionFactory,
    import_id: int,
    path: Path,
    columns: Columns | None,
    *,
    name: str = "",
    beat: Callable[[Session], None] = lambda _session: None,
    read: SessionFactory | None = None,
) -> None:
    """Read the file into its lines and problems, and count what they would do; RefusedError.

    What was read of it before goes first: a reading that broke off begins anew. `read`: for looking
    without keeping others from writing.
    """
    reading, kept = Reading(), 0
    counts = dict.fromkeys(LineChange, 0)
    read = read or begin
    forget(begin, import_id, beat=beat)
    with open_table(path, name) as rows:
        for batch in reading.batches(rows, columns):
            with read() as session:
                known = _known(session, batch)
            staged = _staged(import_id, batch, known, reading)
            problems = reading.take_problems()[: MOST_PROBLEMS - kept]
            kept += len(problems)
            for row in staged:
                counts[row["change"]] += 1
            with begin() as session:
                if staged:
                    session.execute(insert(BillImportLine), staged)
                _keep(session, import_id, problems)
                _count(session, import_id, reading, counts)
                beat(session)
    with read() as session:
        missing = _missing(session, import_id)
    with begin() as session:
        _keep(session, import_id, reading.take_problems()[: MOST_PROBLEMS - kept])
        _count(session, import_id, reading, counts, missing=missing)


def forget(
    begin: SessionFactory,
    import_id: int,
    *,
    beat: Callable[[Session], None] = lambda _session: None,
    rest: Callable[[float], None] = time.sleep,
) -> None:
    """Remove the lines and problems of an import, in transactions as short as those of storing."""
    pace = Pace(FORGOTTEN_AT_ONCE, least=20, most=FORGOTTEN_AT_ONCE * 4)
    with begin() as session:
        session.execute(delete(BillImportProblem).where(BillImportProblem.import_id == import_id))
        beat(session)
    while True:
        with begin() as session:
            began = time.monotonic()
            lines = session.scalars(
                select(BillImportLine.line)
                .where(BillImportLine.import_id == import_id)
                .order_by(BillImportLine.line)
                .limit(pace.size)
            ).all()
            if not lines:
                return
            session.execute(
                delete(BillImportLine).where(
                    BillImportLine.import_id == import_id, BillImportLine.line <= lines[-1]
                )
            )
            beat(session)
        took = time.monotonic() - began
        pace.took(took, len(lines))
        rest(took)


def _known(session: Session, batch: Sequence[tuple[int, BillLine]]) -> _Known:
    numbers = {line.account for _, line in batch}
    accounts = session.execute(
        select(Account.number, Account.kind, Account.holder, Account.query_code_hash).where(
            Account.number.in_(numbers)
        )
    )
    bills = session.execute(
        select(Bill.account, Bill.period, Bill.amount, Bill.due_on, Bill.state).where(
            Bill.account.in_(numbers)
        )
    )
    return _Known(
        {row.number: row for row in accounts}, {(row.account, row.period): row for row in bills}
    )


def _staged(
    import_id: int, batch: Sequence[tuple[int, BillLine]], known: _Known, reading: Reading
) -> list[dict[str, Any]]:
    staged = []
    for number, line in batch:
        account = known.accounts.get(line.account)
        if account is not None and account.kind is not line.kind:
            text = Message(
                "account %(account)s is %(before)s in the database, not %(here)s",
                account=line.account,
                before=account.kind,
                here=line.kind,
            )
            reading.wrong_lines += 1
            reading.problems.append(Problem(number, "kind", text))
            continue
        hashed = _hashed(line.query_code, account.query_code_hash if account else None)
        staged.append(
            {
                "import_id": import_id,
                "line": number,
                "account": line.account,
                "kind": line.kind,
                "period": line.period,
                "amount": line.amount,
                "due_on": line.due_on,
                "state": line.state,
                "holder": line.holder,
                "query_code_hash": hashed,
                "change": _change(line, hashed, account, known.bills.get(_key(line))),
                "stored": False,
                "new_account": False,
            }
        )
    return staged


def _key(line: BillLine) -> tuple[str, str]:
    return line.account, line.period


def _hashed(code: str | None, known: str | None) -> str | None:
    """The hash of a code; the one that is kept where the code is the same."""
    if code is None:
        return None
    return known if known is not None and code_matches(code, known) else hash_code(code)


def _change(line: BillLine, hashed: str | None, account: Any, bill: Any) -> LineChange:
    if bill is None:
        return LineChange.NEW
    same = (bill.amount, bill.due_on, bill.state) == (line.amount, line.due_on, line.state)
    holder = not line.holder or line.holder == account.holder
    code = hashed is None or hashed == account.query_code_hash
    return LineChange.UNCHANGED if same and holder and code else LineChange.CHANGED


def _keep(session: Session, import_id: int, problems: Sequence[Problem]) -> None:
    rows = [
        {
            "import_id": import_id,
            "line": problem.line,
            "column": problem.column,
            "message": kept_message(problem.message),
        }
        for problem in problems
    ]
    if rows:
        session.execute(insert(BillImportProblem), rows)


def kept_message(message: Message) -> dict[str, Any]:
    """A message as JSON; words of the database keep their type, by which pages name them."""
    return {
        "template": message.template,
        "params": {
            name: {"word": str(value), "of": type(value).__name__}
            if type(value).__module__.startswith("ivr.records")
            else value
            if isinstance(value, str | int)
            else str(value)
            for name, value in message.params.items()
        },
    }


def _count(
    session: Session,
    import_id: int,
    reading: Reading,
    counts: dict[LineChange, int],
    *,
    missing: int = 0,
) -> None:
    session.execute(
        update(BillImport)
        .where(BillImport.id == import_id)
        .values(
            lines=reading.lines,
            good=sum(counts.values()),
            wrong=reading.wrong_lines,
            missing=missing,
            **{change.value: counts[change] for change in LineChange},
        )
    )


def _missing(session: Session, import_id: int) -> int:
    """Unpaid bills of the file's kinds and periods that the file does not speak of."""
    of_import = BillImportLine.import_id == import_id
    kinds = list(session.scalars(select(BillImportLine.kind).where(of_import).distinct()))
    periods = list(session.scalars(select(BillImportLine.period).where(of_import).distinct()))
    if not kinds:
        return 0
    there = exists().where(
        of_import,
        BillImportLine.account == Bill.account,
        BillImportLine.period == Bill.period,
    )
    return (
        session.scalar(
            select(func.count())
            .select_from(Bill)
            .join(Account, Account.number == Bill.account)
            .where(
                Account.kind.in_(kinds),
                Bill.period.in_(periods),
                Bill.state == BillState.UNPAID,
                ~there,
            )
        )
        or 0
    )
