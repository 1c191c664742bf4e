"""The text of a session description: parse and serialize (RFC 8866 §5, §9).

Strict where a guess could send sound to the wrong place (version, origin,
connection, media lines, ports); tolerant where deployed telephones are sloppy
(bare LF, missing s= or t=, unknown line types, blank lines at the end). Bytes
outside ASCII travel through untouched as Latin-1. Sizes are bounded, since the
text comes from strangers.
"""

import re
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from ivr.sdp.errors import SdpError, Warn

max_bytes = 16_384
max_lines = 512
max_media = 32
max_formats = 64

_number = re.compile(r"[0-9]{1,20}\Z", re.ASCII)
_token = re.compile(r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]{1,64}\Z", re.ASCII)
# One or more tokens joined by "/" (RFC 8866 §9, `proto`).
_protocol = re.compile(r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~/]{1,64}\Z", re.ASCII)
_host = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.\-]{0,253}[A-Za-z0-9])?\.?\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Attribute:
    """One a= line; `value` is None for a flag such as a=sendonly."""

    name: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """The o= line (RFC 8866 §5.2)."""

    username: str
    session_id: str
    version: int
    family: str
    address: str


@dataclass(frozen=True, slots=True)
class Connection:
    """A c= line (RFC 8866 §5.7), its multicast suffix refused."""

    family: str
    address: str

    @property
    def is_unspecified(self) -> bool:
        """True for 0.0.0.0 and ::, the hold of RFC 2543 (RFC 3264 §8.4)."""
        if self.family == "IP4":
            return self.address == "0.0.0.0"  # noqa: S104 - compared, not bound
        return ":" in self.address and IPv6Address(self.address).is_unspecified


@dataclass(frozen=True, slots=True)
class Media:
    """One m= section (RFC 8866 §5.14)."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    connection: Connection | None = None
    bandwidths: tuple[str, ...] = ()
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """A whole description; `timing` holds the values of its t= lines."""

    origin: Origin
    name: str = "-"
    connection: Connection | None = None
    bandwidths: tuple[str, ...] = ()
    timing: tuple[str, ...] = ("0 0",)
    attributes: tuple[Attribute, ...] = ()
    media: tuple[Media, ...] = ()


@dataclass(slots=True)
class _Section:
    """A session or media section while its lines are being read."""

    place: str
    media: Media | None = None
    connection: Connection | None = None
    bandwidths: list[str] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)

    def closed(self) -> Media:
        assert self.media is not None  # noqa: S101 - only media sections are closed
        return Media(
            self.media.kind,
            self.media.port,
            self.media.protocol,
            self.media.formats,
            self.connection,
            tuple(self.bandwidths),
            tuple(self.attributes),
        )


def parse(text: bytes) -> SessionDescription:
    """Read a description; SdpError 400 names the line."""
    lines = _split(text)
    if not lines or lines[0] != ("line 1", "v", "0"):
        raise SdpError(400, "line 1", "a session description begins with v=0")
    origin: Origin | None = None
    name = "-"
    timing: list[str] = []
    session = _Section("session")
    section = session
    media: list[Media] = []
    for place, letter, value in lines[1:]:
        if letter == "m":
            if section is not session:
                media.append(section.closed())
            if len(media) >= max_media:
                raise SdpError(400, place, f"more than {max_media} m= lines")
            section = _Section(place, _parse_media(value, place))
        elif letter == "c":
            connection = _parse_connection(value, place)
            # Several c= lines are layers of multicast; the first is the base.
            section.connection = section.connection or connection
        elif letter == "b":
            section.bandwidths.append(value)
        elif letter == "a":
            section.attributes.append(_parse_attribute(value, place))
        elif section is not session:
            continue
        elif letter == "o":
            if origin is not None:
                raise SdpError(400, place, "a second o= line")
            origin = _parse_origin(value, place)
        elif letter == "s":
            name = value
        elif letter == "t":
            timing.append(_parse_timing(value, place))
        elif letter == "v":
            raise SdpError(400, place, "a second v= line")
    if section is not session:
        media.append(section.closed())
    if origin is None:
        raise SdpError(400, "session", "the o= line is missing")
    return SessionDescription(
        origin,
        name,
        session.connection,
        tuple(session.bandwidths),
        tuple(timing) or ("0 0",),
        tuple(session.attributes),
        tuple(media),
    )


def serialize(description: SessionDescription) -> bytes:
    """Write a description, lines in the order of RFC 8866 §5."""
    origin = description.origin
    lines = [
        "v=0",
        f"o={origin.username} {origin.session_id} {origin.version}"
        f" IN {origin.family} {origin.address}",
        f"s={description.name}",
        *_section_lines(description.connection, description.bandwidths),
        *(f"t={value}" for value in description.timing),
        *_attribute_lines(description.attributes),
    ]
    for media in description.media:
        formats = " ".join(media.formats)
        lines.append(f"m={media.kind} {media.port} {media.protocol} {formats}")
        lines += _section_lines(media.connection, media.bandwidths)
        lines += _attribute_lines(media.attributes)
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a line break inside a value of a session description")
    return ("\r\n".join(lines) + "\r\n").encode("latin-1")


def _split(text: bytes) -> list[tuple[str, str, str]]:
    """Cut into (place, letter, value); trailing blank lines are dropped."""
    if len(text) > max_bytes:
        raise SdpError(400, "session", f"longer than {max_bytes} bytes")
    if b"\0" in text:
        raise SdpError(400, "session", "contains a NUL byte")
    raw = text.replace(b"\r\n", b"\n").rstrip(b"\r\n \t").split(b"\n")
    if len(raw) > max_lines:
        raise SdpError(400, "session", f"more than {max_lines} lines")
    lines = []
    for number, line in enumerate(raw, start=1):
        place = f"line {number}"
        if not line.strip():
            continue
        if b"\r" in line or line[1:2] != b"=" or not line[:1].isalpha():
            raise SdpError(400, place, "is not <letter>=<value>")
        lines.append((place, line[:1].decode("ascii"), line[2:].decode("latin-1").strip()))
    return lines


def _parse_origin(value: str, place: str) -> Origin:
    fields = value.split()
    # A username of several words is wrong and common: the last five fields are what counts.
    if len(fields) < 6:
        raise SdpError(400, place, "o= needs six fields")
    session_id, version, net, family, address = fields[-5:]
    if net.upper() != "IN" or not _number.match(session_id) or not _number.match(version):
        raise SdpError(400, place, "o= needs a numeric session id and version, and IN")
    if (
        not family.isascii()
    ):  # in capitals it might be no Latin-1 any more, and could not be written
        raise SdpError(400, place, "o= needs IP4 or IP6 before its address")
    return Origin(fields[0], session_id, int(version), family.upper(), address)


def _parse_timing(value: str, place: str) -> str:
    fields = value.split()
    if len(fields) != 2 or not all(_number.match(part) for part in fields):
        raise SdpError(400, place, "t= needs a start and a stop time")
    return " ".join(fields)


def parse_address(fields: list[str], place: str) -> Connection:
    """Read `IN IP4 address`, as in c= and a=rtcp."""
    if len(fields) != 3 or fields[0].upper() != "IN":
        raise SdpError(400, place, "an address reads IN IP4|IP6 <address>")
    family, address = fields[1].upper(), fields[2]
    try:
        if family == "IP4" and address.replace(".", "").isdigit():
            address = str(IPv4Address(address))
        elif family == "IP6" and ":" in address:
            address = str(IPv6Address(address))
        elif family not in ("IP4", "IP6") or not _host.match(address):
            raise SdpError(400, place, f"not an address: {address!r}")
    except AddressValueError as error:
        raise SdpError(400, place, f"not an address: {error}") from None
    return Connection(family, address)


def _parse_connection(value: str, place: str) -> Connection:
    fields = value.split()
    if len(fields) == 3 and "/" in fields[2]:
        raise SdpError(488, place, "multicast is not for a telephone call", Warn.MULTICAST)
    return parse_address(fields, place)


def _parse_media(value: str, place: str) -> Media:
    fields = value.split()
    if len(fields) < 4:
        raise SdpError(400, place, "m= needs a kind, a port, a protocol and a format")
    kind, port_text, protocol, *formats = fields
    port = parse_port(port_text.partition("/")[0], place)
    if not _token.match(kind) or not _protocol.match(protocol):
        raise SdpError(400, place, "m= has an odd kind or protocol")
    if len(formats) > max_formats or not all(_token.match(item) for item in formats):
        raise SdpError(400, place, "m= has odd formats, or too many")
    return Media(kind, port, protocol, tuple(formats))


def parse_port(text: str, place: str) -> int:
    """Read a UDP port, 0 included (a refused stream)."""
    if not _number.match(text) or int(text) > 65_535:
        raise SdpError(400, place, f"not a port: {text!r}")
    return int(text)


def _parse_attribute(value: str, place: str) -> Attribute:
    name, colon, rest = value.partition(":")
    if not name:
        raise SdpError(400, place, "a= without a name")
    return Attribute(name.strip().lower(), rest.strip() if colon else None)


def _section_lines(connection: Connection | None, bandwidths: tuple[str, ...]) -> list[str]:
    lines = [f"c=IN {connection.family} {connection.address}"] if connection else []
    return lines + [f"b={value}" for value in bandwidths]


def _attribute_lines(attributes: tuple[Attribute, ...]) -> list[str]:
    return [f"a={a.name}" if a.value is None else f"a={a.name}:{a.value}" for a in attributes]
