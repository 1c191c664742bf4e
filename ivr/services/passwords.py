"""Passwords of staff: Argon2id, and what is too weak to be one.

Rules of NIST SP 800-63B §5.1.1.2: length counts (8 at least, 128 at most), any character is
welcome, no rules on the mix of characters, no forced changes by date; what is commonly used or
expected, or holds the username, is refused. How soon a guesser would come to a password is
estimated with zxcvbn, with what is typical here among its words (`guessed_words`).
"""

from __future__ import annotations

import secrets
import threading
import unicodedata
from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ivr.services.errors import RefusedError
from ivr.services.guessed_words import WORDS

MIN_LENGTH = 8
MAX_LENGTH = 128
GENERATED_BYTES = 12
# zxcvbn's levels: below 2 a guesser needs fewer than a million tries.
WEAKEST_LEVEL = 2
# It takes time with the square of the length, and so much is strong enough.
_LOOKED_AT = 64

PRODUCTION = PasswordHasher()
# Tests put a cheaper one here.
_hasher = PRODUCTION
# zxcvbn keeps the words of a call in one place for all threads.
_estimating = threading.Lock()


@dataclass(frozen=True, slots=True)
class Strength:
    """How strong a password is: `level` 0 to 4; `refused` says why it cannot be taken."""

    level: int
    refused: RefusedError | None = None


def check_policy(password: str, username: str = "") -> None:
    """RefusedError says why a password is too weak."""
    refused = strength(password, username).refused
    if refused is not None:
        raise refused


def strength(password: str, username: str = "") -> Strength:
    """How strong a password is for somebody; it is neither kept nor logged."""
    plain = _normal(password).casefold()
    if len(plain) < MIN_LENGTH:
        return Strength(
            0,
            RefusedError("a password has at least %(number)s characters", number=MIN_LENGTH),
        )
    if len(plain) > MAX_LENGTH:
        return Strength(
            0, RefusedError("a password has at most %(number)s characters", number=MAX_LENGTH)
        )
    if username and username.casefold() in plain:
        return Strength(0, RefusedError("a password must not contain the username"))
    level = _level(plain, username.casefold())
    if level < WEAKEST_LEVEL:
        return Strength(
            level,
            RefusedError(
                "this is too easy to guess: it is much used, or made of what is "
                "(names, dates, rows of keys, 5201314); add some words"
            ),
        )
    return Strength(level)


def _level(plain: str, username: str) -> int:
    from zxcvbn import zxcvbn  # its lists take 14 MB: only where passwords are chosen

    words = [*(part for part in (username, *_parts(username)) if part), *WORDS]
    with _estimating:
        found = zxcvbn(plain[:_LOOKED_AT], user_inputs=words)
    return int(found["score"])


def _parts(username: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in username).split()


def hash_password(password: str) -> str:
    """An Argon2id hash; it takes some tens of milliseconds by design: not inside a transaction."""
    return _hasher.hash(_normal(password))


def password_matches(password: str, hashed: str | None) -> bool:
    """Verify; without a hash (no such person) it takes as long and is False."""
    if len(password) > 4 * MAX_LENGTH:
        return False
    try:
        matches = _hasher.verify(hashed or _nobody(), _normal(password))
    except (VerificationError, InvalidHashError):
        return False
    return matches and hashed is not None


def generate_password() -> str:
    """A password nobody chose: 96 random bits."""
    return secrets.token_urlsafe(GENERATED_BYTES)


def _normal(password: str) -> str:
    # The same password typed with a Chinese input method may come in another form (NFKC).
    return unicodedata.normalize("NFKC", password)


@cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe())
