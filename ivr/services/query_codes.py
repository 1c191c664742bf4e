"""The code that protects an account, and the lock after three wrong ones.

A code is 4 to 8 digits, so no hash protects it from somebody who has the
database: the lock, kept in the database, protects it from somebody with a
telephone. scrypt with 2 MiB (about 5 ms) only makes reading codes out of a
stolen copy a matter of work; stronger parameters would hold the write lock
of every lookup for longer and keep callers waiting.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from datetime import datetime, timedelta

from ivr.records.tables import Account

TRIES = 3
LOCK = timedelta(minutes=30)

_N, _R, _P = 2**11, 8, 1


def hash_code(code: str) -> str:
    """A salted hash that says with which parameters it was made."""
    salt = os.urandom(16)
    return f"scrypt${_N}${_R}${_P}${salt.hex()}${_scrypt(code, salt, _N, _R, _P).hex()}"


def code_matches(code: str, hashed: str) -> bool:
    """Compare in constant time; ValueError where `hashed` is not one of ours."""
    scheme, n, r, p, salt, expected = hashed.split("$")
    if scheme != "scrypt":
        raise ValueError(f"an unknown hash scheme: {scheme!r}")
    given = _scrypt(code, bytes.fromhex(salt), int(n), int(r), int(p))
    return hmac.compare_digest(given, bytes.fromhex(expected))


def _scrypt(code: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(code.encode(), salt=salt, n=n, r=r, p=p, dklen=32)


def is_locked(account: Account, now: datetime) -> bool:
    """Whether the account answers nobody just now."""
    return account.locked_until is not None and account.locked_until > now


def try_code(
    account: Account,
    code: str,
    now: datetime,
    *,
    tries: int = TRIES,
    lock: timedelta = LOCK,
) -> int | None:
    """Judge one code: None where it is right, else the tries left (0: locked from now on).

    The account's row must be locked for update, or two calls could try at once.
    """
    assert account.query_code_hash is not None  # noqa: S101 - the caller asked for a code
    if account.locked_until is not None:  # a lock that has run out
        account.locked_until = None
        account.wrong_tries = 0
    if code_matches(code, account.query_code_hash):
        account.wrong_tries = 0
        return None
    account.wrong_tries += 1
    left = max(0, tries - account.wrong_tries)
    if left == 0:
        account.locked_until = now + lock
    return left


def unlock(account: Account) -> None:
    """Staff have made sure who is asking."""
    account.wrong_tries = 0
    account.locked_until = None
