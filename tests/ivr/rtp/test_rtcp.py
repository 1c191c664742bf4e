"""RTCP compounds on the wire, and the times in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.rtp.errors import RtpError
from ivr.rtp.rtcp import (
    Goodbye,
    ReceiverReport,
    Report,
    ReportBlock,
    SenderReport,
    SourceDescription,
    compact_ntp,
    ntp_time,
    parse,
    round_trip_s,
    serialize,
)

word = st.integers(0, 0xFFFFFFFF)
blocks = st.lists(
    st.builds(
        ReportBlock,
        ssrc=word,
        fraction_lost=st.integers(0, 255),
        lost=st.integers(-(2**23), 2**23 - 1),
        highest_sequence=word,
        jitter=word,
        last_sr=word,
        delay_since_last_sr=word,
    ),
    max_size=4,
).map(tuple)
senders = st.builds(SenderReport, word, st.integers(0, 2**64 - 1), word, word, word, blocks)
receivers = st.builds(ReceiverReport, word, blocks)
items = st.lists(st.tuples(st.integers(1, 8), st.binary(max_size=20)), max_size=3).map(tuple)
descriptions = st.builds(SourceDescription, st.lists(st.tuples(word, items), max_size=3).map(tuple))
goodbyes = st.builds(Goodbye, st.lists(word, max_size=3).map(tuple), st.binary(max_size=20))


@given(st.one_of(senders, receivers), st.lists(st.one_of(descriptions, goodbyes), max_size=3))
def test_any_compound_survives_being_written_and_read(first: Report, rest: list[Report]):
    data = serialize([first, *rest])
    assert len(data) % 4 == 0
    assert parse(data) == [first, *rest]


@given(st.binary(max_size=80), st.integers(200, 204), st.integers(0, 31))
def test_garbage_raises_nothing_but_rtp_errors(garbage: bytes, kind: int, count: int):
    words = len(garbage) // 4
    for data in (garbage, bytes((0x80 | count, kind, 0, words)) + garbage[: words * 4]):
        try:
            parse(data)
        except RtpError:
            continue


good = serialize([ReceiverReport(1, (ReportBlock(2),))])


@pytest.mark.rfc("3550 §A.2")
@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "empty"),
        (good[:3], "header"),
        (good[:-4], "longer"),
        (b"\x40" + good[1:], "version"),
        (b"\xa0" + good[1:], "plain report"),
        (serialize([ReceiverReport(1)])[:1] + b"\xca" + good[2:], "plain report"),
        (b"\x82" + good[1:], "blocks"),
        (good + b"\xa1\xcb\0\1\0\0\0\x09", "padding"),
        (good + b"\x82\xcb\0\1\0\0\0\x09", "goodbye"),
        (good + b"\x81\xca\0\2\0\0\0\1\1\x09ab", "item"),
    ],
)
def test_what_rfc_3550_calls_invalid_is_refused(data: bytes, text: str):
    with pytest.raises(RtpError, match=text):
        parse(data)


@pytest.mark.rfc("3550 §6.1")
def test_packet_types_we_do_not_know_are_stepped_over():
    application = b"\x80\xcc\0\2\0\0\0\1name"
    assert parse(good + application + good) == parse(good) * 2


@pytest.mark.rfc("3550 §6.1")
def test_a_compound_begins_with_a_report():
    with pytest.raises(ValueError, match="begins with a report"):
        serialize([Goodbye((1,))])


def test_the_round_trip_is_what_is_left_without_the_peers_delay():
    sent = 1_700_000_000.0
    block = ReportBlock(
        1, last_sr=compact_ntp(ntp_time(sent)), delay_since_last_sr=int(2.5 * 65_536)
    )
    trip = round_trip_s(ntp_time(sent + 2.62), block)
    assert trip == pytest.approx(0.12, abs=0.0001)


@pytest.mark.rfc("3550 §6.4.1")
def test_the_round_trip_example_of_rfc_3550_section_6_4_1():
    # Figure 2: A = 0xb710:8000, DLSR 0x0005:4000, LSR 0xb705:2000; 6.125 s.
    block = ReportBlock(1, last_sr=0xB705_2000, delay_since_last_sr=0x0005_4000)
    assert round_trip_s(0xB710_8000 << 16, block) == 6.125


def test_no_round_trip_is_known_before_the_peer_has_our_report():
    assert round_trip_s(ntp_time(1.0), ReportBlock(1)) is None


def test_a_peer_that_rounds_up_does_not_make_a_round_trip_of_hours():
    block = ReportBlock(1, last_sr=100, delay_since_last_sr=50)
    assert round_trip_s(149 << 16, block) == 0.0


def test_ntp_time_counts_from_1900():
    assert ntp_time(0.5) == (2_208_988_800 << 32) + (1 << 31)
