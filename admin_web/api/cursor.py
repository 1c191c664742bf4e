"""Where a list goes on, for lists in the order of what a token may see masked only.

The key of such a page is the number of its last account: told as it is, a program that is handed
numbers masked would read them there.
"""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken

from admin_web.desk import desk
from ivr.services.errors import RefusedError


def hidden(key: str | None) -> str | None:
    """Return a key as it is told; None stays None."""
    return None if key is None else _cipher().encrypt(key.encode()).decode().rstrip("=")


def shown(told: str | None) -> str | None:
    """Return the key that was told; RefusedError for what never was."""
    if told is None:
        return None
    try:
        return _cipher().decrypt(told + "=" * (-len(told) % 4)).decode()
    except InvalidToken:
        raise RefusedError("this page does not exist; begin again at the first page") from None


def _cipher() -> Fernet:
    secret = f"cursor\n{desk().settings.secret_key}".encode()
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(secret).digest()))
