"""Files of bills that were taken in: their lines, what was wrong, and what was there before.

The lines of a file are kept apart from the bills until somebody has seen what they would
change. They stay for a while: an import is undone from what each line replaced.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ivr.records.base import Base, words
from ivr.records.tables.bills import BillState, UtilityKind


class ImportState(StrEnum):
    """Where an import stands; those that end in -ing are at work and go on after a crash."""

    UPLOADED = "uploaded"
    READING = "reading"
    READY = "ready"
    STORING = "storing"
    STORED = "stored"
    UNDOING = "undoing"
    UNDONE = "undone"
    DROPPED = "dropped"
    FAILED = "failed"


class LineChange(StrEnum):
    """What a line does to the bill of its account and period."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


class BillImport(Base):
    """One file. `file` is the name we gave it, `filename` the one it came with."""

    __tablename__ = "bill_imports"
    __table_args__ = (Index("ix_bill_imports_state", "state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    filename: Mapped[str] = mapped_column(String(100))
    file: Mapped[str] = mapped_column(String(64), default="")
    source: Mapped[str] = mapped_column(String(80), default="")
    who: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    state: Mapped[ImportState] = mapped_column(words(ImportState))
    # {"columns": {field: position}, "fixed": {field: text}}
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON)
    all_or_nothing: Mapped[bool] = mapped_column(default=False)
    lines: Mapped[int] = mapped_column(default=0)
    good: Mapped[int] = mapped_column(default=0)
    wrong: Mapped[int] = mapped_column(default=0)
    new: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    missing: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    stored_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None] = mapped_column(String(64))
    # When whoever works on it last said so: after a while without, it was broken off.
    beat_at: Mapped[datetime | None]
    fault: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class BillImportLine(Base):
    """A good line; `before_*` is the bill it replaced, `stored` whether it has."""

    __tablename__ = "bill_import_lines"
    __table_args__ = (Index("ix_bill_import_lines_account", "import_id", "account", "period"),)

    import_id: Mapped[int] = mapped_column(
        ForeignKey("bill_imports.id", ondelete="CASCADE"), primary_key=True
    )
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account: Mapped[str] = mapped_column(String(20))
    kind: Mapped[UtilityKind] = mapped_column(words(UtilityKind))
    period: Mapped[str] = mapped_column(String(7))
    amount: Mapped[Decimal]
    due_on: Mapped[date]
    state: Mapped[BillState] = mapped_column(words(BillState))
    holder: Mapped[str] = mapped_column(String(80), default="")
    query_code_hash: Mapped[str | None] = mapped_column(String(200))
    change: Mapped[LineChange | None] = mapped_column(words(LineChange))
    stored: Mapped[bool] = mapped_column(default=False)
    new_account: Mapped[bool] = mapped_column(default=False)
    before_amount: Mapped[Decimal | None]
    before_due_on: Mapped[date | None]
    before_state: Mapped[BillState | None] = mapped_column(words(BillState))
    before_holder: Mapped[str | None] = mapped_column(String(80))
    before_code_hash: Mapped[str | None] = mapped_column(String(200))


class BillImportProblem(Base):
    """What was wrong in a line, as a message that can be said in both languages."""

    __tablename__ = "bill_import_problems"
    __table_args__ = (Index("ix_bill_import_problems_import_id", "import_id", "line"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("bill_imports.id", ondelete="CASCADE"))
    line: Mapped[int]
    column: Mapped[str] = mapped_column(String(24), default="")
    message: Mapped[dict[str, Any]] = mapped_column(JSON)


class BillMapping(Base):
    """Which column of a source's files means what, as it was chosen the last time."""

    __tablename__ = "bill_mappings"

    source: Mapped[str] = mapped_column(String(80), primary_key=True)
    header: Mapped[list[str]] = mapped_column(JSON)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON)
    updated_by: Mapped[str] = mapped_column(String(64))
    updated_at: Mapped[datetime]
