"""What entries of the audit log say of numbers, to those who see numbers masked.

An entry keeps what it is about whole: an account, or what was searched for. Tickets and calls
are no numbers of citizens and stay, but for tickets of confidential complaints, which are hidden
from those who must not know of them (``admin_web.confidential``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from admin_web.confidential import Veil, veil_over
from admin_web.numbers import number, numbers_in
from ivr.records.tables import AuditEntry

_ACCOUNT = "account "
_SAYS_NUMBERS = frozenset({"search", "caller"})


def veil_of(session: Session, entries: Iterable[AuditEntry]) -> Veil:
    """Return the tickets in these entries that whoever is signed in must not know of."""
    texts: list[str] = []
    for entry in entries:
        texts.append(entry.record)
        texts += [value for value in (entry.detail or {}).values() if isinstance(value, str)]
    return veil_over(session, texts)


def shown(entries: Sequence[AuditEntry], veil: Veil, asked: str) -> list[AuditEntry]:
    """Return the entries to show: who asks by record is not told by it what is hidden."""
    return [one for one in entries if not (asked.strip() and veil.covers(one.record))]


def record_of(entry: AuditEntry, veil: Veil) -> str:
    """Return what an entry is about, as whoever is signed in may see it."""
    if veil.covers(entry.record):
        return veil(entry.record)
    if entry.record.startswith(_ACCOUNT):
        return _ACCOUNT + number(entry.record.removeprefix(_ACCOUNT))
    return entry.record


def detail_of(entry: AuditEntry, veil: Veil) -> Mapping[str, Any]:
    """Return the details of an entry, as whoever is signed in may see them."""
    return {
        name: _text(name, veil(value)) if isinstance(value, str) else value
        for name, value in (entry.detail or {}).items()
    }


def _text(name: str, value: str) -> str:
    return numbers_in(value) if name in _SAYS_NUMBERS else value
