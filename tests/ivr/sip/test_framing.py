"""Messages out of a stream (RFC 3261 §18.3, RFC 5626 §3.5.1)."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.sip.errors import SipParseError
from ivr.sip.framing import StreamFramer
from ivr.sip.message import MESSAGE_MAX_BYTES, parse

HEAD = (
    b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP c;branch=z9hG4bK1\r\nFrom: <sip:c@c>;tag=1\r\n"
    b"To: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n"
)


def options(length: bytes = b"Content-Length: 0", body: bytes = b"") -> bytes:
    return HEAD + length + b"\r\n\r\n" + body


ONE = options()
TWO = options(b"l : 12", b"v=0\r\n\r\nabc\r\n")
THREE = options(b"CONTENT-LENGTH:\r\n\t0004", b"\r\n\r\n")


def fault_of(message: bytes) -> str:
    try:
        parse(message, stream=True)
    except SipParseError as error:
        return error.reason
    return ""


def feed_all(framer: StreamFramer, pieces: list[bytes]) -> list[bytes]:
    return [message for piece in pieces for message in framer.feed(piece)]


@pytest.mark.rfc("3261 §18.3")
def test_several_messages_in_one_piece_come_apart() -> None:
    assert StreamFramer().feed(ONE + TWO + THREE + ONE[:10]) == [ONE, TWO, THREE]


@pytest.mark.rfc("3261 §18.3")
def test_byte_by_byte_the_messages_are_the_same() -> None:
    framer = StreamFramer()
    stream = ONE + b"\r\n" + TWO + THREE
    pieces = [stream[i : i + 1] for i in range(len(stream))]
    assert feed_all(framer, pieces) == [ONE, TWO, THREE]
    assert framer.take_pings() == 0


def test_a_message_comes_out_with_its_last_byte_and_not_before() -> None:
    framer = StreamFramer()
    assert framer.feed(TWO[:-1]) == []
    assert framer.feed(TWO[-1:]) == [TWO]


@given(st.lists(st.sampled_from([ONE, TWO, THREE]), max_size=5), st.lists(st.integers(0, 900)))
def test_however_the_stream_is_cut_the_messages_are_the_same(
    messages: list[bytes], cuts: list[int]
) -> None:
    stream = b"".join(messages)
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    pieces = [stream[a:b] for a, b in pairwise(places)]
    framed = feed_all(StreamFramer(), pieces)
    assert framed == messages
    for message in framed:
        parse(message, stream=True)


@pytest.mark.rfc("5626 §4.4.1")
def test_a_ping_is_reported_once_and_costs_no_message() -> None:
    framer = StreamFramer()
    assert framer.feed(b"\r\n\r") == []
    assert framer.take_pings() == 0
    assert framer.feed(b"\n") == []
    assert framer.take_pings() == 1
    assert framer.take_pings() == 0
    assert framer.feed(b"\r\n\r\n" * 2 + ONE + b"\r\n\r\n") == [ONE]
    assert framer.take_pings() == 3


def test_a_pong_or_the_line_end_after_a_body_is_no_ping() -> None:
    framer = StreamFramer()
    assert framer.feed(ONE + b"\r\n" + ONE + b"\r\n" + ONE) == [ONE, ONE, ONE]
    assert framer.take_pings() == 0


@pytest.mark.rfc("3261 §18.3")
@pytest.mark.parametrize(
    ("defect", "length"),
    [
        ("missing", b"X: y"),
        ("negative", b"Content-Length: -999"),
        ("twice with two values", b"Content-Length: 0\r\nl: 5"),
        ("twice with one value", b"Content-Length: 0\r\nContent-Length: 0"),
        ("empty", b"Content-Length:"),
        ("letters", b"Content-Length: zero"),
        ("list", b"Content-Length: 0, 0"),
        ("other digits", "Content-Length: ٣".encode()),
        ("folded into two numbers", b"Content-Length: 1\r\n 2"),
        ("overlong", b"Content-Length: " + b"9" * 300),
    ],
)
def test_a_length_that_cannot_be_trusted_closes_the_stream(defect: str, length: bytes) -> None:
    framer = StreamFramer()
    with pytest.raises(SipParseError) as caught:
        framer.feed(options(length))
    assert caught.value.status == 400, defect
    assert caught.value.partial is not None, defect
    assert caught.value.partial.call_id == "x"
    with pytest.raises(SipParseError):
        framer.feed(ONE)
    with pytest.raises(SipParseError) as caught:
        parse(framer.rejected, stream=True)
    assert caught.value.status == 400, defect
    assert caught.value.partial is not None, defect


def test_messages_before_a_fault_are_handed_back_first() -> None:
    framer = StreamFramer()
    assert framer.feed(ONE + options(b"l: -1")) == [ONE]
    assert framer.failed is not None
    with pytest.raises(SipParseError):
        framer.feed(ONE)


def test_a_fault_in_a_response_or_an_ack_is_not_answered() -> None:
    for start in (b"SIP/2.0 200 OK", b"ACK sip:a@b SIP/2.0"):
        with pytest.raises(SipParseError) as caught:
            StreamFramer().feed(options(b"l: -1").replace(b"OPTIONS sip:a@b SIP/2.0", start))
        assert caught.value.partial is None


def test_a_body_that_would_not_fit_is_refused_before_it_comes() -> None:
    with pytest.raises(SipParseError) as caught:
        StreamFramer().feed(options(b"Content-Length: 65535"))
    assert caught.value.status == 513
    assert caught.value.partial is not None
    room = MESSAGE_MAX_BYTES - len(options(b"Content-Length: 65000"))
    largest = options(b"Content-Length: %d" % room, b"x" * room)
    assert len(largest) == MESSAGE_MAX_BYTES
    assert StreamFramer().feed(largest) == [largest]


def test_a_header_without_end_is_refused_at_the_limit_and_not_kept() -> None:
    framer = StreamFramer()
    piece = b"X: " + b"a" * 1021
    for _ in range(MESSAGE_MAX_BYTES // len(piece)):
        assert framer.feed(piece) == []
    with pytest.raises(SipParseError) as caught:
        framer.feed(piece)
    assert caught.value.status == 513
    assert len(framer._buffer) == 0


@pytest.mark.parametrize("pieces", [[b"\r" + ONE], [b"\r", ONE], [b"\r\n\r", ONE]])
def test_a_line_end_cut_in_half_before_a_message_is_refused_with_it(pieces: list[bytes]) -> None:
    framer = StreamFramer()
    with pytest.raises(SipParseError):
        feed_all(framer, pieces)
    assert framer.rejected == b"\r" + ONE


@pytest.mark.timeout(20)
def test_a_large_message_byte_by_byte_is_not_searched_again_and_again() -> None:
    framer = StreamFramer()
    data = HEAD + b"X: y\r\n" * 9000 + b"l: 0\r\n\r\n"
    assert feed_all(framer, [data[i : i + 1] for i in range(len(data))]) == [data]


@given(st.lists(st.binary(max_size=40) | st.sampled_from([ONE, TWO, b"\r\n", b"l: 3"]), max_size=8))
def test_no_bytes_raise_anything_but_a_parse_error(pieces: list[bytes]) -> None:
    framer = StreamFramer()
    for piece in pieces:
        try:
            messages = framer.feed(piece)
        except SipParseError:
            assert framer.failed is not None
            assert fault_of(framer.rejected)
            return
        for message in messages:
            assert not fault_of(message).startswith("Content-Length"), "framer and parser agree"
