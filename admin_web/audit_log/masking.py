"""What entries of the audit log say of numbers, to those who see numbers masked.

An entry keeps what it is about whole: an account, or what was searched for. Tickets and calls
are no numbers of citizens and stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from admin_web.numbers import number, numbers_in
from ivr.records.tables import AuditEntry

_ACCOUNT = "account "
_SAYS_NUMBERS = frozenset({"search", "caller"})


def record_of(entry: AuditEntry) -> str:
    """Return what an entry is about, as whoever is signed in may see it."""
    if entry.record.startswith(_ACCOUNT):
        return _ACCOUNT + number(entry.record.removeprefix(_ACCOUNT))
    return entry.record


def detail_of(entry: AuditEntry) -> Mapping[str, Any]:
    """Return the details of an entry, as whoever is signed in may see them."""
    return {
        name: numbers_in(value) if name in _SAYS_NUMBERS and isinstance(value, str) else value
        for name, value in (entry.detail or {}).items()
    }
