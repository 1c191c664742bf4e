"""RTP packets on the wire."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.rtp.errors import RtpError
from ivr.rtp.packet import Packet, parse, serialize

packets = st.builds(
    Packet,
    payload_type=st.integers(0, 127),
    sequence=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    ssrc=st.integers(0, 0xFFFFFFFF),
    payload=st.binary(max_size=40),
    marker=st.booleans(),
    csrc=st.lists(st.integers(0, 0xFFFFFFFF), max_size=15).map(tuple),
    extension=st.one_of(
        st.none(),
        st.tuples(
            st.integers(0, 0xFFFF), st.binary(max_size=12).map(lambda b: b[: len(b) // 4 * 4])
        ),
    ),
    padding=st.integers(0, 255),
)


@given(packets)
def test_any_packet_survives_being_written_and_read(packet: Packet):
    assert parse(serialize(packet)) == packet


@given(st.binary(max_size=80))
def test_garbage_raises_nothing_but_rtp_errors(garbage: bytes):
    for data in (garbage, b"\x80" + garbage, b"\xbf" + garbage):
        try:
            parse(data)
        except RtpError:
            continue


@pytest.mark.rfc("3550 §5.1")
def test_the_header_is_laid_out_as_in_rfc_3550():
    data = serialize(Packet(8, 0x1234, 0x01020304, 0xA0B0C0D0, b"x", marker=True))
    assert data == bytes.fromhex("80 88 1234 01020304 a0b0c0d0") + b"x"


header = struct.pack("!BBHII", 0x80, 0, 1, 2, 3)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "needs 12 bytes"),
        (header[:11], "needs 12 bytes"),
        (b"\x40" + header[1:], "version 1"),
        (b"\x81" + header[1:], "CSRC"),
        (b"\x90" + header[1:], "extension header"),
        (b"\x90" + header[1:] + b"\0\0\0\1", "extension of 1 words"),
        (b"\xa0" + header[1:], "padding"),
        (b"\xa0" + header[1:] + b"\0", "padding of 0"),
        (b"\xa0" + header[1:] + b"\0\0\4", "padding of 4"),
    ],
)
def test_a_length_that_does_not_fit_is_named(data: bytes, text: str):
    with pytest.raises(RtpError, match=text):
        parse(data)


def test_what_no_packet_can_carry_is_our_own_mistake():
    for packet in (
        Packet(128, 0, 0, 0),
        Packet(0, 0, 0, 0, csrc=(1,) * 16),
        Packet(0, 0, 0, 0, extension=(0, b"abc")),
    ):
        with pytest.raises(ValueError, match=r".+"):
            serialize(packet)
