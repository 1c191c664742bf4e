"""Traces as Wireshark reads them: judged by tshark where it is installed, else by the bytes."""

import shutil
import struct
import subprocess
from ipaddress import ip_address
from pathlib import Path

import pytest

from ivr.traces.message import TracedMessage
from ivr.traces.pcap import pcap

INVITE = (
    b"INVITE sip:line@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2\r\nCall-ID: a@b\r\n"
    b"CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
)
OK = b"SIP/2.0 200 OK\r\nCall-ID: a@b\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"


def said(
    data: bytes, incoming: bool, transport: str = "udp", at: float = 1000.25, six: bool = False
):  # type: ignore[no-untyped-def]
    ends = ("2001:db8::1", "2001:db8::2") if six else ("10.0.0.1", "10.0.0.2")
    return TracedMessage(at, incoming, transport, (ends[0], 5060), (ends[1], 5070), "a@b", data)


def packets(file: bytes) -> list[tuple[float, bytes]]:
    magic, major, minor, _, _, _, link = struct.unpack_from("<IHHiIII", file)
    assert (magic, major, minor, link) == (0xA1B23C4D, 2, 4, 101)
    found, at = [], 24
    while at < len(file):
        seconds, ns, kept, whole = struct.unpack_from("<IIII", file, at)
        assert kept == whole
        found.append((seconds + ns / 1e9, file[at + 16 : at + 16 + kept]))
        at += 16 + kept
    return found


def is_sound(data: bytes) -> bool:
    """RFC 1071: what carries its own checksum adds up to all ones."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total == 0xFFFF


def test_a_datagram_has_the_addresses_it_travelled_between() -> None:
    ((at, packet), (_, answer)) = packets(b"".join(pcap([said(INVITE, True), said(OK, False)])))
    assert at == pytest.approx(1000.25)
    assert is_sound(packet[:20])
    assert (str(ip_address(packet[12:16])), str(ip_address(packet[16:20]))) == (
        "10.0.0.2",
        "10.0.0.1",
    )
    source, target, length, _ = struct.unpack_from("!HHHH", packet, 20)
    assert (source, target, length) == (5070, 5060, 8 + len(INVITE))
    assert is_sound(packet[12:20] + struct.pack("!HH", 17, length) + packet[20:])
    assert packet[28:] == INVITE
    assert answer[28:] == OK


def test_a_stream_counts_its_bytes_in_both_directions() -> None:
    file = b"".join(
        pcap([said(INVITE, True, "tcp"), said(OK, False, "tls"), said(INVITE, True, "tcp")])
    )
    heads = [struct.unpack_from("!HHII", packet, 20) for _, packet in packets(file)]
    assert [head[2:] for head in heads] == [
        (1, 1), (1, 1 + len(INVITE)), (1 + len(INVITE), 1 + len(OK)),
    ]  # fmt: skip


def test_a_long_message_of_a_stream_is_cut_into_segments_and_a_datagram_is_cut_off() -> None:
    long = INVITE + b"x" * 70_000
    by_tcp = packets(b"".join(pcap([said(long, True, "tcp")])))
    assert b"".join(packet[40:] for _, packet in by_tcp) == long
    ((_, only),) = packets(b"".join(pcap([said(long, True)])))
    assert len(only) == 28 + 65_000


def test_ipv6_and_ends_of_two_kinds_and_names_are_shown() -> None:
    ((_, six),) = packets(b"".join(pcap([said(INVITE, True, six=True)])))
    assert six[0] >> 4 == 6
    assert six[48:] == INVITE
    assert is_sound(six[8:40] + struct.pack("!II", len(six) - 40, 17) + six[40:])
    mixed = TracedMessage(1.0, True, "udp", ("::1", 5060), ("10.0.0.2", 5060), "a", INVITE)
    ((_, both),) = packets(b"".join(pcap([mixed])))
    assert ip_address(both[8:24]) == ip_address("::ffff:10.0.0.2")
    named = TracedMessage(1.0, True, "udp", ("pbx", 5060), ("10.0.0.2", 5060), "a", INVITE)
    ((_, nameless),) = packets(b"".join(pcap([named])))
    assert str(ip_address(nameless[16:20])) == "0.0.0.0"


@pytest.mark.skipif(shutil.which("tshark") is None, reason="apt install tshark")
def test_wireshark_reads_every_message(tmp_path: Path) -> None:
    file = tmp_path / "call.pcap"
    file.write_bytes(
        b"".join(pcap([said(INVITE, True), said(OK, False), said(INVITE, True, "tcp", six=True)]))
    )
    read = subprocess.run(
        ["tshark", "-r", str(file), "-Y", "sip", "-T", "fields", "-e", "sip.Call-ID",
         "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert read.stdout.split() == ["a@b"] * 3
