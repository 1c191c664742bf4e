"""Session descriptions inside multipart bodies, RFC 2046, RFC 5621."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.sip.events import InviteReceived
from ivr.sip.multipart import part
from tests.ivr.sip.peers import OFFER, Line, request

MIXED = 'multipart/mixed;boundary="edge"'


def body(*parts: tuple[str, bytes], before: bytes = b"") -> bytes:
    whole = before
    for head, content in parts:
        whole += b"--edge\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n"
    return whole + b"--edge--\r\n"


@pytest.mark.rfc("5621 §3.1")
def test_the_session_description_is_found_beside_other_parts() -> None:
    line = Line()
    parts = body(
        ("Content-Type: application/isup;version=itu-t92+", b"\0\1\2"),
        ("content-type: application/SDP\r\nContent-Disposition: session", OFFER),
    )
    assert line.statuses(request("INVITE", body=parts, content_type=MIXED)) == [100]
    assert line.event(InviteReceived).body == OFFER


@pytest.mark.rfc("3261 §21.4.13")
def test_a_multipart_body_without_one_is_refused_with_415() -> None:
    parts = body(("Content-Type: text/plain", b"hello"))
    assert Line().statuses(request("INVITE", body=parts, content_type=MIXED)) == [415]
    assert Line().statuses(request("INVITE", body=OFFER, content_type="multipart/mixed")) == [415]


def test_an_encoded_part_is_not_taken() -> None:
    parts = body(("Content-Type: application/sdp\r\nContent-Transfer-Encoding: base64", b"djA9"))
    assert part(parts, MIXED, "application/sdp") is None


def test_what_stands_before_the_first_and_after_the_last_part_is_not_read() -> None:
    parts = body(("Content-Type: application/sdp", OFFER), before=b"preamble\r\n")
    assert part(parts, MIXED, "application/sdp") == OFFER
    late = body() + b"--edge\r\nContent-Type: application/sdp\r\n\r\n" + OFFER
    assert part(late, MIXED, "application/sdp") is None


@pytest.mark.rfc("3261 §20.11", "5621 §3.1")
@pytest.mark.parametrize(
    ("disposition", "statuses"),
    [
        ("signal;handling=required", [415]),
        ('signal;handling="REQUIRED"', [415]),
        ("signal;handling=optional", [100]),
        ("signal", [100]),
    ],
)
def test_an_unknown_part_is_passed_over_unless_it_is_required(
    disposition: str, statuses: list[int]
) -> None:
    isup = f"Content-Type: application/isup\r\nContent-Disposition: {disposition}"
    parts = body((isup, b"\0\1\2"), ("Content-Type: application/sdp", OFFER))
    assert Line().statuses(request("INVITE", body=parts, content_type=MIXED)) == statuses


@pytest.mark.rfc("5621 §3.2")
def test_of_alternatives_one_that_is_understood_is_enough() -> None:
    required = "Content-Type: text/html\r\nContent-Disposition: render;handling=required"
    parts = body((required, b"<p>"), ("Content-Type: application/sdp", OFFER))
    alternative = MIXED.replace("mixed", "alternative")
    assert Line().statuses(request("INVITE", body=parts, content_type=alternative)) == [100]


@pytest.mark.rfc("5621 §3.1")
def test_a_session_description_in_a_multipart_inside_a_multipart_is_found() -> None:
    inner = body(("Content-Type: application/sdp", OFFER)).replace(b"edge", b"rim")
    parts = body(
        ("Content-Type: application/pidf+xml", b"<presence/>"),
        ("Content-Type: multipart/mixed;boundary=rim", inner),
    )
    assert part(parts, MIXED, "application/sdp") == OFFER


@pytest.mark.rfc("3959 §4")
def test_an_early_session_is_not_the_session() -> None:
    early = "Content-Type: application/sdp\r\nContent-Disposition: early-session"
    parts = body((early, b"v=0 early"), ("Content-Type: application/sdp", OFFER))
    assert part(parts, MIXED, "application/sdp") == OFFER
    line = Line()
    alone = request("INVITE", body=OFFER, headers=["Content-Disposition: early-session"])
    assert line.statuses(alone) == [415]


@pytest.mark.rfc("3261 §20.11")
@pytest.mark.parametrize("disposition", ["session", "session;handling=required", "SESSION"])
def test_a_session_description_that_says_so_is_the_offer(disposition: str) -> None:
    line = Line()
    said = request("INVITE", body=OFFER, headers=[f"Content-Disposition: {disposition}"])
    assert line.statuses(said) == [100]
    assert line.event(InviteReceived).body == OFFER


@pytest.mark.rfc("5621 §3.1")
def test_multiparts_without_end_are_looked_into_three_deep() -> None:
    nested, head = OFFER, "Content-Type: application/sdp"
    for depth in range(1, 5):
        mark = "abcd"[depth - 1] * 4
        nested = body((head, nested)).replace(b"--edge", b"--" + mark.encode())
        head = f"Content-Type: multipart/mixed;boundary={mark}"
        found = part(nested, head.partition(":")[2], "application/sdp")
        assert found == (OFFER if depth <= 3 else None)


@given(st.binary(max_size=300), st.text(max_size=40))
def test_any_body_is_read_without_a_fault(data: bytes, boundary: str) -> None:
    found = part(data, f'multipart/mixed;boundary="{boundary}"', "application/sdp")
    assert found is None or found in data


@given(st.binary(max_size=200).filter(lambda data: b"--edge" not in data))
def test_a_part_comes_out_as_it_went_in(content: bytes) -> None:
    parts = body(("Content-Type: application/sdp", content))
    assert part(parts, MIXED, "application/sdp") == content
