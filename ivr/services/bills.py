"""Bills: what an account owes, for a caller and for the desk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, selectinload

from ivr.records.tables import Account, Bill, BillState, UtilityKind
from ivr.services import query_codes
from ivr.services.errors import NotFoundError
from ivr.services.line_time import DEFAULT_ZONE, local_day
from ivr.services.outcome import Outcome
from ivr.services.text import digits_of, storable


def find(
    session: Session,
    account: str,
    code: str | None,
    now: datetime,
    *,
    zone: tzinfo = DEFAULT_ZONE,
) -> Outcome:
    """What a caller hears of an account.

    Several unpaid bills are summed, with the earliest due date. A caller without
    the code learns that the account exists, and nothing else of it.
    """
    row = session.scalar(
        select(Account).where(Account.number == digits_of(account)).with_for_update()
    )
    if row is None:
        return Outcome("not_found")
    if row.query_code_hash is not None:
        if query_codes.is_locked(row, now):
            return Outcome("locked")
        if not code:
            return Outcome("code_needed")
        left = query_codes.try_code(row, code, now)
        if left is not None:
            return Outcome("wrong_code", {"tries_left": left}) if left else Outcome("locked")
    owed = owed_by(session, row.number)
    known = {"account": row.number, "kind": row.kind.value}
    if owed is None:
        return Outcome("nothing_owed", {**known, "state": BillState.PAID.value})
    state = "overdue" if owed.due_on < local_day(now, zone) else BillState.UNPAID.value
    return Outcome(
        "found",
        {**known, "amount": owed.amount, "due": owed.due_on, "state": state, "count": owed.bills},
    )


@dataclass(frozen=True, slots=True)
class Owed:
    """All unpaid bills of one account taken together."""

    amount: Decimal
    due_on: date
    bills: int


def owed_by(session: Session, account: str) -> Owed | None:
    """What is unpaid, or None. A bill of 0.00 is not owed."""
    amount, due_on, bills = session.execute(
        select(func.sum(Bill.amount), func.min(Bill.due_on), func.count()).where(
            Bill.account == account,
            Bill.state == BillState.UNPAID,
            Bill.amount > Decimal(0),
        )
    ).one()
    return Owed(amount, due_on, bills) if bills else None


@dataclass(frozen=True, slots=True)
class AccountPage:
    """Accounts with their bills loaded; `next` is the number to continue after."""

    accounts: Sequence[Account]
    next: str | None
    total: int


def search(
    session: Session,
    text: str = "",
    *,
    kind: UtilityKind | None = None,
    unpaid_only: bool = False,
    after: str | None = None,
    limit: int = 50,
) -> AccountPage:
    """Accounts for the desk by the beginning of the number or a part of the holder's name."""
    query = select(Account)
    wanted = storable(text.strip(), 80)
    if wanted:
        query = query.where(
            or_(
                Account.number.startswith(wanted, autoescape=True),
                Account.holder.contains(wanted, autoescape=True),
            )
        )
    if kind is not None:
        query = query.where(Account.kind == kind)
    if unpaid_only:
        query = query.where(
            Account.number.in_(select(Bill.account).where(Bill.state == BillState.UNPAID))
        )
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    if after is not None:
        query = query.where(Account.number > after)
    rows = session.scalars(
        query.order_by(Account.number).limit(limit + 1).options(selectinload(Account.bills))
    ).all()
    more = len(rows) > limit
    rows = rows[:limit]
    return AccountPage(rows, rows[-1].number if more else None, total)


def find_account(session: Session, number: str) -> Account:
    """One account with its bills, newest period first; NotFoundError."""
    account = session.scalar(
        select(Account).where(Account.number == number).options(selectinload(Account.bills))
    )
    if account is None:
        raise NotFoundError("there is no account %(number)s", number=number)
    return account


def unlock(session: Session, number: str) -> None:
    """End the lock after wrong query codes; NotFoundError."""
    query_codes.unlock(find_account(session, number))
