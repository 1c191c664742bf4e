"""The text of session descriptions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.sdp.description import (
    Attribute,
    Connection,
    Media,
    Origin,
    SessionDescription,
    max_bytes,
    max_media,
    parse,
    serialize,
)
from ivr.sdp.errors import SdpError

small = (
    b"v=0\r\no=alice 1 2 IN IP4 192.0.2.1\r\ns=call\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n"
)


def refused(text: bytes) -> SdpError:
    with pytest.raises(SdpError) as caught:
        parse(text)
    return caught.value


def test_what_is_parsed_and_written_again_is_the_same_text():
    assert serialize(parse(small)) == small


def test_bare_line_feeds_blank_lines_and_a_missing_name_are_tolerated():
    text = b"v=0\no=- 1 2 IN IP4 192.0.2.1\nc=IN IP4 192.0.2.1\n\nm=audio 4000 RTP/AVP 0\n\n \n"
    description = parse(text)
    assert description.media[0].port == 4000
    assert (description.name, description.timing) == ("-", ("0 0",))


def test_unknown_line_types_are_stepped_over():
    text = small.replace(b"t=0 0\r\n", b"k=clear:x\r\ny=odd\r\nt=0 0\r\n")
    assert parse(text) == parse(small)


def test_bytes_outside_ascii_travel_through_untouched():
    text = small.replace(b"s=call", "s=民声".encode())
    assert serialize(parse(text)) == text


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b"", "line 1"),
        (b"hello", "line 1"),
        (b"v=1\r\n", "line 1"),
        (small.replace(b"o=alice 1 2 IN IP4 192.0.2.1\r\n", b""), "session"),
        (small.replace(b"o=alice 1 2", b"o=alice x 2"), "line 2"),
        (small.replace(b"o=alice 1 2", b"o=1 2"), "line 2"),
        (small.replace(b"c=IN IP4 192.0.2.1", b"c=IN IP4 192.0.2.256"), "line 4"),
        (small.replace(b"c=IN IP4 192.0.2.1", b"c=IN IP6 20::1::2"), "line 4"),
        (small.replace(b"c=IN IP4 192.0.2.1", b"c=ATM X 1"), "line 4"),
        (small.replace(b"t=0 0", b"t=now"), "line 5"),
        (small.replace(b"4000", b"65536"), "line 6"),
        (small.replace(b"4000", b"-1"), "line 6"),
        (small.replace(b"4000", "４０００".encode()), "line 6"),
        (small.replace(b" RTP/AVP 0", b" RTP/AVP"), "line 6"),
        (small.replace(b"a=sendrecv", b"sendrecv"), "line 7"),
        (small.replace(b"a=sendrecv", b"a=:x"), "line 7"),
        (small.replace(b"a=sendrecv", b"a=send\rrecv"), "line 7"),
        (small + b"\0", "session"),
        (small + b"a=x\r\n" * 600, "session"),
        (small + b"a=" + b"x" * max_bytes, "session"),
        (small + b"m=audio 0 RTP/AVP 0\r\n" * max_media, f"line {7 + max_media}"),
    ],
)
def test_what_is_no_description_is_refused_with_400_and_its_place(text: bytes, place: str):
    error = refused(text)
    assert (error.status, error.place) == (400, place)


def test_multicast_is_refused_as_not_for_a_telephone_call():
    assert refused(small.replace(b"IP4 192.0.2.1\r\nt", b"IP4 224.2.1.1/127\r\nt")).status == 488


def test_no_line_break_gets_into_what_is_written():
    description = parse(small)
    crooked = SessionDescription(description.origin, name="x\r\na=inactive")
    with pytest.raises(ValueError, match="line break"):
        serialize(crooked)


words = st.from_regex(r"[a-zA-Z0-9]{1,8}", fullmatch=True)
addresses = st.one_of(
    st.ip_addresses(v=4).map(lambda a: Connection("IP4", str(a))),
    st.ip_addresses(v=6).map(lambda a: Connection("IP6", str(a))),
)
attributes = st.lists(
    st.builds(Attribute, words.map(str.lower), st.one_of(st.none(), words)), max_size=4
).map(tuple)
media = st.builds(
    Media,
    kind=words,
    port=st.integers(0, 65_535),
    protocol=st.sampled_from(["RTP/AVP", "RTP/SAVP", "udptl"]),
    formats=st.lists(words, min_size=1, max_size=5).map(tuple),
    connection=st.one_of(st.none(), addresses),
    bandwidths=st.lists(words, max_size=2).map(tuple),
    attributes=attributes,
)
descriptions = st.builds(
    SessionDescription,
    origin=st.builds(
        lambda c, i, v: Origin("-", str(i), v, c.family, c.address),
        addresses,
        st.integers(0, 2**62),
        st.integers(0, 2**62),
    ),
    name=words,
    connection=st.one_of(st.none(), addresses),
    bandwidths=st.lists(words, max_size=2).map(tuple),
    timing=st.just(("0 0",)),
    attributes=attributes,
    media=st.lists(media, max_size=4).map(tuple),
)


@given(descriptions)
def test_any_description_survives_being_written_and_read(description: SessionDescription):
    assert parse(serialize(description)) == description


@given(st.binary(max_size=300))
def test_garbage_raises_nothing_but_sdp_errors(garbage: bytes):
    for text in (garbage, b"v=0\r\n" + garbage, small + garbage):
        try:
            parse(text)
        except SdpError as error:
            assert error.status in (400, 488)  # noqa: PT017 - either outcome is right


@given(st.data())
def test_one_changed_byte_raises_nothing_but_sdp_errors(data: st.DataObject):
    place = data.draw(st.integers(0, len(small) - 1))
    text = bytearray(small)
    text[place] = data.draw(st.integers(0, 255))
    try:
        parse(bytes(text))
    except SdpError as error:
        assert error.status in (400, 488)  # noqa: PT017 - either outcome is right


def test_an_origin_whose_family_could_not_be_written_again_is_refused():
    """Found by fuzzing: ÿ is Latin-1, its capital is not."""
    with pytest.raises(SdpError, match="o= needs IP4 or IP6"):
        parse(b"v=0\r\no=- 1 1 IN IP4\xff 192.0.2.9\r\ns=-\r\nt=0 0\r\n")
