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
from admin_web.api.fields import LONGEST_PAGE, Answer, Flag, Page, PageSize, Query, Words
from admin_web.api.operation import CSV, operation
from admin_web.api.problems import ProblemError
from admin_web.api.shapes import At, Yuan
from admin_web.audit import note
from admin_web.desk import desk
from admin_web.numbers import number_view
from admin_web.reasons import said
from ivr.records.tables import Account, BillState, UtilityKind
from ivr.services import bills as service
from ivr.services.bill_import import import_bills

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
