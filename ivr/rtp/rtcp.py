"""RTCP compound packets: reports, source descriptions, goodbyes (RFC 3550 §6, A.2).

What comes is checked as A.2 says: version 2 throughout, a report first, and
lengths that add up to the datagram. Packet types we have no use for (APP,
feedback, extended reports) are stepped over.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ivr.rtp.errors import RtpError

sender_report: Final = 200
receiver_report: Final = 201
source_description: Final = 202
goodbye: Final = 203

cname: Final = 1
_ntp_epoch_offset_s: Final = 2_208_988_800  # 1900 to 1970
_header = struct.Struct("!BBH")
_block = struct.Struct("!IB3sIIII")
_sender_info = struct.Struct("!QIII")


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """How one source is received (§6.4.1); `fraction_lost` in 256ths, `jitter` in samples."""

    ssrc: int
    fraction_lost: int = 0
    lost: int = 0
    highest_sequence: int = 0
    jitter: int = 0
    last_sr: int = 0
    delay_since_last_sr: int = 0


@dataclass(frozen=True, slots=True)
class SenderReport:
    """SR (§6.4.1); `ntp` has 32 bits of seconds since 1900 and 32 of fraction."""

    ssrc: int
    ntp: int
    rtp_timestamp: int
    packets: int
    octets: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    """RR (§6.4.2)."""

    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceDescription:
    """SDES (§6.5): for each source its items, (type, text)."""

    chunks: tuple[tuple[int, tuple[tuple[int, bytes], ...]], ...]


@dataclass(frozen=True, slots=True)
class Goodbye:
    """BYE (§6.6)."""

    sources: tuple[int, ...]
    reason: bytes = b""


Report = SenderReport | ReceiverReport | SourceDescription | Goodbye


def parse(data: bytes) -> list[Report]:
    """Read a compound packet; RtpError where A.2 finds it invalid."""
    reports: list[Report] = []
    position = 0
    while position < len(data):
        if len(data) - position < 4:
            raise RtpError("RTCP header cut off")
        first, kind, words = _header.unpack_from(data, position)
        end = position + 4 * (words + 1)
        if first >> 6 != 2:
            raise RtpError(f"RTCP version {first >> 6}, not 2")
        if position == 0 and (kind not in (sender_report, receiver_report) or first & 0x20):
            raise RtpError(f"RTCP compound begins with type {kind}, not with a plain report")
        if end > len(data):
            raise RtpError("RTCP packet longer than its datagram")
        body = bytes(data[position + 4 : end])
        if first & 0x20:
            body = _unpadded(body)
        report = _parse_one(kind, first & 0x1F, body)
        if report is not None:
            reports.append(report)
        position = end
    if not reports:
        raise RtpError("empty RTCP datagram")
    return reports


def _unpadded(body: bytes) -> bytes:
    count = body[-1] if body else 0
    if count == 0 or count > len(body):
        raise RtpError("RTCP padding does not fit")
    return body[:-count]


def _parse_one(kind: int, count: int, body: bytes) -> Report | None:
    if kind == sender_report:
        if len(body) < 24:
            raise RtpError("sender report cut off")
        (ssrc,) = struct.unpack_from("!I", body)
        ntp, timestamp, packets, octets = _sender_info.unpack_from(body, 4)
        return SenderReport(ssrc, ntp, timestamp, packets, octets, _blocks(body, 24, count))
    if kind == receiver_report:
        if len(body) < 4:
            raise RtpError("receiver report cut off")
        (ssrc,) = struct.unpack_from("!I", body)
        return ReceiverReport(ssrc, _blocks(body, 4, count))
    if kind == source_description:
        return SourceDescription(tuple(_chunks(body, count)))
    if kind == goodbye:
        if len(body) < 4 * count:
            raise RtpError("goodbye cut off")
        rest = body[4 * count :]
        reason = rest[1 : 1 + rest[0]] if rest else b""
        return Goodbye(struct.unpack_from(f"!{count}I", body), reason)
    return None


def _blocks(body: bytes, position: int, count: int) -> tuple[ReportBlock, ...]:
    if len(body) < position + count * _block.size:
        raise RtpError(f"report ends inside its {count} blocks")
    blocks = []
    for number in range(count):
        ssrc, fraction, lost, highest, jitter, lsr, dlsr = _block.unpack_from(
            body, position + number * _block.size
        )
        signed = int.from_bytes(lost, "big", signed=True)
        blocks.append(ReportBlock(ssrc, fraction, signed, highest, jitter, lsr, dlsr))
    return tuple(blocks)


def _chunks(body: bytes, count: int) -> list[tuple[int, tuple[tuple[int, bytes], ...]]]:
    chunks = []
    position = 0
    for _ in range(count):
        if len(body) < position + 4:
            raise RtpError("source description cut off")
        (ssrc,) = struct.unpack_from("!I", body, position)
        position += 4
        items = []
        while position < len(body) and body[position] != 0:
            if len(body) < position + 2 or len(body) < position + 2 + body[position + 1]:
                raise RtpError("source description item cut off")
            length = body[position + 1]
            items.append((body[position], body[position + 2 : position + 2 + length]))
            position += 2 + length
        # One zero ends the list, more fill the word (§6.5).
        position = (position // 4 + 1) * 4
        chunks.append((ssrc, tuple(items)))
    return chunks


def serialize(reports: Sequence[Report]) -> bytes:
    """Write a compound packet in the order given; a report comes first (§6.1)."""
    if not reports or not isinstance(reports[0], SenderReport | ReceiverReport):
        raise ValueError("an RTCP compound begins with a report")
    return b"".join(_serialize_one(report) for report in reports)


def _serialize_one(report: Report) -> bytes:
    if isinstance(report, SenderReport):
        body = struct.pack("!I", report.ssrc) + _sender_info.pack(
            report.ntp,
            report.rtp_timestamp,
            report.packets & 0xFFFFFFFF,
            report.octets & 0xFFFFFFFF,
        )
        return _framed(sender_report, len(report.blocks), body + _pack_blocks(report.blocks))
    if isinstance(report, ReceiverReport):
        body = struct.pack("!I", report.ssrc) + _pack_blocks(report.blocks)
        return _framed(receiver_report, len(report.blocks), body)
    if isinstance(report, SourceDescription):
        chunks = b"".join(_pack_chunk(ssrc, items) for ssrc, items in report.chunks)
        return _framed(source_description, len(report.chunks), chunks)
    body = struct.pack(f"!{len(report.sources)}I", *report.sources)
    if report.reason:
        text = bytes((len(report.reason),)) + report.reason
        body += text + bytes(-len(text) % 4)
    return _framed(goodbye, len(report.sources), body)


def _framed(kind: int, count: int, body: bytes) -> bytes:
    if count > 31:
        raise ValueError("at most 31 blocks, chunks or sources in one RTCP packet")
    return _header.pack(0x80 | count, kind, len(body) // 4) + body


def _pack_blocks(blocks: Sequence[ReportBlock]) -> bytes:
    return b"".join(
        _block.pack(
            block.ssrc,
            block.fraction_lost,
            max(-0x800000, min(block.lost, 0x7FFFFF)).to_bytes(3, "big", signed=True),
            block.highest_sequence,
            min(block.jitter, 0xFFFFFFFF),
            block.last_sr,
            block.delay_since_last_sr,
        )
        for block in blocks
    )


def _pack_chunk(ssrc: int, items: Sequence[tuple[int, bytes]]) -> bytes:
    chunk = struct.pack("!I", ssrc)
    for kind, text in items:
        chunk += bytes((kind, len(text))) + text
    return chunk + bytes(4 - len(chunk) % 4)


def ntp_time(unix_s: float) -> int:
    """64-bit NTP time of a Unix time (§4)."""
    return int((unix_s + _ntp_epoch_offset_s) * 2**32) & 0xFFFFFFFFFFFFFFFF


def compact_ntp(ntp: int) -> int:
    """The middle 32 bits, in 1/65536 s, as LSR carries them (§6.4.1)."""
    return ntp >> 16 & 0xFFFFFFFF


def round_trip_s(now_ntp: int, block: ReportBlock) -> float | None:
    """Time to the reporter and back, without its own delay (§6.4.1); None where it cannot know."""
    if block.last_sr == 0:
        return None
    units = compact_ntp(now_ntp) - block.last_sr - block.delay_since_last_sr & 0xFFFFFFFF
    # A peer that rounds its delay up may come out a little below zero.
    return 0.0 if units > 0x7FFFFFFF else units / 65_536
