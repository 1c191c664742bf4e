"""The seal of an audit entry: SHA-256 over its canonical form and the seal of the entry before.

A chain of such seals shows every change, removal and insertion that was not sealed anew up to
the end; whoever keeps one seal elsewhere can tell that everything up to it is as it was. It does
not show that what was written down was true, nor what was never written down.

The canonical form is JSON in ASCII, keys sorted, no blanks, of the list: form, former seal, id,
time in UTC with six decimals, who, what, record, detail. It never changes: entries sealed years
ago must still be checked. A new form gets a new word in `FORM` and a rule for the old one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

FORM = "minsheng-audit-1"
NOTHING_BEFORE = "0" * 64


def seal(
    former: str,
    *,
    entry_id: int,
    at: datetime,
    who: str,
    what: str,
    record: str,
    detail: Mapping[str, Any] | None,
) -> str:
    """The seal of one entry, 64 hexadecimal digits; `former` is that of the entry before."""
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    canonical = json.dumps(
        [FORM, former, entry_id, moment, who, what, record, detail],
        ensure_ascii=True,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def as_kept(detail: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A detail as the database hands it back: JSON has no tuples and no other keys than text."""
    if detail is None:
        return None
    kept: dict[str, Any] = json.loads(json.dumps(dict(detail)))
    return kept
