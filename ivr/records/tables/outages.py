"""Outage notices, and the areas they speak of."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ivr.records.base import Base, words
from ivr.records.tables.bills import UtilityKind


class Area(Base):
    """A part of the town, chosen on the keypad by its code."""

    __tablename__ = "areas"

    code: Mapped[str] = mapped_column(String(8), primary_key=True)
    name_zh: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(80))


class Outage(Base):
    """One notice. Without an area it is for the whole town.

    `starts_at` and `ends_at` (expected) say when the supply is interrupted;
    `valid_from` and `valid_to` when callers hear of it; `ended_at` that it is over.
    """

    __tablename__ = "outages"
    __table_args__ = (
        Index("ix_outages_ended_at_valid_from", "ended_at", "valid_from"),
        Index("ix_outages_area_code", "area_code"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[UtilityKind] = mapped_column(words(UtilityKind))
    area_code: Mapped[str | None] = mapped_column(ForeignKey("areas.code"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]
    text_zh: Mapped[str] = mapped_column(Text)
    text_en: Mapped[str] = mapped_column(Text, default="")
    created_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
