"""One RTP packet (RFC 3550 §5.1, §5.3.1).

 0                   1                   2                   3
|V=2|P|X|  CC   |M|     PT      |       sequence number         |
|                           timestamp                           |
|                             SSRC                              |
|                        CSRC (0..15 of them)                   |
| profile-defined        |  length in words | extension words   |  if X
| payload ...                              | padding | count    |  if P
"""

import struct
from dataclasses import dataclass

from ivr.rtp.errors import RtpError

version = 2
header_bytes = 12
#: Nothing we are sent is longer than an Ethernet frame; 60 ms of G.711 is 480 bytes.
max_packet_bytes = 1500

_header = struct.Struct("!BBHII")
_extension_header = struct.Struct("!HH")


@dataclass(frozen=True, slots=True)
class Packet:
    """A parsed packet; `extension` is (profile, words) and `padding` counts the bytes of it."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes = b""
    marker: bool = False
    csrc: tuple[int, ...] = ()
    extension: tuple[int, bytes] | None = None
    padding: int = 0


def parse(data: bytes) -> Packet:
    """Read a datagram; RtpError where any length in it does not fit."""
    if len(data) < header_bytes:
        raise RtpError(f"RTP header needs {header_bytes} bytes, got {len(data)}")
    first, second, sequence, timestamp, ssrc = _header.unpack_from(data)
    if first >> 6 != version:
        raise RtpError(f"RTP version {first >> 6}, not {version}")
    position = header_bytes
    csrc_count = first & 0x0F
    if len(data) < position + 4 * csrc_count:
        raise RtpError(f"RTP packet ends inside its {csrc_count} CSRCs")
    csrc = struct.unpack_from(f"!{csrc_count}I", data, position)
    position += 4 * csrc_count
    extension = None
    if first & 0x10:
        if len(data) < position + 4:
            raise RtpError("RTP packet ends inside its extension header")
        profile, words = _extension_header.unpack_from(data, position)
        position += 4
        if len(data) < position + 4 * words:
            raise RtpError(f"RTP packet ends inside its extension of {words} words")
        extension = (profile, bytes(data[position : position + 4 * words]))
        position += 4 * words
    end = len(data)
    padding = 0
    if first & 0x20:
        padding = data[-1]
        if padding == 0 or padding > end - position:
            raise RtpError(f"RTP padding of {padding} in {end - position} bytes")
        end -= padding
    return Packet(
        payload_type=second & 0x7F,
        sequence=sequence,
        timestamp=timestamp,
        ssrc=ssrc,
        payload=bytes(data[position:end]),
        marker=bool(second & 0x80),
        csrc=csrc,
        extension=extension,
        padding=padding,
    )


def serialize(packet: Packet) -> bytes:
    """Write a packet; ValueError for values that no packet can carry."""
    if not 0 <= packet.payload_type < 128 or len(packet.csrc) > 15 or packet.padding > 255:
        raise ValueError("payload type, CSRC count or padding out of range")
    first = version << 6 | len(packet.csrc)
    body = bytearray()
    for source in packet.csrc:
        body += source.to_bytes(4, "big")
    if packet.extension is not None:
        profile, words = packet.extension
        if len(words) % 4:
            raise ValueError("an RTP extension is whole 32-bit words")
        first |= 0x10
        body += _extension_header.pack(profile, len(words) // 4) + words
    body += packet.payload
    if packet.padding:
        first |= 0x20
        body += bytes(packet.padding - 1) + bytes((packet.padding,))
    second = packet.marker << 7 | packet.payload_type
    return _header.pack(first, second, packet.sequence, packet.timestamp, packet.ssrc) + body
