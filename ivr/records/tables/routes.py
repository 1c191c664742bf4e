"""The distinct sets of nodes that calls went through, so that calls are found by one of them.

Millions of callers take some hundred ways: a call keeps the number of its route, and an index
over that and the time answers which calls went through a node, newest first. It costs a call one
entry of an index; an index over steps would cost it six, and be six times as large.
"""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ivr.records.base import Base


class Route(Base):
    """A set of places; `digest` is that of its places in order."""

    __tablename__ = "routes"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(32), unique=True)


class RoutePlace(Base):
    """A node of a route and what came of it; once, however often a call came by."""

    __tablename__ = "route_places"
    __table_args__ = (Index("ix_route_places_node", "node", "flow", "outcome"),)

    route_id: Mapped[int] = mapped_column(
        ForeignKey("routes.id", ondelete="CASCADE"), primary_key=True
    )
    flow: Mapped[str] = mapped_column(String(64), primary_key=True)
    node: Mapped[str] = mapped_column(String(64), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(64), primary_key=True)
