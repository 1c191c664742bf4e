"""Digest authentication as a server (RFC 3261 §22.4, RFC 7616, RFC 8760).

A nonce is the time, random bytes and a keyed hash of both and of the address it was given to, so
that a challenge costs no memory and a flood of them fills none; and whoever comes back with one
has heard us at that address. Only nonces that were used rightly are remembered, with their count,
so that nothing can be said twice (RFC 7616 §3.4: nc).

A name that does not exist takes the same way as a wrong password: the same hashes over a password
nobody knows, one comparison in constant time, the same challenge in answer.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Callable, Mapping
from enum import Enum, auto
from hashlib import blake2b
from typing import Final

from ivr.sip.auth import Challenge, Credentials, digest, parse_auth_params
from ivr.sip.errors import SipParseError
from ivr.sip.lexing import quote
from ivr.sip.message import Request
from ivr.sip.uri import Uri

NONCE_LASTS_S: Final = 300
NONCES_REMEMBERED: Final = 10_000
_ALGORITHMS: Final = ("SHA-256", "MD5")  # RFC 8760 §2.4: the best first
_time_bytes: Final = 6  # milliseconds
_random_bytes: Final = 8
_seal_bytes: Final = 16
_nonce_characters: Final = 2 * (_time_bytes + _random_bytes + _seal_bytes)


class Outcome(Enum):
    """What came of a request's credentials."""

    NONE = auto()  # none given, or none that can be read: challenge
    STALE = auto()  # the nonce is too old, used up or another address's: challenge, stale=true
    WRONG = auto()  # a nonce of ours, and not the right answer: the path is proven
    RIGHT = auto()


class Challenger:
    """Asks for a name and password, and judges what comes back."""

    def __init__(
        self, realm: str, passwords: Mapping[str, str], entropy: Callable[[int], bytes]
    ) -> None:
        self._realm = realm
        self._passwords = dict(passwords)
        self._entropy = entropy
        self._key = entropy(32)
        self._nobodys = entropy(32).hex()
        self._used: OrderedDict[str, int] = OrderedDict()
        self._not_before_ms = 0

    def challenge(self, host: str, now: float, *, stale: bool = False) -> list[tuple[str, str]]:
        """The fields of a 401 to `host`."""
        nonce = self._nonce(host, now)
        tail = ", stale=true" if stale else ""
        return [
            (
                "WWW-Authenticate",
                f'Digest realm={quote(self._realm)}, nonce="{nonce}", qop="auth", '
                f"algorithm={algorithm}{tail}",
            )
            for algorithm in _ALGORITHMS
        ]

    def judge(self, request: Request, host: str, now: float) -> tuple[Outcome, str]:
        """What a request's credentials are worth, and the name they give."""
        for value in request.headers.get_all("Authorization"):
            try:
                given = _credentials(value)
            except SipParseError:
                continue
            if given is not None and given.get("realm") == self._realm:
                return self._judged(request, given, host, now), given["username"]
        return Outcome.NONE, ""

    def _judged(self, request: Request, given: dict[str, str], host: str, now: float) -> Outcome:
        nonce, count = given["nonce"], given["nc"]
        issued_ms = self._issued_ms(nonce, host)
        if issued_ms is None or not self._lasts(issued_ms, now):
            return Outcome.STALE
        challenge = Challenge(self._realm, nonce, given.get("algorithm"), ("auth",))
        username = given["username"]
        password = self._passwords.get(username)
        wanted = digest(
            challenge,
            Credentials(username, self._nobodys if password is None else password),
            request.method,
            given["uri"],
            request.body,
            cnonce=given["cnonce"],
            qop="auth",
            count=count,
        )
        right = hmac.compare_digest(wanted.encode(), given["response"].encode())
        if not (right and password is not None and _same_callee(request, given["uri"])):
            return Outcome.WRONG
        number = int(count, 16)
        if number <= self._used.get(nonce, 0):
            return Outcome.STALE  # said before: a replay, or a copy that came late
        self._remember(nonce, number)
        return Outcome.RIGHT

    def _remember(self, nonce: str, count: int) -> None:
        self._used[nonce] = count
        self._used.move_to_end(nonce)
        if len(self._used) > NONCES_REMEMBERED:
            forgotten, _count = self._used.popitem(last=False)
            # What is forgotten could be said again: nothing as old as that is taken any more.
            self._not_before_ms = max(self._not_before_ms, int(forgotten[: 2 * _time_bytes], 16))

    def _nonce(self, host: str, now: float) -> str:
        text = (int(now * 1000).to_bytes(_time_bytes, "big") + self._entropy(_random_bytes)).hex()
        return text + self._seal(text, host)

    def _seal(self, text: str, host: str) -> str:
        said = f"{text} {host}".encode()
        return blake2b(said, key=self._key, digest_size=_seal_bytes).hexdigest()

    def _issued_ms(self, nonce: str, host: str) -> int | None:
        """When we gave this nonce to this host; None where we did not."""
        text = nonce[: 2 * (_time_bytes + _random_bytes)]
        sealed = self._seal(text, host)
        if len(nonce) != _nonce_characters or not hmac.compare_digest(
            sealed.encode(), nonce[len(text) :].encode("utf-8", "surrogateescape")
        ):
            return None
        return int(text[: 2 * _time_bytes], 16)

    def _lasts(self, issued_ms: int, now: float) -> bool:
        return issued_ms > self._not_before_ms and now * 1000 - issued_ms < NONCE_LASTS_S * 1000


def _credentials(value: str) -> dict[str, str] | None:
    """The parameters of a Digest answer to our challenge; None for what is none."""
    scheme, _, rest = value.strip(" \t").partition(" ")
    if scheme.lower() != "digest":
        return None
    given = parse_auth_params(rest.strip(" \t"))
    if not {"username", "realm", "nonce", "uri", "response", "nc", "cnonce", "qop"} <= set(given):
        return None
    if given.get("algorithm", "MD5").upper() not in _ALGORITHMS or given["qop"].lower() != "auth":
        return None
    count = given["nc"]
    if len(count) != 8 or not set(count) <= set("0123456789abcdefABCDEF"):
        return None
    if not (given["response"].isascii() and given["nonce"].isascii()):
        return None
    return given


def _same_callee(request: Request, uri: str) -> bool:
    """Whether what was signed is what is asked: proxies rewrite all of it but the user."""
    try:
        return Uri.parse(uri, "digest-uri").user == request.uri.user
    except SipParseError:
        return False
