"""Digest authentication as a client (RFC 2617, RFC 7616, RFC 8760).

The peer's 401 or 407 carries challenges; `challenges` reads those we can answer, and a
`DigestSession` answers one, for the request it came for and for those that follow: the
nonce is used again with a rising count until the peer sends another (RFC 7616 §3.3).
Random bytes come from the caller.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ivr.sip.errors import SipParseError, SipUsageError
from ivr.sip.lexing import QUOTED, TCHARS, TOKEN, WSP, quote, unquote
from ivr.sip.message import Response

_SCHEME = re.compile(rf"({TOKEN})[ \t]++")
# Values of unquoted parameters are tokens; some servers leave the quotes off a nonce in
# base 64, so `/` and `=` are taken as well.
_PARAM = re.compile(rf"{WSP}({TOKEN}){WSP}={WSP}({QUOTED}|[{TCHARS}/=]++){WSP}", re.DOTALL)
_NONCE_COUNT_MAX: Final = 0xFFFFFFFF


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


_HASHES: Final[dict[str, Callable[[bytes], str]]] = {"md5": _md5, "sha-256": _sha256}
if "sha512_256" in hashlib.algorithms_available:
    _HASHES["sha-512-256"] = lambda data: hashlib.new("sha512_256", data).hexdigest()


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a server asks for. `algorithm` is as written, None where it was left out (MD5)."""

    realm: str
    nonce: str
    algorithm: str | None = None
    qop: tuple[str, ...] = ()
    opaque: str | None = None
    stale: bool = False
    proxy: bool = False

    @classmethod
    def parse(cls, value: str, *, proxy: bool = False) -> Challenge | None:
        """Read one challenge; None for another scheme than Digest; SipParseError(400)."""
        scheme = _SCHEME.match(value)
        if scheme is None:
            raise SipParseError(400, "the challenge is malformed")
        if scheme[1].lower() != "digest":
            return None
        given = parse_auth_params(value[scheme.end() :])
        if "realm" not in given or "nonce" not in given:
            raise SipParseError(400, "the challenge has no realm or no nonce")
        options = given.get("qop", "").lower().split(",")
        return cls(
            given["realm"],
            given["nonce"],
            given.get("algorithm"),
            tuple(option.strip(" \t") for option in options if option.strip(" \t")),
            given.get("opaque"),
            given.get("stale", "").lower() == "true",
            proxy,
        )

    @property
    def answerable(self) -> bool:
        """Whether we know its algorithm and one of its qualities of protection."""
        known = not self.qop or "auth" in self.qop or "auth-int" in self.qop
        return known and self._base() in _HASHES

    @property
    def session_based(self) -> bool:
        """Whether the algorithm is a `-sess` variant (RFC 7616 §3.4.2)."""
        return (self.algorithm or "").lower().endswith("-sess")

    def hash(self, text: str | bytes) -> str:
        """H() of RFC 7616 §3.3, in lower-case hexadecimal."""
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
        return _HASHES[self._base()](data)

    def _base(self) -> str:
        return (self.algorithm or "MD5").lower().removesuffix("-sess")


def challenges(response: Response) -> list[Challenge]:
    """The challenges of a 401 or 407 to answer: for each realm the topmost we can (RFC 8760 §2.4).

    One that is malformed or unknown is passed over: another beside it may do.
    """
    chosen: dict[tuple[bool, str], Challenge] = {}
    for name, proxy in (("WWW-Authenticate", False), ("Proxy-Authenticate", True)):
        for value in response.headers.get_all(name):
            try:
                challenge = Challenge.parse(value, proxy=proxy)
            except SipParseError:
                continue
            if challenge is not None and challenge.answerable:
                chosen.setdefault((proxy, challenge.realm), challenge)
    return list(chosen.values())


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are to a trunk or PBX."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"Credentials({self.username!r}, ...)"  # a password has no place in a log


class DigestSession:
    """Answers one challenge for as many requests as the server takes the nonce for."""

    def __init__(self, challenge: Challenge, credentials: Credentials) -> None:
        if not challenge.answerable:
            raise SipUsageError(f"no answer is known to {challenge.algorithm} {challenge.qop}")
        self.challenge = challenge
        self._credentials = credentials
        self._count = 0
        self._session_cnonce: str | None = None

    @property
    def header(self) -> str:
        """The name of the header field that carries the answer."""
        return "Proxy-Authorization" if self.challenge.proxy else "Authorization"

    def authorize(self, method: str, uri: str, body: bytes, entropy: bytes) -> str:
        """The value of `header` for one request; counts the nonce up.

        `uri` is the Request-URI as it is sent. `entropy` becomes the client nonce: 8
        random bytes or more. A `-sess` key keeps the first client nonce, so later
        requests send that one again.
        """
        if len(entropy) < 8:
            raise SipUsageError("a client nonce needs 8 random bytes or more")
        if self._count >= _NONCE_COUNT_MAX:
            raise SipUsageError("the nonce count is used up")
        self._count += 1
        challenge = self.challenge
        cnonce = entropy.hex()
        if challenge.session_based:
            cnonce = self._session_cnonce = self._session_cnonce or cnonce
        qop = _preferred(challenge.qop)
        count = f"{self._count:08x}"
        response = digest(
            challenge,
            self._credentials,
            method,
            uri,
            body,
            cnonce=cnonce,
            qop=qop,
            count=count,
        )
        fields = [
            f"username={quote(self._credentials.username)}",
            f"realm={quote(challenge.realm)}",
            f"nonce={quote(challenge.nonce)}",
            f"uri={quote(uri)}",
            f'response="{response}"',
        ]
        if challenge.algorithm is not None:
            fields.append(f"algorithm={challenge.algorithm}")
        if qop is not None:
            fields += [f"qop={qop}", f"nc={count}"]
        if qop is not None or challenge.session_based:
            fields.append(f'cnonce="{cnonce}"')
        if challenge.opaque is not None:
            fields.append(f"opaque={quote(challenge.opaque)}")
        return "Digest " + ", ".join(fields)


def digest(
    challenge: Challenge,
    credentials: Credentials,
    method: str,
    uri: str,
    body: bytes,
    *,
    cnonce: str,
    qop: str | None,
    count: str,
) -> str:
    """The `response` of RFC 7616 §3.4.1; without qop that of RFC 2069 §2.1.2."""
    key = challenge.hash(f"{credentials.username}:{challenge.realm}:{credentials.password}")
    if challenge.session_based:
        key = challenge.hash(f"{key}:{challenge.nonce}:{cnonce}")
    asked = f"{method}:{uri}"
    if qop == "auth-int":
        asked += f":{challenge.hash(body)}"
    bound = "" if qop is None else f"{count}:{cnonce}:{qop}:"
    return challenge.hash(f"{key}:{challenge.nonce}:{bound}{challenge.hash(asked)}")


def _preferred(options: tuple[str, ...]) -> str | None:
    """`auth` before `auth-int`: what a session border controller rewrites, breaks the latter."""
    return next((qop for qop in ("auth", "auth-int") if qop in options), None)


def parse_auth_params(text: str) -> dict[str, str]:
    """Read `name=value, name="value"`, names in lower case; SipParseError(400)."""
    found: dict[str, str] = {}
    position, end = 0, len(text)
    while position < end:
        match = _PARAM.match(text, position)
        if match is None:
            raise SipParseError(400, "an authentication parameter is malformed")
        name, value = match[1].lower(), unquote(match[2])
        if name in found:
            raise SipParseError(400, "an authentication parameter stands more than once")
        found[name] = value
        position = match.end()
        if position < end:
            if text[position] != ",":
                raise SipParseError(400, "an authentication parameter is malformed")
            position += 1
    return found
