"""Accounts and their bills, and files of bills."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import Annotated

from flask_babel import lazy_gettext as _l
from flask_login import current_user
from pydantic import Field

from admin_web.account_keys import account_key, account_of
from admin_web.api.fields import LONGEST_PAGE, Answer, Flag, Listed, Page, PageSize, Query, Words
from admin_web.api.operation import CSV, operation
from admin_web.api.problems import ProblemError
from admin_web.api.shapes import At, Yuan
from admin_web.audit import note
from admin_web.bills import working
from admin_web.desk import desk
from admin_web.numbers import number_view
from admin_web.reasons import said
from ivr.records.tables import Account, BillImport, BillState, ImportState, UtilityKind
from ivr.services import bill_import
from ivr.services import bills as service
from ivr.services.bill_import import import_bills

ImportNumber = Annotated[int, Field(ge=1, le=2**31 - 1)]
AccountNumber = Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,20}$")]


class BillOut(Answer):
    """A bill; ``amount`` is yuan as a decimal string."""

    period: str
    amount: Yuan
    due: date
    state: BillState


class AccountOut(Answer):
    """An account with its bills, newest period first; its query code is never told."""

    number: str
    kind: UtilityKind
    holder: str
    has_query_code: bool
    locked_until: At | None
    bills: list[BillOut]

    @classmethod
    def of(cls, row: Account) -> AccountOut:
        """With its bills, which should be loaded."""
        return cls(
            number=number_view()(row.number),
            kind=row.kind,
            holder=row.holder,
            has_query_code=row.query_code_hash is not None,
            locked_until=row.locked_until,
            bills=[
                BillOut(period=one.period, amount=one.amount, due=one.due_on, state=one.state)
                for one in row.bills
            ],
        )


class AccountQuery(Query):
    """Which accounts; as on the page."""

    text: Annotated[Words, Field(description="the number's beginning, or part of the name")] = ""
    kind: UtilityKind | None = None
    unpaid: Flag = False
    after: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9_-]{1,300}$")] = None
    limit: PageSize = LONGEST_PAGE


class Accounts(Page):
    """Accounts by number."""

    accounts: list[AccountOut]


@operation(
    "GET",
    "/accounts",
    _l("Accounts with their bills, by number"),
    page="bills.bills",
    scope="bills:read",
    query=AccountQuery,
    answer=Accounts,
)
def accounts(query: AccountQuery) -> Accounts:
    """As on the page."""
    with desk().database.read() as session:
        found = service.search(
            session,
            query.text,
            kind=query.kind,
            unpaid_only=query.unpaid,
            after=account_of(query.after),
            limit=query.limit,
        )
        return Accounts(
            accounts=list(map(AccountOut.of, found.accounts)), next=account_key(found.next)
        )


@operation(
    "GET",
    "/accounts/{number}",
    _l("One account with its bills"),
    page="bills.bills",
    scope="bills:read",
    parts={"number": AccountNumber},
    answer=AccountOut,
)
def account(number: str) -> AccountOut:
    """Asked for by its whole number, which is told as the token may see it."""
    with desk().database.read() as session:
        return AccountOut.of(service.find_account(session, number))


@operation(
    "POST",
    "/accounts/{number}/unlock",
    _l("Lift the lock after wrong query codes"),
    page="bills.unlock",
    scope="bills:write",
    parts={"number": AccountNumber},
    answer=AccountOut,
)
def unlock_account(number: str) -> AccountOut:
    """Callers can ask for it again."""
    with desk().database.begin() as session:
        service.unlock(session, number)
        note(session, "account_unlocked", f"account {number}")
        return AccountOut.of(service.find_account(session, number))


class LineFault(Answer):
    """What is wrong in a line; no column: the line as a whole."""

    line: int
    column: str
    detail: str


class ImportOut(Answer):
    """Lines below the header, how many were taken, and what was wrong with the others."""

    lines: int
    imported: int
    problems: list[LineFault]


class ImportQuery(Query):
    """How a file with wrong lines is dealt with."""

    all_or_nothing: Flag = False


@operation(
    "POST",
    "/bills/import",
    _l("Take in a file of bills (CSV)"),
    page="bills.import_bills",
    scope="bills:write",
    query=ImportQuery,
    answer=ImportOut,
    takes=CSV,
    conflicts=True,
    name="import_bills",
)
def take_in_bills(query: ImportQuery, body: bytes) -> ImportOut:
    """The same file again changes nothing; a line that is known replaces what is there."""
    with tempfile.TemporaryDirectory(prefix="bills-") as folder:
        path = Path(folder) / "sent.csv"
        path.write_bytes(body)
        report = import_bills(
            desk().database.begin,
            path,
            all_or_nothing=query.all_or_nothing,
            who=current_user.username,
            read=desk().database.read,
        )
    with desk().database.begin() as session:
        note(
            session,
            "bills_imported",
            "/api/bills/import",
            imported=str(report.imported),
            wrong=str(len(report.problems)),
        )
    problems = [
        LineFault(line=one.line, column=one.column, detail=said(one.message))
        for one in report.problems
    ]
    if problems and not report.lines:  # not one line: this is no file of bills
        raise ProblemError(409, problems[0].detail)
    return ImportOut(lines=report.lines, imported=report.imported, problems=problems)


class ImportRow(Answer):
    """A file of bills, and how far it is."""

    id: int
    filename: str
    source: str
    state: ImportState
    time: At
    who: str
    lines: int
    good: int
    wrong: int
    new: int
    changed: int
    stored: At | None
    undone: At | None
    undone_by: str | None

    @classmethod
    def of(cls, row: BillImport) -> ImportRow:
        """From its row."""
        return cls(
            time=row.at,
            stored=row.stored_at,
            undone=row.undone_at,
            **{name: getattr(row, name) for name in _AS_IT_IS},
        )


_AS_IT_IS = (
    *("id", "filename", "source", "state", "who", "lines", "good", "wrong", "new", "changed"),
    "undone_by",
)


@operation(
    "GET",
    "/bills/imports",
    _l("Files of bills, the newest first"),
    page="bills.import_bills",
    scope="bills:read",
    answer=Listed[ImportRow],
)
def bill_imports() -> Listed[ImportRow]:
    """The last fifty."""
    with desk().database.read() as session:
        return Listed[ImportRow](items=list(map(ImportRow.of, bill_import.history(session))))


@operation(
    "GET",
    "/bills/imports/{import_id}",
    _l("One file of bills"),
    page="bills.one_import",
    scope="bills:read",
    parts={"import_id": ImportNumber},
    answer=ImportRow,
)
def one_bill_import(import_id: int) -> ImportRow:
    """Asked again, how far it has got."""
    with desk().database.read() as session:
        return ImportRow.of(bill_import.get(session, import_id))


@operation(
    "POST",
    "/bills/imports/{import_id}/undo",
    _l("Put back what was there before a file of bills"),
    page="bills.undo_import",
    scope="bills:write",
    parts={"import_id": ImportNumber},
    answer=ImportRow,
    conflicts=True,
)
def undo_bill_import(import_id: int) -> ImportRow:
    """It goes on after this answer: ask for the import until it is `undone`."""
    with desk().database.begin() as session:
        bill_import.get(session, import_id)
        row = bill_import.begin_undo(
            session, import_id, who=current_user.username, now=desk().now()
        )
        note(session, "bills_undone", row.filename, imported=str(row.done))
        found = ImportRow.of(row)
    working.set_going(row)
    return found
