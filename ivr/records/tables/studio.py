"""The codes with which staff record prompts by telephone, and who tried wrong ones."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ivr.records.base import Base


class StudioCode(Base):
    """A person's code for the telephone: one at a time, ended by removing the row.

    Its first digits find the row, the others are kept as a hash: so a wrong code is
    counted against the one code it was meant for.
    """

    __tablename__ = "studio_codes"

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), unique=True)
    selector: Mapped[str] = mapped_column(String(8), unique=True)
    secret_hash: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    wrong_tries: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]


class StudioCaller(Base):
    """Wrong codes from one telephone number; those who withhold theirs are one caller."""

    __tablename__ = "studio_callers"
    __table_args__ = (Index("ix_studio_callers_last_wrong_at", "last_wrong_at"),)

    caller: Mapped[str] = mapped_column(String(128), primary_key=True)
    wrong_tries: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    last_wrong_at: Mapped[datetime]
