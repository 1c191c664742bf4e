"""The lines of a bill file made bills, and taken back: in short transactions of whole accounts.

A caller's lookup comes before or after the transaction that changes an account, never between
two halves of it: what they hear is the old state or the new one. After each transaction the
writer rests as long as it took, so that the line's own writes (tickets, call records) find the
database free; SQLite has no queue, and who writes without a pause keeps others out.

What was there before is kept with the line in the same transaction that replaces it. So both
ways go on after a crash where they stopped, and no line is done twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Table, and_, delete, exists, func, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from ivr.records.tables import (
    Account,
    Bill,
    BillImport,
    BillImportLine,
    ImportState,
    LineChange,
)
from ivr.services.bill_staging import SessionFactory
from ivr.services.errors import RefusedError
from ivr.services.pace import Pace

BATCH = 50
MOST = 200
_EFFECT = (LineChange.NEW, LineChange.CHANGED)


def store(
    begin: SessionFactory,
    import_id: int,
    *,
    beat: Callable[[Session], None] = lambda _session: None,
    rest: Callable[[float], None] = time.sleep,
) -> None:
    """Make bills of all lines that are not stored yet."""
    _in_batches(begin, import_id, _store_batch, beat, rest, stored=False)


def take_back(
    begin: SessionFactory,
    import_id: int,
    *,
    beat: Callable[[Session], None] = lambda _session: None,
    rest: Callable[[float], None] = time.sleep,
) -> None:
    """Put back what the stored lines replaced; `refuse_overlaps` has been asked before."""
    _in_batches(begin, import_id, _take_back_batch, beat, rest, stored=True)


def _in_batches(
    begin: SessionFactory,
    import_id: int,
    work: Callable[[Session, Sequence[BillImportLine]], None],
    beat: Callable[[Session], None],
    rest: Callable[[float], None],
    *,
    stored: bool,
) -> None:
    after, pace = "", Pace(BATCH, least=BATCH, most=MOST)
    while True:
        with begin() as session:
            began = time.monotonic()
            lines = _next_lines(session, import_id, after, stored, pace.size)
            if not lines:
                return
            work(session, lines)
            session.execute(
                update(BillImport)
                .where(BillImport.id == import_id)
                .values(done=BillImport.done + (-len(lines) if stored else len(lines)))
            )
            beat(session)
        after = lines[-1].account
        took = time.monotonic() - began
        pace.took(took, len(lines))
        rest(took)


def _next_lines(
    session: Session, import_id: int, after: str, stored: bool, limit: int
) -> Sequence[BillImportLine]:
    """The next lines by account; an account is never divided."""
    query = (
        select(BillImportLine)
        .where(BillImportLine.import_id == import_id, BillImportLine.stored.is_(stored))
        .order_by(BillImportLine.account, BillImportLine.period)
    )
    lines = list(session.scalars(query.where(BillImportLine.account > after).limit(limit)))
    if len(lines) == limit:
        last = lines[-1]
        lines += session.scalars(
            query.where(BillImportLine.account == last.account, BillImportLine.period > last.period)
        )
    return lines


def _accounts(session: Session, lines: Sequence[BillImportLine]) -> dict[str, Any]:
    rows = session.execute(
        select(Account.number, Account.holder, Account.query_code_hash)
        .where(Account.number.in_({line.account for line in lines}))
        .with_for_update()
    )
    return {row.number: row for row in rows}


def _bills(session: Session, lines: Sequence[BillImportLine]) -> dict[tuple[str, str], Any]:
    rows = session.execute(
        select(Bill.account, Bill.period, Bill.amount, Bill.due_on, Bill.state).where(
            Bill.account.in_({line.account for line in lines})
        )
    )
    return {(row.account, row.period): row for row in rows}


def _store_batch(session: Session, lines: Sequence[BillImportLine]) -> None:
    accounts, bills = _accounts(session, lines), _bills(session, lines)
    new: dict[str, Any] = {}
    changed: dict[str, dict[str, Any]] = {}
    upserts, marks = [], []
    for line in lines:
        account, bill = accounts.get(line.account), bills.get((line.account, line.period))
        if account is None:
            new.setdefault(line.account, line.kind)
        # Only what the file says: an empty cell takes neither name nor code away.
        given = {
            name: value
            for name, value in (("holder", line.holder), ("query_code_hash", line.query_code_hash))
            if value and (account is None or getattr(account, name) != value)
        }
        if given:
            changed[line.account] = {**changed.get(line.account, {}), **given}
        values = {"amount": line.amount, "due_on": line.due_on, "state": line.state}
        same_bill = bill is not None and all(
            getattr(bill, name) == value for name, value in values.items()
        )
        if not same_bill:
            upserts.append({"account": line.account, "period": line.period, **values})
        change = (
            LineChange.NEW
            if bill is None
            else LineChange.UNCHANGED
            if same_bill and not given
            else LineChange.CHANGED
        )
        marks.append(
            {
                "import_id": line.import_id,
                "line": line.line,
                "stored": True,
                "change": change,
                "new_account": account is None,
                "before_amount": bill.amount if bill else None,
                "before_due_on": bill.due_on if bill else None,
                "before_state": bill.state if bill else None,
                "before_holder": account.holder if account else None,
                "before_code_hash": account.query_code_hash if account else None,
            }
        )
    write_bills(session, new, changed, upserts)
    session.execute(update(BillImportLine), marks)


def write_bills(
    session: Session,
    new: Mapping[str, Any],
    changed: Mapping[str, dict[str, Any]],
    bills: Sequence[dict[str, Any]],
) -> None:
    """Accounts that are new (number -> kind), what changes of accounts, and bills as they are."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    accounts, table = cast(Table, Account.__table__), cast(Table, Bill.__table__)
    if new:
        session.execute(
            insert(accounts).on_conflict_do_nothing(index_elements=["number"]),
            [
                {"holder": "", "query_code_hash": None, **changed.get(number, {})}
                | {"number": number, "kind": kind, "wrong_tries": 0}
                for number, kind in new.items()
            ],
        )
    updates: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for number, values in changed.items():
        if number not in new:
            updates.setdefault(tuple(sorted(values)), []).append({"number": number, **values})
    for rows in updates.values():
        session.execute(update(Account), rows)
    if bills:
        statement = insert(table)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["account", "period"],
                set_={name: statement.excluded[name] for name in ("amount", "due_on", "state")},
            ),
            list(bills),
        )


def _take_back_batch(session: Session, lines: Sequence[BillImportLine]) -> None:
    accounts = _accounts(session, lines)
    restored = []
    changed: dict[str, dict[str, Any]] = {}
    for line in lines:
        if line.before_amount is not None:
            restored.append(
                {
                    "account": line.account,
                    "period": line.period,
                    "amount": line.before_amount,
                    "due_on": line.before_due_on,
                    "state": line.before_state,
                }
            )
        account = accounts.get(line.account)
        if account is None or line.new_account:
            continue
        # What somebody has changed since stays.
        for name, given, before in (
            ("holder", line.holder, line.before_holder),
            ("query_code_hash", line.query_code_hash, line.before_code_hash),
        ):
            if given and getattr(account, name) == given and before != given:
                changed.setdefault(line.account, {})[name] = before
    write_bills(session, {}, changed, restored)
    gone = [(line.account, line.period) for line in lines if line.change is LineChange.NEW]
    for number, period in gone:
        session.execute(delete(Bill).where(Bill.account == number, Bill.period == period))
    made = {line.account for line in lines if line.new_account}
    if made:
        session.execute(
            delete(Account).where(
                Account.number.in_(made), ~exists().where(Bill.account == Account.number)
            )
        )
    session.execute(
        update(BillImportLine),
        [{"import_id": line.import_id, "line": line.line, "stored": False} for line in lines],
    )


def refuse_overlaps(session: Session, import_id: int) -> None:
    """RefusedError where bills of this import were changed since: undoing would lose that."""
    mine = and_(
        BillImportLine.import_id == import_id,
        BillImportLine.stored.is_(True),
        BillImportLine.change.in_(_EFFECT),
    )
    other = aliased(BillImportLine)
    this = session.get_one(BillImport, import_id)
    later = session.execute(
        select(BillImport.id, func.count())
        .select_from(BillImportLine)
        .join(
            other,
            and_(other.account == BillImportLine.account, other.period == BillImportLine.period),
        )
        .join(BillImport, BillImport.id == other.import_id)
        .where(
            mine,
            other.import_id != import_id,
            other.stored.is_(True),
            other.change.in_(_EFFECT),
            BillImport.state.in_((ImportState.STORED, ImportState.UNDOING, ImportState.STORING)),
            tuple_(BillImport.stored_at, BillImport.id) > (this.stored_at, this.id),
        )
        .group_by(BillImport.id)
        .order_by(BillImport.id.desc())
    ).all()
    if later:
        raise RefusedError(
            "%(number)s bills of this import were changed by import %(later)s since; "
            "undo that one first",
            number=sum(count for _, count in later),
            later=", ".join(str(one) for one, _ in later),
        )
    differing = session.scalar(
        select(func.count())
        .select_from(BillImportLine)
        .outerjoin(
            Bill,
            and_(Bill.account == BillImportLine.account, Bill.period == BillImportLine.period),
        )
        .where(
            mine,
            or_(
                Bill.id.is_(None),
                Bill.amount != BillImportLine.amount,
                Bill.due_on != BillImportLine.due_on,
                Bill.state != BillImportLine.state,
            ),
        )
    )
    if differing:
        raise RefusedError(
            "%(number)s bills of this import were changed since, and undoing it would lose that",
            number=differing,
        )
