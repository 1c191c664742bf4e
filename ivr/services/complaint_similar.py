"""Complaints that may be about the same thing: same caller, area and category, close in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ivr.records.tables import Complaint

NEAR = timedelta(days=14)
OFFERED = 6
_LOOKED_AT = 60


@dataclass(frozen=True, slots=True)
class Candidate:
    """A complaint that may be a duplicate, and what speaks for it."""

    complaint: Complaint
    same_caller: bool
    same_area: bool
    same_category: bool

    @property
    def score(self) -> int:
        """The caller counts most: somebody who calls twice about one thing."""
        return 4 * self.same_caller + 2 * self.same_area + self.same_category


def candidates(session: Session, complaint: Complaint) -> list[Candidate]:
    """The likeliest first. Of the same caller, or of the same area and category; never merged."""
    since, until = complaint.created_at - NEAR, complaint.created_at + NEAR
    near = select(Complaint).where(
        Complaint.created_at.between(since, until),
        Complaint.ticket != complaint.ticket,
        Complaint.merged_into.is_(None),
    )
    found: dict[str, Complaint] = {}
    if complaint.caller and any(map(str.isdigit, complaint.caller)):
        theirs = near.where(Complaint.caller == complaint.caller)
        found |= _few(session, theirs, "ix_complaints_caller")
    if complaint.area is not None:
        there = near.where(
            Complaint.area == complaint.area, Complaint.category == complaint.category
        )
        found |= _few(session, there, "ix_complaints_figures")
    rated = [_rated(complaint, one) for one in found.values()]
    rated.sort(key=lambda one: (-one.score, _apart(complaint, one.complaint)))
    return rated[:OFFERED]


def _few(session: Session, query: Select[Complaint], index: str) -> dict[str, Complaint]:
    """The newest; SQLite keeps no statistics and is told the index that is in that order."""
    rows: Sequence[Complaint] = session.scalars(
        query.with_hint(Complaint, f"INDEXED BY {index}", "sqlite")
        .order_by(Complaint.created_at.desc())
        .limit(_LOOKED_AT)
    ).all()
    return {row.ticket: row for row in rows}


def _rated(complaint: Complaint, other: Complaint) -> Candidate:
    return Candidate(
        other,
        bool(complaint.caller) and complaint.caller == other.caller,
        complaint.area is not None and complaint.area == other.area,
        complaint.category == other.category,
    )


def _apart(complaint: Complaint, other: Complaint) -> timedelta:
    return abs(complaint.created_at - other.created_at)
