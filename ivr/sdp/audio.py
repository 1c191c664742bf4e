"""What one m=audio section says, put in our terms: codecs, keys, pace, direction, addresses.

Payload types 0, 8 and 13 mean PCMU, PCMA and CN without an rtpmap (RFC 3551
§6); telephone-event always needs one (RFC 4733 §2.4). A direction on the media
section wins over one on the session (RFC 8866 §6.7).
"""

import re
from dataclasses import dataclass
from enum import Enum

from ivr.sdp.crypto import Crypto, max_lines, parse_crypto
from ivr.sdp.description import (
    Connection,
    Media,
    SessionDescription,
    parse_address,
    parse_port,
)
from ivr.sdp.errors import SdpError, Warn
from ivr.sdp.plan import Codec

min_ptime_ms = 10
max_ptime_ms = 60
default_ptime_ms = 20  # RFC 3551 §4.5.14

#: RTP/AVPF (RFC 4585) differs for us only in feedback we neither ask for nor send.
plain_profiles = frozenset({"RTP/AVP", "RTP/AVPF"})
#: RFC 3711 §4, RFC 5124. Their keys come by a=crypto; those of UDP/TLS/RTP/SAVP (DTLS) do not.
secure_profiles = frozenset({"RTP/SAVP", "RTP/SAVPF"})

_static_names = {0: "PCMU", 8: "PCMA", 13: "CN"}
_codecs: dict[str, Codec] = {"PCMU": "PCMU", "PCMA": "PCMA"}
_rtpmap = re.compile(r"([0-9]{1,3})\s+([^/\s]+)/([0-9]{1,6})(?:/([0-9]{1,3}))?\s*\Z", re.ASCII)
_milliseconds = re.compile(r"([0-9]{1,4})(?:\.[0-9]+)?\Z", re.ASCII)


class Direction(Enum):
    """RFC 3264 §5.1: (the writer sends, the writer receives)."""

    sendrecv = (True, True)
    sendonly = (True, False)
    recvonly = (False, True)
    inactive = (False, False)

    @property
    def sends(self) -> bool:
        """The side that wrote this sends."""
        return self.value[0]

    @property
    def receives(self) -> bool:
        """The side that wrote this receives."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Audio:
    """One audio section, as its writer meant it."""

    connection: Connection
    port: int
    rtcp: tuple[str, int] | None
    codecs: tuple[tuple[int, Codec], ...]  # (payload type, codec), the writer's preference first
    telephone_event: int | None
    events: str
    comfort_noise: int | None
    ptime_ms: int
    direction: Direction
    secure: bool = False  # the profile leaves no choice
    cryptos: tuple[Crypto, ...] = ()  # the keys we can use, the writer's preference first


def read_audio(description: SessionDescription, index: int) -> Audio:
    """Read m= section `index`; SdpError 488 where it is no audio of ours, 400 where broken."""
    media = description.media[index]
    place = f"m= section {index + 1}"
    if media.kind.lower() != "audio":
        raise SdpError(488, place, f"is {media.kind}, not audio", Warn.MEDIA_TYPE)
    if media.port == 0:
        raise SdpError(488, place, "is refused or switched off (port 0)")
    profile = media.protocol.upper()
    if profile not in plain_profiles and profile not in secure_profiles:
        raise SdpError(
            488,
            place,
            f"asks for {media.protocol}; RTP/AVP and RTP/SAVP are spoken",
            Warn.TRANSPORT,
        )
    connection = media.connection or description.connection
    if connection is None:
        raise SdpError(400, place, "has no c= line, nor has the session")
    names = _payload_names(media)
    codecs = tuple((pt, _codecs[name]) for pt, name in names.items() if name in _codecs)
    if not codecs:
        raise SdpError(488, place, "offers neither PCMU nor PCMA at 8000 Hz", Warn.MEDIA_FORMAT)
    event = next((pt for pt, name in names.items() if name == "TELEPHONE-EVENT"), None)
    noise = next((pt for pt, name in names.items() if name == "CN"), None)
    direction = _direction(description, media)
    if connection.is_unspecified and direction.receives:
        # RFC 3264 §8.4: an old hold; nothing may be sent to 0.0.0.0.
        direction = Direction.sendonly if direction.sends else Direction.inactive
    return Audio(
        connection,
        media.port,
        _rtcp(description, media, connection, place),
        codecs,
        event,
        _fmtp(media, event) if event is not None else "",
        noise,
        _ptime(media),
        direction,
        profile in secure_profiles,
        _cryptos(media),
    )


def _cryptos(media: Media) -> tuple[Crypto, ...]:
    """The a=crypto lines we can keep to; of two with one tag neither (RFC 4568 §4.1)."""
    found = [parse_crypto(value) for value in _values(media, "crypto")[:max_lines]]
    usable = [crypto for crypto in found if crypto is not None]
    tags = [crypto.tag for crypto in usable]
    return tuple(crypto for crypto in usable if tags.count(crypto.tag) == 1)


def _payload_names(media: Media) -> dict[int, str]:
    """Payload types of the m= line in its order, with their upper-case names, 8000 Hz mono only."""
    maps: dict[int, str] = {}
    for value in _values(media, "rtpmap"):
        match = _rtpmap.match(value)
        if match is None:
            continue
        number, name, rate, channels = match.groups()
        mono_8k = rate == "8000" and channels in (None, "1")
        maps.setdefault(int(number), name.upper() if mono_8k else "")
    names: dict[int, str] = {}
    for item in media.formats:
        if item.isdigit() and int(item) < 128:
            number_ = int(item)
            names.setdefault(number_, maps.get(number_, _static_names.get(number_, "")))
    return names


def _values(media: Media, name: str) -> list[str]:
    return [a.value for a in media.attributes if a.name == name and a.value is not None]


def _fmtp(media: Media, payload_type: int) -> str:
    """The events the writer takes (RFC 4733 §2.4.1: none stated means 0-15)."""
    for value in _values(media, "fmtp"):
        number, _, events = value.partition(" ")
        if number == str(payload_type):
            return events.strip().replace(" ", "")
    return "0-15"


def _ptime(media: Media) -> int:
    """The packet time the writer wants to receive, 10..60 ms in steps of 10, within maxptime."""
    wanted = _first_ms(media, "ptime") or default_ptime_ms
    limit = _first_ms(media, "maxptime") or max_ptime_ms
    bounded = min(wanted, limit, max_ptime_ms)
    return max(min_ptime_ms, bounded - bounded % 10)


def _first_ms(media: Media, name: str) -> int | None:
    for value in _values(media, name):
        match = _milliseconds.match(value)
        if match and int(match[1]) > 0:
            return int(match[1])
    return None


def _direction(description: SessionDescription, media: Media) -> Direction:
    for attributes in (media.attributes, description.attributes):
        for attribute in attributes:
            if attribute.value is None and attribute.name in Direction.__members__:
                return Direction[attribute.name]
    return Direction.sendrecv


def _rtcp(
    description: SessionDescription, media: Media, connection: Connection, place: str
) -> tuple[str, int] | None:
    """Where reports go: a=rtcp (RFC 3605), else the next port up; None with RS:0 and RR:0."""
    shares = {item.replace(" ", "").upper() for item in media.bandwidths or description.bandwidths}
    if {"RS:0", "RR:0"} <= shares:
        return None  # RFC 3556 §2: the peer wants no RTCP at all
    for value in _values(media, "rtcp"):
        port_text, *address = value.split() or [""]
        port = parse_port(port_text, place)
        if port == 0:
            return None
        where = parse_address(address, place) if address else connection
        return (where.address, port)
    return (connection.address, media.port + 1) if media.port < 65_535 else None
