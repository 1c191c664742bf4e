"""Keyset paging: a page begins after the last row of the one before.

Unlike OFFSET it costs the same on page 1 and page 1000, and rows that come in
meanwhile shift nothing. A key is opaque text for a link: time and id.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from ivr.services.errors import RefusedError

PAGE_SIZE = 50


class Key(NamedTuple):
    """The record a page begins after, in an order of time and key, newest first."""

    at: datetime
    identity: str


def page_key(at: datetime, identity: str) -> str:
    """The key of the row with this time and id."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%S.%f}~{identity}"


def parse_page_key(key: str) -> Key:
    """Time and id of a key; RefusedError where somebody wrote their own."""
    at, separator, identity = key.partition("~")
    try:
        if not (separator and identity and len(identity) <= 32 and key.isascii()):
            raise ValueError
        return Key(datetime.strptime(at, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC), identity)
    except ValueError:
        raise RefusedError("this page does not exist; begin again at the first page") from None
