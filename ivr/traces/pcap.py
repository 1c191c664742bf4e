"""Messages as a pcap file: each in a packet of its own, with the addresses it travelled between.

The classic libpcap format (draft-ietf-opsawg-pcap) with link type RAW, packets beginning with the
IP header (LINKTYPE_RAW, 101). Signalling over UDP is UDP; over TCP and TLS it is shown as TCP
without its handshake, TLS deciphered, sequence numbers counted from 1 for each direction. A message
longer than a packet may be is cut into segments; over UDP it is cut off, and says so by its length.
Addresses that are none (a name) are shown as 0.0.0.0.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from ivr.traces.message import TracedMessage

_FILE: Final = struct.Struct("<IHHiIII")
_RECORD: Final = struct.Struct("<IIII")
_MAGIC_NANOSECONDS: Final = 0xA1B23C4D
_LINKTYPE_RAW: Final = 101
_SNAP_LENGTH: Final = 262_144
_UDP, _TCP = 17, 6
_UDP_HEAD: Final = 8
_TCP_HEAD: Final = struct.Struct("!HHIIBBHHH")
_PSH_ACK: Final = 0x18
_MOST_IN_A_PACKET: Final = 65_000
_NS: Final = 1_000_000_000

Address = IPv4Address | IPv6Address
Place = tuple[Address, int]


def pcap(messages: Iterable[TracedMessage]) -> Iterator[bytes]:
    """Yield the file piece by piece: its head, then a record for each packet."""
    yield _FILE.pack(_MAGIC_NANOSECONDS, 2, 4, 0, 0, _SNAP_LENGTH, _LINKTYPE_RAW)
    said: dict[tuple[Place, Place], int] = {}
    for message in messages:
        ours, theirs = _places(message)
        source, target = (theirs, ours) if message.incoming else (ours, theirs)
        for payload in _cut(message):
            if message.transport == "udp":
                segment = _udp(source, target, payload, _UDP_HEAD + len(message.data))
                protocol = _UDP
            else:
                sent, heard = said.get((source, target), 1), said.get((target, source), 1)
                segment, protocol = _tcp(source, target, payload, sent, heard), _TCP
                said[source, target] = sent + len(payload)
            packet = _ip(source[0], target[0], protocol, len(segment)) + segment
            ns = round(message.at * _NS)
            yield _RECORD.pack(ns // _NS, ns % _NS, len(packet), len(packet)) + packet


def _cut(message: TracedMessage) -> Iterator[bytes]:
    data = message.data
    if message.transport == "udp":
        yield data[:_MOST_IN_A_PACKET]
        return
    for start in range(0, len(data), _MOST_IN_A_PACKET):
        yield data[start : start + _MOST_IN_A_PACKET]


def _places(message: TracedMessage) -> tuple[Place, Place]:
    """Both ends, of one family: an IPv4 end beside an IPv6 one is shown mapped (RFC 4291)."""
    ends = [_address(message.local[0]), _address(message.remote[0])]
    if {end.version for end in ends} != {4} and {end.version for end in ends} != {6}:
        ends = [
            end if isinstance(end, IPv6Address) else IPv6Address(f"::ffff:{end}") for end in ends
        ]
    return (ends[0], message.local[1]), (ends[1], message.remote[1])


def _address(host: str) -> Address:
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return IPv4Address(0)


def _udp(source: Place, target: Place, payload: bytes, length: int) -> bytes:
    length = min(length, 0xFFFF)
    head = struct.pack("!HHHH", source[1], target[1], length, 0)
    checksum = _checksum(source[0], target[0], _UDP, head + payload) or 0xFFFF
    return head[:6] + struct.pack("!H", checksum) + payload


def _tcp(source: Place, target: Place, payload: bytes, sent: int, heard: int) -> bytes:
    parts = (
        source[1], target[1], sent & 0xFFFFFFFF, heard & 0xFFFFFFFF, 5 << 4, _PSH_ACK, 0xFFFF,
    )  # fmt: skip
    bare = _TCP_HEAD.pack(*parts, 0, 0) + payload
    checksum = _checksum(source[0], target[0], _TCP, bare)
    return _TCP_HEAD.pack(*parts, checksum, 0) + payload


def _ip(source: Address, target: Address, protocol: int, length: int) -> bytes:
    if source.version == 6:
        head = struct.pack("!IHBB", 6 << 28, length, protocol, 64)
        return head + source.packed + target.packed
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0x4000, 64, protocol, 0)
    head += source.packed + target.packed
    return head[:10] + struct.pack("!H", _ones_complement(head)) + head[12:]


def _checksum(source: Address, target: Address, protocol: int, segment: bytes) -> int:
    """RFC 768, RFC 9293 §3.1, RFC 8200 §8.1: over the segment and a pseudo-header."""
    pseudo = source.packed + target.packed + struct.pack("!II", len(segment), protocol)
    return _ones_complement(pseudo + segment)


def _ones_complement(data: bytes) -> int:
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
