"""Tickets of confidential complaints, kept from those who must not know of them.

A ticket also stands where no complaint is shown: among the keys of the call that filed it or
asked for it, in notes, in the audit log, in files. Whoever must not see confidential complaints
finds ``HIDDEN`` in its place. Tickets that nobody made confidential stay, so that an auditor can
follow them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_web.departments import sees_confidential
from ivr.records.tables import Complaint

HIDDEN = "········"
# A day and four digits or more (ivr.services.tickets), not within a longer run of digits.
_TICKET = re.compile(r"(?<![0-9])20[0-9]{10,14}(?![0-9])")
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Veil:
    """Which tickets are hidden from whoever is looking."""

    tickets: frozenset[str] = frozenset()

    def __call__(self, text: str) -> str:
        """Return ``text`` without them."""
        if not self.tickets or not text:
            return text
        return _TICKET.sub(
            lambda found: HIDDEN if found[0] in self.tickets else found[0],
            text,
        )

    def covers(self, text: str) -> bool:
        """Say whether one of them stands in ``text``."""
        return any(one in self.tickets for one in _TICKET.findall(text)) if self.tickets else False


def confidential_among(session: Session, texts: Iterable[str | None]) -> Veil:
    """Return the tickets in these texts that are confidential, whoever is looking."""
    named = sorted({one for text in texts if text for one in _TICKET.findall(text)})
    found: set[str] = set()
    for start in range(0, len(named), _AT_ONCE):
        some = named[start : start + _AT_ONCE]
        found.update(
            session.scalars(
                select(Complaint.ticket).where(Complaint.ticket.in_(some), Complaint.confidential)
            )
        )
    return Veil(frozenset(found))


def veil_over(session: Session, texts: Iterable[str | None]) -> Veil:
    """Return what must be hidden of these texts from whoever is signed in."""
    return Veil() if sees_confidential() else confidential_among(session, texts)


def veiling() -> Callable[[Session, Iterable[str | None]], Veil]:
    """The same for what is made after the request is over, such as a file that is streamed."""
    return _nothing if sees_confidential() else confidential_among


def _nothing(session: Session, texts: Iterable[str | None]) -> Veil:
    return Veil()
