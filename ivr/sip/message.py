"""SIP messages: `parse` reads one, `serialize` writes one (RFC 3261 §7, §25).

`parse` is strict where the grammar protects somebody (numbers, duplicates, line ends,
length) and takes what RFC 4475 §3.1.1 calls legal however odd it looks. It reads the
fields that every message must have, and the rest when asked (`fields.py`). What it
hands back can always be written again, and reads the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from ivr.sip.errors import SipParseError, SipUsageError
from ivr.sip.fields import Fields
from ivr.sip.headers import Headers
from ivr.sip.lexing import QUOTED, elements, is_token, number
from ivr.sip.status import reason_phrase
from ivr.sip.uri import Uri
from ivr.sip.via import Via

__all__ = ["Headers", "Request", "Response", "content_length", "parse", "salvage", "serialize"]

MESSAGE_MAX_BYTES: Final = 65535
HEADER_LINE_MAX_CHARS: Final = 8192
HEADERS_MAX: Final = 256
VIAS_MAX: Final = 70

_COPIED: Final = ("From", "To", "Call-ID", "CSeq")  # beside Via, into every answer (§8.2.6.2)
_VERSION = re.compile(r"SIP/[0-9]{1,9}\.[0-9]{1,9}", re.IGNORECASE)
_STATUS = re.compile(r"([1-6][0-9]{2})(?: ([^\x00-\x08\x0a-\x1f\x7f]*+))?")
_FOLD = re.compile(r"\r\n[ \t]++")
_REQUEST_URI = re.compile(r"[!-;=?-~]++")
_NUL_ESCAPED = re.compile(rf'(?:[^"\x00]++|{QUOTED})*+', re.DOTALL)
_LINE_END = re.compile(r"[\r\n\x00]")


@dataclass(frozen=True, slots=True)
class Request(Fields):
    """A request; typed properties come from `Fields`."""

    method: str
    uri: Uri
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    def response(self, status: int, reason: str = "", *, to_tag: str | None = None) -> Response:
        """An answer with the fields every answer copies (§8.2.6.2), as they came.

        `to_tag` is added where To has no tag. No check is made on what is copied, so
        that the `partial` of a `SipParseError` can be answered too.
        """
        copied = Headers()
        for value in self.headers.get_all("Via"):
            copied.add("Via", value)
        for name in _COPIED:
            if (kept := self.headers.get(name)) is not None:
                copied.add(name, kept)
        if status == 100 and (timestamp := self.headers.get("Timestamp")) is not None:
            copied.add("Timestamp", timestamp)
        if to_tag is not None and "To" in copied:
            try:
                tagged = self.to.tag is not None
            except SipParseError:
                tagged = True  # inside an unterminated quote a tag would mean nothing
            if not tagged:
                copied.set("To", f"{copied.get('To')};tag={to_tag}")
        return Response(status, reason or reason_phrase(status), copied)

    def received_from(self, address: str, port: int) -> None:
        """Note in the topmost Via where the request came from (§18.2.1, RFC 3581 §4)."""
        top = self.via
        stamped = top.from_source(address, port)
        if stamped is not top:
            first, *others = self.headers.get_all("Via")
            rest = elements(first, "Via")[1:]
            self.headers.set("Via", stamped.serialize(), *rest, *others)

    def _answerable(self) -> Request | None:
        return None if self.method == "ACK" else self


@dataclass(frozen=True, slots=True)
class Response(Fields):
    """A response; typed properties come from `Fields`."""

    status: int
    reason: str = ""
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""


def parse(data: bytes, *, stream: bool = False) -> Request | Response:
    """Read one message: a datagram, or with `stream` exactly what `StreamFramer` cut out.

    Raises SipParseError. Empty lines before the message are passed over (§7.5).
    """
    try:
        return _parse(data, stream)
    except SipParseError as error:
        raise SipParseError(error.status, error.reason, salvage(data)) from None


def _parse(data: bytes, stream: bool) -> Request | Response:
    if len(data) > MESSAGE_MAX_BYTES:
        raise SipParseError(513, "the message is too large")
    start, lines, body = _split(data)
    if start[:4].upper() == "SIP/":
        status, reason = _status_line(start)
        headers = _headers(lines)
        response = Response(status, reason, headers, _body(headers, body, stream))
        _check(response)
        return response
    method, uri = _request_line(start)
    headers = _headers(lines)
    request = Request(method, uri, headers, _body(headers, body, stream))
    _check(request)
    if request.cseq.method != method:
        raise SipParseError(400, "the method of CSeq is not that of the request")
    return request


def _split(data: bytes) -> tuple[str, list[str], bytes]:
    """Take a message apart: start line, unfolded header lines, and what follows them."""
    if data[:1] in (b"\r", b"\n"):
        data = data.lstrip(b"\r\n")
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank:
        raise SipParseError(400, "the header does not end")
    text = head.decode("utf-8", "surrogateescape")
    if "\r\n " in text or "\r\n\t" in text:
        text = _FOLD.sub(" ", text)
    lines = text.split("\r\n")
    if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1:
        raise SipParseError(400, "a line does not end with CR LF")
    start = lines.pop(0)
    return start, lines, body


def _headers(lines: list[str]) -> Headers:
    if len(lines) > HEADERS_MAX:
        raise SipParseError(400, "too many header fields")
    for line in lines:
        if len(line) > HEADER_LINE_MAX_CHARS:
            raise SipParseError(400, "a header field is too long")
        if "\0" in line and _NUL_ESCAPED.fullmatch(line) is None:
            raise SipParseError(400, "a header field holds NUL")
    return Headers.from_lines(lines)


def _request_line(line: str) -> tuple[str, Uri]:
    parts = line.split(" ")
    if len(parts) != 3:
        raise SipParseError(400, "the request line is malformed")
    method, uri, version = parts
    if version != "SIP/2.0":
        if _VERSION.fullmatch(version) is None:
            raise SipParseError(400, "the request line is malformed")
        if version.upper() != "SIP/2.0":
            raise SipParseError(505, "the SIP version is not 2.0")
    if not is_token(method):
        raise SipParseError(400, "the method is malformed")
    parsed = Uri.parse(uri, "Request-URI")
    if parsed.headers:
        raise SipParseError(400, "Request-URI has headers")  # §19.1.1, table 1
    return method, parsed


def _status_line(line: str) -> tuple[int, str]:
    version, _, rest = line.partition(" ")
    if version.upper() != "SIP/2.0":
        raise SipParseError(505, "the SIP version is not 2.0")
    match = _STATUS.fullmatch(rest)
    if match is None:
        raise SipParseError(400, "the status line is malformed")
    return int(match[1]), match[2] or ""


def _body(headers: Headers, rest: bytes, stream: bool) -> bytes:
    length = content_length(headers.get_all("Content-Length"), stream=stream)
    if length is None:
        return rest
    if length > len(rest):
        raise SipParseError(400, "Content-Length is larger than the message")
    if stream and length < len(rest):
        raise SipParseError(400, "Content-Length is smaller than the message")
    return rest[:length]


def content_length(values: list[str], *, stream: bool) -> int | None:
    """What Content-Length says; None where a datagram has none; SipParseError(400).

    On a stream it is what separates messages: exactly one must be there (§18.3). In a
    datagram it may be missing, and the same number twice does no harm.
    """
    if not values:
        if stream:
            raise SipParseError(400, "Content-Length is missing")
        return None
    lengths = {number(value, MESSAGE_MAX_BYTES, "Content-Length") for value in values}
    if len(lengths) > 1 or (stream and len(values) > 1):
        raise SipParseError(400, "Content-Length stands more than once")
    return lengths.pop()


def _check(message: Request | Response) -> None:
    """Read what every message must have (§8.1.1, §8.1.3.3) and the numbers that must fit."""
    if len(message.vias) > VIAS_MAX:
        raise SipParseError(400, "too many Via fields")
    _ = message.from_, message.to, message.call_id, message.cseq
    _ = message.max_forwards, message.expires


def salvage(data: bytes) -> Request | None:
    """What an answer to a malformed message needs; None where there can be no answer.

    The topmost Via is copied as it came where it can be read, and otherwise without
    what is wrong in its tail; the other fields are copied unread.
    """
    data = data[:MESSAGE_MAX_BYTES].lstrip(b"\r\n")
    head = data.partition(b"\r\n\r\n")[0].decode("utf-8", "surrogateescape")
    start, *lines = _FOLD.sub(" ", head).split("\r\n")
    method = start.replace("\t", " ").split(" ", 1)[0]
    if not is_token(method) or method == "ACK":
        return None
    found = Headers()
    for line in lines[:HEADERS_MAX]:
        name, colon, value = line.partition(":")
        name, value = name.strip(" \t"), value.strip(" \t")
        if not colon or not is_token(name) or _LINE_END.search(value) is not None:
            continue
        if name.lower() in ("v", "via") or name not in found:
            found.add(name, value)
    vias = found.get_all("Via")
    top = Via.salvage(vias[0]) if vias else None
    if top is None:
        return None
    copied = Headers([("Via", top), *(("Via", via) for via in vias[1:VIAS_MAX])])
    for name in _COPIED:
        if (kept := found.get(name)) is not None:
            copied.add(name, kept)
    return Request(method, Uri("", opaque=""), copied)


def serialize(message: Request | Response) -> bytes:
    """Write a message: Via first, the other fields in order, Content-Length counted.

    Raises SipUsageError where a part would not be what it is meant to be: a line end
    or NUL in a value, a name or method that is no token, a URI with a space.
    """
    if isinstance(message, Request):
        uri = message.uri.serialize()
        if not is_token(message.method) or _REQUEST_URI.fullmatch(uri) is None:
            raise SipUsageError(f"not a request line: {message.method!r} {uri!r}")
        lines = [f"{message.method} {uri} SIP/2.0"]
    else:
        if not 100 <= message.status <= 699:
            raise SipUsageError(f"not a status: {message.status}")
        lines = [f"SIP/2.0 {message.status} {message.reason}"]
    others: list[str] = []
    for name, value in message.headers:
        if name == "Via":
            lines.append(f"Via: {value}")
        elif name != "Content-Length":
            others.append(f"{name}: {value}")
            if not is_token(name):
                raise SipUsageError(f"not a header name: {name!r}")
    lines += others
    lines.append(f"Content-Length: {len(message.body)}\r\n\r\n")
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) + 1 or head.count("\r") != len(lines) + 1 or "\0" in head:
        _name_culprit(lines)
    try:
        return head.encode("utf-8", "surrogateescape") + message.body
    except UnicodeEncodeError as error:
        raise SipUsageError(f"not text: {error.object[error.start : error.end]!r}") from None


def _name_culprit(lines: list[str]) -> None:
    for line in lines[:-1]:
        if "\r" in line or "\n" in line or ("\0" in line and not _NUL_ESCAPED.fullmatch(line)):
            raise SipUsageError(f"a line end or NUL in {line!r}")
