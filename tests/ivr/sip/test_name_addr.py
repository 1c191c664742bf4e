"""Addresses with a display name and parameters (RFC 3261 §20.10, §25.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.sip.errors import SipParseError
from ivr.sip.name_addr import NameAddr
from ivr.sip.params import Params
from ivr.sip.uri import Uri


@pytest.mark.parametrize(
    ("text", "display", "uri", "tag"),
    [
        ("<sip:a@b>", "", "sip:a@b", None),
        ("sip:a@b;tag=1", "", "sip:a@b", "1"),
        (
            " sip:vivekg@chair.example.com ;   tag    = 19n",
            "",
            "sip:vivekg@chair.example.com",
            "19n",
        ),
        ("caller<sip:a@b>;tag=323", "caller", "sip:a@b", "323"),
        ("A. Bell <sip:a@b>;tag=q", "A. Bell", "sip:a@b", "q"),
        ('"Bell, \\"A\\"" <sip:a@b>', 'Bell, "A"', "sip:a@b", None),
        ('"J \\\\\\""       <sip:a@b>\t; tag = 98', 'J \\"', "sip:a@b", "98"),
        ('"<sip:c@d>" <sip:a@b>', "<sip:c@d>", "sip:a@b", None),
        ('"NUL:\\\0" <sip:a@b>', "NUL:\0", "sip:a@b", None),
        ("民声热线 <sip:12345@b>", "民声热线", "sip:12345@b", None),
        ("\udcc3\udc28 <sip:a@b>", "\udcc3\udc28", "sip:a@b", None),
        ('"" <sip:a@b;lr>;tag=x', "", "sip:a@b;lr", "x"),
        ('"%Z%45" <sip:a@b>', "%Z%45", "sip:a@b", None),
        ("<sip:a@b;tag=inside>", "", "sip:a@b;tag=inside", None),
        ('sip:a@b;x="<;,>";tag=1', "", "sip:a@b", "1"),
        ("tel:+86571;tag=9", "", "tel:+86571", "9"),
        ("<http://www.example.com>;TAG=3", "", "http://www.example.com", "3"),
    ],
)
def test_an_address_is_read(text: str, display: str, uri: str, tag: str | None) -> None:
    address = NameAddr.parse(text)
    assert (address.display, address.uri.serialize(), address.tag) == (display, uri, tag)


@pytest.mark.parametrize(
    ("defect", "text"),
    [
        ("empty", ""),
        ("unterminated quote", '"Mr. J. User <sip:a@b>'),
        ("quote ends in a backslash", '"a\\" <sip:a@b>'),
        ("comma in a bare name", "Bell, Alexander <sip:a@b>"),
        ("bare NUL in a quoted name", '"a\0b" <sip:a@b>'),
        ("bracket not closed", "<sip:a@b"),
        ("bracket not opened", "sip:a@b>"),
        ("brackets twice", "<<sip:a@b>>"),
        ("space inside brackets", "< sip:a@b >"),
        ("headers without brackets", "sip:a@b?Route=%3Csip:c%3E"),
        ("text after the bracket", "<sip:a@b> x"),
        ("empty parameters", "<sip:a@b>;;;;"),
        ("trailing semicolon", "<sip:a@b>;tag=1;"),
        ("tag twice", "<sip:a@b>;tag=1;Tag=2"),
        ("empty tag", "<sip:a@b>;tag="),
        ("space in a tag", "<sip:a@b>;tag=1 2"),
        ("second address", "<sip:a@b>, <sip:c@d>"),
        ("no scheme", "<a@b>"),
    ],
)
def test_a_malformed_address_is_refused(defect: str, text: str) -> None:
    with pytest.raises(SipParseError) as caught:
        NameAddr.parse(text, "To")
    assert caught.value.status == 400, defect
    assert caught.value.reason.startswith("To"), defect


def test_a_tag_is_set_in_its_place_or_at_the_end() -> None:
    assert NameAddr.parse("<sip:a@b>;x=1").with_tag("t").serialize() == "<sip:a@b>;x=1;tag=t"
    assert NameAddr.parse("<sip:a@b>;tag=1;x").with_tag("t").serialize() == "<sip:a@b>;tag=t;x"


@pytest.mark.parametrize(
    ("params", "seconds"),
    [
        (";expires=60", 60),
        (";expires=0060", 60),
        (";expires=280297596632815", 2**32 - 1),
        (";expires=abc", None),
        (";expires", None),
        ("", None),
    ],
)
def test_contact_expires_is_a_number_or_nothing(params: str, seconds: int | None) -> None:
    assert NameAddr.parse(f"<sip:a@b>{params}").expires == seconds


def test_quoted_parameters_are_kept_and_read_without_quotes() -> None:
    address = NameAddr.parse('<sip:a@b>;+sip.instance="<urn:uuid:1>";text="a \\"b\\""')
    assert address.params.get("+sip.instance") == '"<urn:uuid:1>"'
    assert address.params.text("text") == 'a "b"'
    assert address.params.without("text").serialize() == ';+sip.instance="<urn:uuid:1>"'


names = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=30)
tokens = st.text("abcXYZ019-.!%*_+`'~", min_size=1, max_size=12)


@given(display=names, tag=tokens)
def test_what_is_written_reads_the_same(display: str, tag: str) -> None:
    address = NameAddr(Uri.sip("example.com", user="a"), display, Params((("tag", tag),)))
    assert NameAddr.parse(address.serialize()) == address


@given(st.text(max_size=80))
def test_no_text_raises_anything_but_a_parse_error(text: str) -> None:
    for whole in (text, f"{text} <sip:a@b>", f"<sip:a@b>{text}", f'"{text}" <sip:a@b>;tag={text}'):
        try:
            address = NameAddr.parse(whole)
        except SipParseError:
            continue
        if "\r" not in whole and "\n" not in whole:
            assert NameAddr.parse(address.serialize()) == address
