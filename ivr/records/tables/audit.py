"""Who did and saw what: entries chained by seals, the chain's head, and where it was cut.

The database itself refuses to change or remove an entry (triggers of migration 0006); only what
an anchor covers may go, and an anchor cannot be taken back.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ivr.records.base import Base


class AuditEntry(Base):
    """Who did what to which record, when. Written by `ivr.services.audit` alone."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_at", "at"),
        Index("ix_audit_log_record", "record"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(64))
    what: Mapped[str] = mapped_column(String(64))
    record: Mapped[str] = mapped_column(String(128), default="")
    detail: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    # The seal of the entry before, and this one's (`ivr.records.seal`).
    former_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditChain(Base):
    """The head of the chain, one row: whoever adds an entry locks it first."""

    __tablename__ = "audit_chain"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_id: Mapped[int]
    last_hash: Mapped[str] = mapped_column(String(64))


class AuditAnchor(Base):
    """The oldest entries were removed, up to this one: the chain goes on from its seal."""

    __tablename__ = "audit_anchors"

    up_to: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
