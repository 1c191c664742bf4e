"""Who is not listened to: bans the responder has made, and networks staff except from them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from ivr.records.base import Base


class SipBan(Base):
    """One source's ban, running or past. `source` is an IPv4 address or an IPv6 /64."""

    __tablename__ = "sip_bans"

    source: Mapped[str] = mapped_column(String(64), primary_key=True)
    reason: Mapped[str] = mapped_column(String(24))
    since: Mapped[datetime]
    until: Mapped[datetime] = mapped_column(index=True)
    strikes: Mapped[int]
    proven: Mapped[bool]
    refused: Mapped[int] = mapped_column(default=0)
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None] = mapped_column(String(64))


class ExemptNetwork(Base):
    """A network that is neither limited nor banned, though it is a stranger's."""

    __tablename__ = "exempt_networks"

    network: Mapped[str] = mapped_column(String(64), primary_key=True)
    note: Mapped[str] = mapped_column(String(200), default="")
    added_by: Mapped[str] = mapped_column(String(64))
    added_at: Mapped[datetime]
