"""RTP packets, what a stream of them says of the path, reports, and keys."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from ivr.media.reports import Reports
from ivr.rtp import packet, rtcp, telephone_event
from ivr.rtp.errors import RtpError
from ivr.rtp.packet import Packet
from ivr.rtp.reception import Reception
from ivr.rtp.telephone_event import KeyReceiver
from tests.fuzz.target import Target


def one_packet(data: bytes) -> None:
    found = packet.parse(data)
    assert len(found.payload) <= len(data) - packet.header_bytes
    assert packet.parse(packet.serialize(found)) == found


def reception(data: bytes) -> None:
    """Any order of sequence numbers and times: figures that a report can carry."""
    source: Reception | None = None
    for at in range(0, len(data) - 3, 4):
        sequence, pause = struct.unpack_from("!HH", data, at)
        if source is None:
            source = Reception(sequence)
        source.take(sequence)
        source.arrived(sequence * 160 & 0xFFFFFFFF, at * 40 + pause)
        if pause & 15 == 15:
            assert 0 <= source.take_fraction_lost() <= 255
        assert source.jitter >= 0
        assert 0 <= source.extended_highest <= 0xFFFFFFFF
    if source is not None:
        block = rtcp.ReportBlock(1, 0, source.lost, source.extended_highest, int(source.jitter))
        rtcp.parse(rtcp.serialize((rtcp.ReceiverReport(1, (block,)),)))


def reports(data: bytes) -> None:
    """A compound packet, read and taken by a leg's reports, which then report themselves."""
    try:
        found = rtcp.parse(data)
    except RtpError:
        found = []
    leg = Reports(0x01020304, b"line@192.0.2.1")
    leg.new_source(7, 100)
    assert leg.receive(data, 1_800_000_000.0) == bool(found)
    leg.statistics()
    leg.compose(1_800_000_001.0, 160)
    rtcp.parse(leg.compose_goodbye(1_800_000_002.0, 320))
    if not found:
        raise RtpError("refused")
    if isinstance(found[0], rtcp.SenderReport | rtcp.ReceiverReport):
        shown = [one for one in found if not isinstance(one, rtcp.SourceDescription)]
        rtcp.parse(rtcp.serialize(shown))


def keys(data: bytes) -> None:
    """Packets of events: seven bytes each of source, sequence and time, and a payload."""
    receiver = KeyReceiver()
    pressed = 0
    packets = list(_event_packets(data))
    for given in packets:
        try:
            pressed += receiver.receive(*given) is not None
        except RtpError:
            continue
    assert pressed <= len(packets)
    # Heard again in the same order at once, the last press is not pressed again.
    if packets:
        try:
            assert receiver.receive(*packets[-1]) is None
        except RtpError:
            pass


def _event_packets(data: bytes) -> Iterator[tuple[int, int, int, bool, bytes]]:
    at = 0
    while at + 6 <= len(data):
        first, sequence, timestamp = struct.unpack_from("!HHH", data, at)
        size = first >> 2 & 7
        yield (
            *(first & 3, sequence, timestamp * (80 if first & 0x20 else 0x7FFF)),
            *(bool(first & 0x8000), data[at + 6 : at + 6 + size]),
        )
        at += 6 + size


def _key_seed(key: str) -> bytes:
    seed = b""
    for number, (marker, payload) in enumerate(telephone_event.press(key)):
        seed += struct.pack("!HHH", marker << 15 | 4 << 2 | 1, number, 10) + payload
    return seed


_BLOCK = rtcp.ReportBlock(0x01020304, 3, -7, 70000, 12, 99, 6)
_SENDER = rtcp.SenderReport(7, rtcp.ntp_time(1.8e9), 160, 50, 8000, (_BLOCK,))
_NAMED = rtcp.SourceDescription(((7, ((1, b"peer"), (2, b""))),))
_REPORTS = (
    rtcp.serialize((_SENDER, _NAMED, rtcp.Goodbye((7, 8), b"gone"))),
    rtcp.serialize((rtcp.ReceiverReport(7, (_BLOCK, _BLOCK)), _NAMED)),
    rtcp.serialize((rtcp.ReceiverReport(7),))
    + b"\x80\xcc\x00\x02\0\0\0\7name\xa0\xc8\x00\x01\0\0\0\4",
)
_PACKETS = (
    packet.serialize(Packet(0, 1, 160, 7, b"\xff" * 40)),
    packet.serialize(Packet(101, 1, 160, 7, b"\1\x8a\0\xa0", marker=True, csrc=(1, 2), padding=4)),
    packet.serialize(Packet(8, 65535, 2**32 - 1, 7, b"x", extension=(0xBEDE, b"abcd" * 3))),
)

TARGETS = (
    Target("rtp_packet", one_packet, (RtpError,), lambda: _PACKETS, max_bytes=1500),
    Target(
        "rtp_reception",
        reception,
        (),
        lambda: (
            b"".join(struct.pack("!HH", n & 0xFFFF, n % 7) for n in range(65520, 65560)),
            b"".join(struct.pack("!HH", n * 3001 & 0xFFFF, 31) for n in range(20)),
        ),
        max_bytes=800,
    ),
    Target("rtcp", reports, (RtpError,), lambda: _REPORTS, max_bytes=1500),
    Target(
        "telephone_event",
        keys,
        (RtpError,),
        lambda: (_key_seed("5"), _key_seed("#") + _key_seed("#"), _key_seed("D")),
        max_bytes=600,
    ),
)
