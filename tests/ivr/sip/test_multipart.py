"""Session descriptions inside multipart bodies, RFC 2046, RFC 5621."""

from __future__ import annotations

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


def test_the_session_description_is_found_beside_other_parts() -> None:
    line = Line()
    parts = body(
        ("Content-Type: application/isup;version=itu-t92+", b"\0\1\2"),
        ("content-type: application/SDP\r\nContent-Disposition: session", OFFER),
    )
    assert line.statuses(request("INVITE", body=parts, content_type=MIXED)) == [100]
    assert line.event(InviteReceived).body == OFFER


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


@given(st.binary(max_size=300), st.text(max_size=40))
def test_any_body_is_read_without_a_fault(data: bytes, boundary: str) -> None:
    found = part(data, f'multipart/mixed;boundary="{boundary}"', "application/sdp")
    assert found is None or found in data


@given(st.binary(max_size=200).filter(lambda data: b"--edge" not in data))
def test_a_part_comes_out_as_it_went_in(content: bytes) -> None:
    parts = body(("Content-Type: application/sdp", content))
    assert part(parts, MIXED, "application/sdp") == content
