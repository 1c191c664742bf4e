"""Accounts of the utilities and their bills."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ivr.records.base import Base, words


class UtilityKind(StrEnum):
    """What a town supplies; accounts and outages share the list."""

    ELECTRICITY = "electricity"
    WATER = "water"
    GAS = "gas"
    HEAT = "heat"
    TELEPHONE = "telephone"


class BillState(StrEnum):
    UNPAID = "unpaid"
    PAID = "paid"


class Account(Base):
    """One customer number, keyed in by telephone; it may be protected by a query code."""

    __tablename__ = "accounts"

    number: Mapped[str] = mapped_column(String(20), primary_key=True)
    kind: Mapped[UtilityKind] = mapped_column(words(UtilityKind))
    holder: Mapped[str] = mapped_column(String(80), default="")
    query_code_hash: Mapped[str | None] = mapped_column(String(200))
    # In the database, not in memory: a lock outlives a restart and holds for every call at once.
    wrong_tries: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]

    bills: Mapped[list[Bill]] = relationship(
        order_by="Bill.period.desc()", cascade="all, delete-orphan", passive_deletes=True
    )


class Bill(Base):
    """What an account owes for one period (`2026-11`)."""

    __tablename__ = "bills"
    __table_args__ = (
        UniqueConstraint("account", "period"),
        Index("ix_bills_state_due_on", "state", "due_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("accounts.number", ondelete="CASCADE"))
    period: Mapped[str] = mapped_column(String(7))
    amount: Mapped[Decimal]
    due_on: Mapped[date]
    state: Mapped[BillState] = mapped_column(words(BillState))
