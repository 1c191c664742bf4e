"""The words of the grammar, and what they cost (RFC 3261 §25.1)."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.sip.auth import Challenge
from ivr.sip.errors import SipParseError
from ivr.sip.headers import Headers
from ivr.sip.lexing import elements, number, quote, unquote
from ivr.sip.message import Response
from ivr.sip.name_addr import NameAddr
from ivr.sip.params import Params
from ivr.sip.uri import Uri
from ivr.sip.via import Via

READERS: dict[str, Callable[[str], object]] = {
    "NameAddr": NameAddr.parse,
    "Uri": Uri.parse,
    "Uri user": lambda text: Uri.parse(f"sip:{text}"),
    "Uri parameters": lambda text: Uri.parse(f"sip:a@b;{text}"),
    "Via": Via.parse,
    "Via parameters": lambda text: Via.salvage(f"SIP/2.0/UDP a{text}"),
    "Params": lambda text: Params.parse(f";{text}", "x"),
    "elements": lambda text: elements(text, "x"),
    "Challenge": lambda text: Challenge.parse(f"Digest {text}"),
    "Retry-After": lambda text: Response(503, "", Headers([("Retry-After", text)])).retry_after,
    "Content-Type": lambda text: Response(200, "", Headers([("c", text)])).content_type,
    "CSeq": lambda text: Response(200, "", Headers([("CSeq", text)])).cseq,
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("reader", list(READERS))
@pytest.mark.parametrize(
    "unit",
    ['"', '\\"', '"\\"', "<", " ", "\t", "a", ";", ",", "%41", ":", "@", "1", "=", '"",', "a "],
)
def test_no_text_costs_more_than_its_length(reader: str, unit: str) -> None:
    # A reader that goes back over what it has read would need hours for this.
    text = unit * (400_000 // len(unit))
    for whole in (text, f"a{text}", f'"{text}', f"<{text}"):
        try:
            READERS[reader](whole)
        except SipParseError:
            pass


@given(st.text(st.characters(exclude_characters="\r\n")))
def test_quoted_text_reads_back(text: str) -> None:
    assert unquote(quote(text)) == text


@given(st.integers(0, 2**40), st.integers(0, 20))
def test_a_number_is_read_up_to_its_maximum(value: int, zeros: int) -> None:
    text = "0" * zeros + str(value)
    assert number(text, value, "x") == value
    if value:
        with pytest.raises(SipParseError):
            number(text, value - 1, "x")


@pytest.mark.parametrize("text", ["", "+1", "-1", " 1", "1 ", "1.0", "1e3", "0x1", "١", "１", "²"])
def test_what_is_no_number_in_ascii_is_refused(text: str) -> None:
    with pytest.raises(SipParseError):
        number(text, 10, "x")


@given(st.lists(st.sampled_from(['"a,b"', "<c,d>", "e", '"f\\",g"', "h;i=j"]), min_size=1))
def test_what_is_joined_with_commas_comes_apart_again(parts: list[str]) -> None:
    assert elements(", ".join(parts), "x") == parts
