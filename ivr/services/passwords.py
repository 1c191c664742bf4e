"""Passwords of staff: Argon2id, and what is too weak to be one.

Rules of NIST SP 800-63B §5.1.1.2: length counts (8 at least, 128 at most), any
character is welcome, no rules on the mix of characters, no forced changes by
date; what is commonly used, or is the username, is refused.
"""

from __future__ import annotations

import secrets
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ivr.services.errors import RefusedError

MIN_LENGTH = 8
MAX_LENGTH = 128
GENERATED_BYTES = 12

# Only what is long enough to pass otherwise.
_COMMON = frozenset(
    """
    password password1 password12 password123 passw0rd p@ssw0rd p@ssword p@ssw0rd1 12345678
    123456789 1234567890 123456789a a123456789 a12345678 12345678a 11111111 00000000
    88888888 66666666 99999999 987654321 9876543210 87654321 147258369 1qaz2wsx 1qaz2wsx3edc
    qwertyui qwertyuiop qwerty123 asdfghjkl zxcvbnm123 q1w2e3r4 q1w2e3r4t5 1q2w3e4r
    1q2w3e4r5t abcd1234 abc12345 aa123456 aa12345678 abc123456 admin123 admin1234 admin12345
    administrator adminadmin root1234 rootroot letmein123 welcome1 welcome123 iloveyou
    iloveyou1 sunshine princess football baseball superman trustno1 changeme changeme1
    changeme123 default1 woaini1314 woaini520 woaini521 5201314520 52013145 1314520520
    5211314 wojiushiwo nihao123 woaiwojia minsheng minsheng123 minsheng12345 zhengfu123
    12345678910 0123456789 11223344 1122334455 12341234 123123123 123321123 321321321
    computer internet test1234 testtest guest123 guestguest user1234 monkey123 dragon123
    michelle jennifer whatever starwars
    """.split()  # noqa: SIM905 - a list of words is read more easily so
)

_hasher = PasswordHasher()


def check_policy(password: str, username: str = "") -> None:
    """RefusedError says why a password is too weak."""
    plain = _normal(password).casefold()
    if len(plain) < MIN_LENGTH:
        raise RefusedError("a password has at least %(number)s characters", number=MIN_LENGTH)
    if len(plain) > MAX_LENGTH:
        raise RefusedError("a password has at most %(number)s characters", number=MAX_LENGTH)
    if plain in _COMMON or len(set(plain)) < 4:
        raise RefusedError("this password is among the first that anybody would try")
    if username and username.casefold() in plain:
        raise RefusedError("a password must not contain the username")


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
