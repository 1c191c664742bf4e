"""SIP and SIPS URIs (RFC 3261 §19.1), and every other scheme kept whole.

The parts of a URI are kept as they were written: `%3B` and `;` in a user part are
different users (§19.1.4), so what is unescaped cannot be escaped back. `user` and
`param()` read what is meant, `raw_user` and `params` hold what came.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote as _escape
from urllib.parse import unquote_to_bytes

from ivr.sip.errors import SipParseError, SipUsageError
from ivr.sip.lexing import HOST, PORT_MAX, host, number, written_host
from ivr.sip.params import NO_PARAMS, Params, refuse_duplicates

_ESCAPED = "%[0-9A-Fa-f]{2}"
_USER_SAFE = "-_.!~*'()&=+$,;?/"
_USER = rf"(?:[A-Za-z0-9{re.escape(_USER_SAFE)}]++|{_ESCAPED})++"
_PASSWORD = rf"(?:[A-Za-z0-9\-_.!~*'()&=+$,]++|{_ESCAPED})*+"
_PARAM_CHARS = rf"(?:[A-Za-z0-9\[\]/:&+$\-_.!~*'()]++|{_ESCAPED})++"
_HEADER_CHARS = rf"(?:[A-Za-z0-9\[\]/?:+$\-_.!~*'()&=]++|{_ESCAPED})++"
_SIP = re.compile(
    rf"(?:({_USER})(?::({_PASSWORD}))?@)?({HOST})(?::([0-9]++))?"
    rf"((?:;{_PARAM_CHARS}(?:={_PARAM_CHARS})?)*+)(?:\?({_HEADER_CHARS}))?"
)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*+):")
_OPAQUE = re.compile(r"[!#-;=?-\[\]_a-z~]++")


@dataclass(frozen=True, slots=True)
class Uri:
    """A URI; `opaque` is set for every scheme but sip and sips, and then nothing else is.

    `host` holds an IPv6 address without brackets. `headers` is the raw text after `?`.
    """

    scheme: str
    host: str = ""
    port: int | None = None
    raw_user: str | None = None
    raw_password: str | None = None
    params: Params = NO_PARAMS
    headers: str = ""
    opaque: str | None = None

    @classmethod
    def parse(cls, text: str, what: str = "URI") -> Uri:
        """Read an addr-spec; SipParseError(400) names `what`."""
        start = _SCHEME.match(text)
        if start is None:
            raise SipParseError(400, f"{what} has no scheme")
        scheme = start[1].lower()
        if scheme not in ("sip", "sips"):
            rest = text[start.end() :]
            if _OPAQUE.fullmatch(rest) is None:
                raise SipParseError(400, f"{what} is malformed")
            return cls(scheme, opaque=rest)
        match = _SIP.fullmatch(text, start.end())
        if match is None:
            raise SipParseError(400, f"{what} is malformed")
        user, password, where, port, params, headers = match.groups()
        return cls(
            scheme,
            host(where, what),
            None if port is None else number(port, PORT_MAX, f"{what} port"),
            user,
            password,
            _params(params, what) if params else NO_PARAMS,
            headers or "",
        )

    @classmethod
    def sip(
        cls,
        host: str,
        port: int | None = None,
        user: str | None = None,
        *,
        transport: str | None = None,
        lr: bool = False,
    ) -> Uri:
        """Build a sip URI of ours; the user is given unescaped, IPv6 without brackets."""
        pairs: list[tuple[str, str | None]] = []
        if transport is not None:
            pairs.append(("transport", transport))
        if lr:
            pairs.append(("lr", None))
        raw_user = None if user is None else escape_user(user)
        uri = cls("sip", host, port, raw_user, params=Params(tuple(pairs)))
        try:
            cls.parse(uri.serialize())
        except SipParseError as error:
            raise SipUsageError(f"not a SIP URI: {uri.serialize()!r}: {error.reason}") from None
        return uri

    @property
    def user(self) -> str | None:
        """The user part unescaped; the number of a tel URI; None where there is none."""
        if self.opaque is not None:
            return self.opaque.partition(";")[0] if self.scheme == "tel" else None
        return None if self.raw_user is None else unescape(self.raw_user)

    def param(self, name: str) -> str | None:
        """A parameter unescaped ("" where it has no value), None where it is absent."""
        for key, value in self.params.pairs:
            if key.lower() == name or ("%" in key and unescape(key).lower() == name):
                return unescape(value or "")
        return None

    @property
    def transport(self) -> str | None:
        """The `transport` parameter in lower case."""
        value = self.param("transport")
        return value and value.lower()

    @property
    def lr(self) -> bool:
        """Whether this is a loose router (§19.1.1)."""
        return self.param("lr") is not None

    def serialize(self) -> str:
        """The URI as text."""
        if self.opaque is not None:
            return f"{self.scheme}:{self.opaque}"
        user = "" if self.raw_user is None else self.raw_user
        if self.raw_password is not None:
            user += f":{self.raw_password}"
        at = "" if self.raw_user is None else "@"
        port = "" if self.port is None else f":{self.port}"
        question = f"?{self.headers}" if self.headers else ""
        where = written_host(self.host)
        return f"{self.scheme}:{user}{at}{where}{port}{self.params.serialize()}{question}"

    def __str__(self) -> str:
        return self.serialize()


def _params(text: str, what: str) -> Params:
    pairs: list[tuple[str, str | None]] = []
    for part in text[1:].split(";"):
        name, equals, value = part.partition("=")
        pairs.append((name, value if equals else None))
    refuse_duplicates(pairs, what)
    return Params(tuple(pairs))


def escape_user(text: str) -> str:
    """Write a user part: what `user` may not hold is percent-escaped (§19.1.2)."""
    return _escape(text, safe=_USER_SAFE, errors="surrogateescape")


def unescape(text: str) -> str:
    """Undo percent-escapes; bytes that are not UTF-8 become lone surrogates."""
    if "%" not in text:
        return text
    return unquote_to_bytes(text).decode("utf-8", "surrogateescape")
