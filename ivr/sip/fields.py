"""What header fields mean: typed properties that requests and responses share.

Each property reads its field when it is first asked for and keeps the reading. A field
that does not follow its grammar raises `SipParseError` there and then, and not before:
a malformed field that nobody needs fails no message (RFC 4475 §3.1.2.12).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from ivr.sip.cseq import CSeq, RAck
from ivr.sip.errors import SipParseError
from ivr.sip.headers import Headers
from ivr.sip.lexing import TOKEN, UINT32_MAX, WSP, elements, is_token, number
from ivr.sip.name_addr import NameAddr
from ivr.sip.params import Params
from ivr.sip.via import Via

if TYPE_CHECKING:
    from ivr.sip.message import Request

_T = TypeVar("_T")
MAX_FORWARDS_MAX: Final = 255  # RFC 3261 §20.22
# Wider than `word ["@" word]`: a Call-ID is compared, never taken apart.
_CALL_ID = re.compile(r"[!-~]++")
_MEDIA_TYPE = re.compile(rf"({TOKEN}){WSP}/{WSP}({TOKEN}){WSP}(?:;.*)?", re.DOTALL)
_WORD = re.compile(rf"({TOKEN}){WSP}")
_SECONDS = re.compile(r"([^ \t;(]++)[ \t]*+(?:[;(].*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SessionExpires:
    """Session-Expires (RFC 4028 §4): seconds, and who refreshes ("uac", "uas" or unsaid)."""

    interval_s: int
    refresher: str | None = None

    def serialize(self) -> str:
        """The value as text."""
        return (
            f"{self.interval_s};refresher={self.refresher}"
            if self.refresher
            else f"{self.interval_s}"
        )


class Fields:
    """The typed properties; `Request` and `Response` inherit them."""

    __slots__ = ()
    headers: Headers

    def _read(self, slot: str, name: str, reader: Callable[[list[str]], _T]) -> _T:
        try:
            return self.headers.read(slot, name, reader)
        except SipParseError as error:
            raise SipParseError(error.status, error.reason, self._answerable()) from None

    def _answerable(self) -> Request | None:
        """The request to answer when one of its fields turns out malformed."""
        return None

    @property
    def vias(self) -> tuple[Via, ...]:
        """All hops, the last one first; never empty in a message that was parsed."""
        return self._read("vias", "via", _vias)

    @property
    def via(self) -> Via:
        """The topmost hop, whatever may be wrong with those below it."""
        try:
            return self.vias[0]
        except SipParseError:
            return self._read("via", "via", _top_via)

    @property
    def from_(self) -> NameAddr:
        """Who asks."""
        return self._read("from", "from", _from)

    @property
    def to(self) -> NameAddr:
        """Who is asked."""
        return self._read("to", "to", _to)

    @property
    def call_id(self) -> str:
        """The Call-ID."""
        return self._read("call-id", "call-id", _call_id)

    @property
    def cseq(self) -> CSeq:
        """The sequence number and its method."""
        return self._read("cseq", "cseq", _cseq)

    @property
    def max_forwards(self) -> int | None:
        """Hops left; None where absent (RFC 2543)."""
        return self._read("max-forwards", "max-forwards", _max_forwards)

    @property
    def contacts(self) -> tuple[NameAddr, ...]:
        """All Contact addresses; empty for `Contact: *`."""
        return self._read("contacts", "contact", _contacts)

    @property
    def contact(self) -> NameAddr | None:
        """The first Contact address."""
        contacts = self.contacts
        return contacts[0] if contacts else None

    @property
    def route(self) -> tuple[NameAddr, ...]:
        """The Route set, in order."""
        return self._read("route", "route", _route)

    @property
    def record_route(self) -> tuple[NameAddr, ...]:
        """Record-Route, in order."""
        return self._read("record-route", "record-route", _record_route)

    @property
    def require(self) -> tuple[str, ...]:
        """Option tags the peer requires, as written."""
        return self._read("require", "require", _words("Require"))

    @property
    def proxy_require(self) -> tuple[str, ...]:
        """Option tags the peer requires of proxies, as written."""
        return self._read("proxy-require", "proxy-require", _words("Proxy-Require"))

    @property
    def supported(self) -> tuple[str, ...]:
        """Option tags the peer supports, in lower case."""
        return self._read("supported", "supported", _lower_words("Supported"))

    @property
    def unsupported(self) -> tuple[str, ...]:
        """Option tags the peer refused, in lower case."""
        return self._read("unsupported", "unsupported", _lower_words("Unsupported"))

    @property
    def allow(self) -> tuple[str, ...]:
        """Methods the peer allows."""
        return self._read("allow", "allow", _words("Allow"))

    @property
    def accept(self) -> tuple[str, ...] | None:
        """Media ranges the peer takes, lower case, without parameters; None where absent."""
        return self._read("accept", "accept", _accept)

    @property
    def content_type(self) -> str | None:
        """The body's media type in lower case, without parameters; None where absent."""
        return self._read("content-type", "content-type", _content_type)

    @property
    def content_encoding(self) -> tuple[str, ...]:
        """The body's encodings in lower case."""
        return self._read("content-encoding", "content-encoding", _lower_words("Content-Encoding"))

    @property
    def content_disposition(self) -> tuple[str, Params] | None:
        """The disposition in lower case with its parameters; None where absent."""
        return self._read("content-disposition", "content-disposition", _disposition)

    @property
    def expires(self) -> int | None:
        """Expires in seconds."""
        return self._read("expires", "expires", _one_number("Expires"))

    @property
    def min_expires(self) -> int | None:
        """Min-Expires in seconds (§20.23)."""
        return self._read("min-expires", "min-expires", _one_number("Min-Expires"))

    @property
    def session_expires(self) -> SessionExpires | None:
        """The session timer (RFC 4028 §4)."""
        return self._read("session-expires", "session-expires", _session_expires)

    @property
    def min_se(self) -> int | None:
        """The shortest session timer, in seconds (RFC 4028 §5)."""
        return self._read("min-se", "min-se", _min_se)

    @property
    def rseq(self) -> int | None:
        """The number of a reliable provisional response (RFC 3262 §7.1)."""
        return self._read("rseq", "rseq", _one_number("RSeq"))

    @property
    def rack(self) -> RAck | None:
        """What a PRACK acknowledges (RFC 3262 §7.2)."""
        return self._read("rack", "rack", _rack)

    @property
    def refer_to(self) -> NameAddr | None:
        """Where a REFER points (RFC 3515 §2.1)."""
        return self._read("refer-to", "refer-to", _refer_to)

    @property
    def event(self) -> tuple[str, Params] | None:
        """The event package in lower case with its parameters (RFC 6665 §8.2.1)."""
        return self._read("event", "event", _event)

    @property
    def subscription_state(self) -> tuple[str, Params] | None:
        """The state in lower case with its parameters (RFC 6665 §8.2.3)."""
        return self._read("subscription-state", "subscription-state", _subscription_state)

    @property
    def retry_after(self) -> int | None:
        """Seconds to wait before another try (§20.33)."""
        return self._read("retry-after", "retry-after", _retry_after)


def _single(values: list[str], what: str) -> str | None:
    if len(values) > 1:
        raise SipParseError(400, f"{what} stands more than once")
    return values[0] if values else None


def _mandatory(values: list[str], what: str) -> str:
    value = _single(values, what)
    if value is None:
        raise SipParseError(400, f"{what} is missing")
    return value


def _vias(values: list[str]) -> tuple[Via, ...]:
    if not values:
        raise SipParseError(400, "Via is missing")
    return tuple(Via.parse(part) for value in values for part in elements(value, "Via"))


def _top_via(values: list[str]) -> Via:
    if not values:
        raise SipParseError(400, "Via is missing")
    return Via.top(values[0])


def _from(values: list[str]) -> NameAddr:
    return NameAddr.parse(_mandatory(values, "From"), "From")


def _to(values: list[str]) -> NameAddr:
    return NameAddr.parse(_mandatory(values, "To"), "To")


def _call_id(values: list[str]) -> str:
    value = _mandatory(values, "Call-ID")
    if _CALL_ID.fullmatch(value) is None:
        raise SipParseError(400, "Call-ID is malformed")
    return value


def _cseq(values: list[str]) -> CSeq:
    return CSeq.parse(_mandatory(values, "CSeq"))


def _max_forwards(values: list[str]) -> int | None:
    value = _single(values, "Max-Forwards")
    return None if value is None else number(value, MAX_FORWARDS_MAX, "Max-Forwards")


def _addresses(values: list[str], what: str) -> tuple[NameAddr, ...]:
    return tuple(NameAddr.parse(part, what) for value in values for part in elements(value, what))


def _contacts(values: list[str]) -> tuple[NameAddr, ...]:
    return () if values == ["*"] else _addresses(values, "Contact")


def _route(values: list[str]) -> tuple[NameAddr, ...]:
    return _addresses(values, "Route")


def _record_route(values: list[str]) -> tuple[NameAddr, ...]:
    return _addresses(values, "Record-Route")


def _refer_to(values: list[str]) -> NameAddr | None:
    value = _single(values, "Refer-To")
    return None if value is None else NameAddr.parse(value, "Refer-To")


def _words(what: str) -> Callable[[list[str]], tuple[str, ...]]:
    def read(values: list[str]) -> tuple[str, ...]:
        found = tuple(word for value in values for word in elements(value, what) if word)
        if not all(map(is_token, found)):
            raise SipParseError(400, f"{what} is malformed")
        return found

    return read


def _lower_words(what: str) -> Callable[[list[str]], tuple[str, ...]]:
    words = _words(what)
    return lambda values: tuple(word.lower() for word in words(values))


def _media_type(value: str, what: str) -> str:
    match = _MEDIA_TYPE.fullmatch(value)
    if match is None:
        raise SipParseError(400, f"{what} is malformed")
    return f"{match[1]}/{match[2]}".lower()


def _accept(values: list[str]) -> tuple[str, ...] | None:
    if not values:
        return None
    ranges = (part for value in values for part in elements(value, "Accept") if part)
    return tuple(_media_type(part, "Accept") for part in ranges)


def _content_type(values: list[str]) -> str | None:
    value = _single(values, "Content-Type")
    return None if value is None else _media_type(value, "Content-Type")


def _word_and_params(what: str) -> Callable[[list[str]], tuple[str, Params] | None]:
    def read(values: list[str]) -> tuple[str, Params] | None:
        value = _single(values, what)
        if value is None:
            return None
        match = _WORD.match(value)
        if match is None:
            raise SipParseError(400, f"{what} is malformed")
        return match[1].lower(), Params.parse(value[match.end() :], what)

    return read


_disposition = _word_and_params("Content-Disposition")
_event = _word_and_params("Event")
_subscription_state = _word_and_params("Subscription-State")


def _one_number(what: str) -> Callable[[list[str]], int | None]:
    def read(values: list[str]) -> int | None:
        value = _single(values, what)
        return None if value is None else number(value, UINT32_MAX, what)

    return read


def _seconds_and_params(values: list[str], what: str) -> tuple[int, Params] | None:
    value = _single(values, what)
    if value is None:
        return None
    seconds, semicolon, params = value.partition(";")
    return number(seconds.strip(" \t"), UINT32_MAX, what), Params.parse(semicolon + params, what)


def _session_expires(values: list[str]) -> SessionExpires | None:
    found = _seconds_and_params(values, "Session-Expires")
    if found is None:
        return None
    refresher = (found[1].get("refresher") or "").lower()
    return SessionExpires(found[0], refresher if refresher in ("uac", "uas") else None)


def _min_se(values: list[str]) -> int | None:
    found = _seconds_and_params(values, "Min-SE")
    return None if found is None else found[0]


def _rack(values: list[str]) -> RAck | None:
    value = _single(values, "RAck")
    return None if value is None else RAck.parse(value)


def _retry_after(values: list[str]) -> int | None:
    value = _single(values, "Retry-After")
    if value is None:
        return None
    match = _SECONDS.fullmatch(value)
    if match is None:
        raise SipParseError(400, "Retry-After is malformed")
    return number(match[1], UINT32_MAX, "Retry-After")
