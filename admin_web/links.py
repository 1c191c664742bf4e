"""Addresses: where a form may send its reader next (CWE-601), and links that keep a search."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from flask import url_for


def same_site(target: str | None, otherwise: str = "/") -> str:
    """Return ``target`` if it is a path of this site, else ``otherwise``.

    Browsers read ``//host``, ``/\\host`` and a path with control characters as another host.
    """
    if not target or not target.startswith("/") or target[1:2] in ("/", "\\"):
        return otherwise
    if "\\" in target or any(ord(char) < 0x20 or ord(char) == 0x7F for char in target):
        return otherwise
    parts = urlsplit(target)
    return otherwise if parts.scheme or parts.netloc else target


def with_query(endpoint: str, query: Mapping[str, str], **more: str) -> str:
    """Return the address of a page with a search's fields, and further ones."""
    asked = urlencode({**query, **more})
    return url_for(endpoint) + (f"?{asked}" if asked else "")
