"""Header fields in order (RFC 3261 §7.3), with what has been read from them cached.

Names are case-insensitive and compact forms (§7.3.3) are folded into long ones, both
where they come in and where they are asked for. A field whose typed reading was asked
for is read once; changing the field forgets the reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeVar, cast

from ivr.sip.errors import SipParseError
from ivr.sip.lexing import elements, is_token

_T = TypeVar("_T")

_NAMES_WE_SPELL: Final = """
    Accept Accept-Contact Accept-Encoding Accept-Language Alert-Info Allow Allow-Events
    Authentication-Info Authorization Call-ID Call-Info Contact Content-Disposition
    Content-Encoding Content-Language Content-Length Content-Type CSeq Date Diversion
    Error-Info Event Expires Flow-Timer From Geolocation History-Info Identity
    Identity-Info In-Reply-To Info-Package Join Max-Forwards MIME-Version Min-Expires
    Min-SE Organization P-Access-Network-Info P-Asserted-Identity P-Associated-URI
    P-Called-Party-ID P-Charging-Vector P-Preferred-Identity Path Priority Privacy
    Proxy-Authenticate Proxy-Authorization Proxy-Require RAck Reason Record-Route
    Recv-Info Refer-To Referred-By Reject-Contact Remote-Party-ID Replaces Reply-To
    Request-Disposition Require Retry-After Route RSeq Server Service-Route
    Session-Expires SIP-ETag SIP-If-Match Subject Subscription-State Supported
    Target-Dialog Timestamp To Unsupported User-Agent Via Warning WWW-Authenticate
"""
_LONG_NAMES: Final = tuple(_NAMES_WE_SPELL.split())
# https://www.iana.org/assignments/sip-parameters, "Header Fields", column "compact".
COMPACT_FORMS: Final = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "c": "Content-Type",
    "d": "Request-Disposition",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "j": "Reject-Contact",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "n": "Identity-Info",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
    "x": "Session-Expires",
    "y": "Identity",
}
# Every spelling that is found at once (as most peers write it, compact, lower case),
# with the key that makes names the same and the spelling we send.
_KNOWN: Final = {
    spelling: (name.lower(), name) for name in _LONG_NAMES for spelling in (name, name.lower())
} | {
    spelling: (name.lower(), name)
    for letter, name in COMPACT_FORMS.items()
    for spelling in (letter, letter.upper())
}


def canonical(name: str) -> tuple[str, str]:
    """The key that makes two names the same, and the long name in its usual spelling.

    A name we do not know keeps its spelling.
    """
    return _KNOWN.get(name) or _KNOWN.get(name.lower()) or (name.lower(), name)


def key_of(name: str) -> str:
    """The lower-case long name."""
    return canonical(name)[0]


class Headers:
    """The header fields of a message: an ordered list of names and values."""

    __slots__ = ("_fields", "_read", "_values")

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields: list[tuple[str, str]] = []
        self._values: dict[str, list[str]] = {}
        self._read: dict[str, Any] = {}
        for name, value in fields:
            self.add(name, value)

    @classmethod
    def from_lines(cls, lines: Iterable[str]) -> Headers:
        """Read unfolded header lines; SipParseError(400)."""
        headers = cls()
        fields, values = headers._fields, headers._values
        for line in lines:
            name, colon, value = line.partition(":")
            known = _KNOWN.get(name)
            if known is None:
                name = name.rstrip(" \t")
                if not colon or not is_token(name):
                    raise SipParseError(400, "a header line is malformed")
                known = canonical(name)
            key, name = known
            value = value.strip(" \t")
            fields.append((name, value))
            if key in values:
                values[key].append(value)
            else:
                values[key] = [value]
        return headers

    def get(self, name: str) -> str | None:
        """The first value, or None."""
        values = self._values.get(key_of(name))
        return values[0] if values else None

    def get_all(self, name: str) -> list[str]:
        """The values in order, one for each line."""
        return list(self._values.get(key_of(name), ()))

    def elements(self, name: str) -> list[str]:
        """The values with comma-separated lists taken apart; SipParseError(400) on bad quotes."""
        values = self._values.get(key_of(name), ())
        return [part for value in values for part in elements(value, canonical(name)[1])]

    def add(self, name: str, value: str) -> None:
        """Append a field."""
        key, name = canonical(name)
        self._fields.append((name, value))
        self._values.setdefault(key, []).append(value)
        self._read.clear()

    def set(self, name: str, *values: str) -> None:
        """Replace all fields of a name, where the first one stood; at the end if there was none."""
        key, name = canonical(name)
        known = [i for i, (other, _) in enumerate(self._fields) if key_of(other) == key]
        place = known[0] if known else len(self._fields)
        kept = [field for field in self._fields[place:] if key_of(field[0]) != key]
        self._fields[place:] = [(name, value) for value in values] + kept
        if values:
            self._values[key] = list(values)
        else:
            self._values.pop(key, None)
        self._read.clear()

    def remove(self, name: str) -> None:
        """Take away all fields of a name; none is no fault."""
        if key_of(name) in self._values:
            self.set(name)

    def copy(self) -> Headers:
        """The same fields, independent of these."""
        return Headers(self._fields)

    def read(self, slot: str, name: str, reader: Callable[[list[str]], _T]) -> _T:
        """What `reader` makes of a field's values, under a name of its own; read once."""
        cached = self._read.get(slot, self)
        if cached is self:
            cached = self._read[slot] = reader(self._values.get(name, []))
        return cast(_T, cached)

    def __contains__(self, name: str) -> bool:
        return key_of(name) in self._values

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __eq__(self, other: object) -> bool:
        """Same values under same names: the order between names means nothing (§7.3.1).

        Content-Length is left out: it belongs to the transport of the body.
        """
        if not isinstance(other, Headers):
            return NotImplemented
        return self._meaning() == other._meaning()

    __hash__ = None  # type: ignore[assignment]

    def _meaning(self) -> dict[str, list[str]]:
        return {key: values for key, values in self._values.items() if key != "content-length"}

    def __repr__(self) -> str:
        return f"Headers({self._fields!r})"
