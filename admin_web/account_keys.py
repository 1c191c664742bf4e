"""Accounts in addresses and page keys, for those who see their numbers masked.

The number of an account is its key. In the address of a form, or as the place where a list goes
on, it would tell what the page beside it hides.
"""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from admin_web.desk import desk
from admin_web.numbers import sees_whole

SHORTEST_SEALED = 60  # a Fernet token is longer, an account's number is at most 20


def account_key(number: str | None) -> str | None:
    """Return the number, sealed for who may not see it; None stays None."""
    if number is None or sees_whole():
        return number
    return _box().encrypt(number.encode()).decode().rstrip("=")


def account_of(key: str | None) -> str | None:
    """Return the number a key stands for: the sealed one, else the key; None stays None.

    Who knows a number may use it. A sealed key that is not ours stands for no account.
    """
    if key is None or len(key) < SHORTEST_SEALED:
        return key
    try:
        return _box().decrypt(key + "=" * (-len(key) % 4)).decode()
    except InvalidToken:
        return "-"


def _box() -> Fernet:
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"minsheng account keys")
    return Fernet(base64.urlsafe_b64encode(derive.derive(desk().settings.secret_key.encode())))
