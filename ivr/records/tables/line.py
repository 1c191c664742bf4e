"""How the line is set up and how it is doing: numbers, trunks, heartbeats, settings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from ivr.records.base import Base


class Number(Base):
    """The flow a called number starts. A number not listed here gets `main`."""

    __tablename__ = "numbers"

    called: Mapped[str] = mapped_column(String(128), primary_key=True)
    flow: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(String(200), default="")
    updated_at: Mapped[datetime]


class TrunkRow(Base):
    """A PBX or provider the line registers with, and how that registration stands."""

    __tablename__ = "trunks"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    enabled: Mapped[bool] = mapped_column(default=True)
    register_state: Mapped[str] = mapped_column(String(24), default="unknown")
    detail: Mapped[str] = mapped_column(String(200), default="")
    expires_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class Heartbeat(Base):
    """The last sign of life of one process of the line."""

    __tablename__ = "heartbeats"

    process: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)


class Setting(Base):
    """A fact about this database by name, e.g. `sample_data`."""

    __tablename__ = "settings"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
