"""Outage notices, and the areas they speak of."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

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
    A draft is heard by nobody. `area_code` is the first of its areas, `more_areas` the others.
    """

    __tablename__ = "outages"
    __table_args__ = (
        Index("ix_outages_ended_at_valid_from", "ended_at", "valid_from"),
        Index("ix_outages_area_code", "area_code"),
        Index("ix_outages_upload_id", "upload_id"),
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
    draft: Mapped[bool] = mapped_column(default=False, server_default=false())
    # The file it came with, which can be taken back as a whole.
    upload_id: Mapped[int | None] = mapped_column(ForeignKey("outage_uploads.id"))
    created_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    more_areas: Mapped[list[OutageArea]] = relationship(
        order_by="OutageArea.area_code",
        cascade="all, delete-orphan",
        passive_deletes=True,
        lazy="selectin",
    )

    @property
    def area_codes(self) -> tuple[str, ...]:
        """Every area it is for; none: the whole town."""
        if self.area_code is None:
            return ()
        return (self.area_code, *(one.area_code for one in self.more_areas))


class OutageArea(Base):
    """One more area of a notice, beside its first."""

    __tablename__ = "outage_areas"
    __table_args__ = (Index("ix_outage_areas_area_code", "area_code"),)

    outage_id: Mapped[int] = mapped_column(
        ForeignKey("outages.id", ondelete="CASCADE"), primary_key=True
    )
    area_code: Mapped[str] = mapped_column(ForeignKey("areas.code"), primary_key=True)


class OutageTemplate(Base):
    """Wording of a kind of notice; `{area} {from} {to} {reason}` stand for what differs."""

    __tablename__ = "outage_templates"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[UtilityKind] = mapped_column(words(UtilityKind))
    name_zh: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(80), default="")
    text_zh: Mapped[str] = mapped_column(Text)
    text_en: Mapped[str] = mapped_column(Text, default="")
    updated_by: Mapped[str] = mapped_column(String(64))
    updated_at: Mapped[datetime]


class OutageUpload(Base):
    """One file of notices that was taken in."""

    __tablename__ = "outage_uploads"

    id: Mapped[int] = mapped_column(primary_key=True)
    filename: Mapped[str] = mapped_column(String(100))
    who: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    notices: Mapped[int]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None] = mapped_column(String(64))
