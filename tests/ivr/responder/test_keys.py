"""Keys in SIP INFO bodies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.responder.keys import key_of_info


@pytest.mark.parametrize(
    ("content_type", "body", "key"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", "5"),
        ("application/dtmf-relay", b"Signal= *\nDuration= 250", "*"),
        ("Application/DTMF-Relay;charset=utf-8", b"signal = #", "#"),
        ("application/dtmf-relay", b"Signal=11\r\n", "#"),
        ("application/dtmf", b"7", "7"),
        ("application/dtmf", b" d \r\n", "D"),
        ("application/dtmf", b"10", "*"),
    ],
)
def test_a_key_is_read(content_type: str, body: bytes, key: str) -> None:
    assert key_of_info(content_type, body) == key


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/dtmf-relay", b"Duration=160"),
        ("application/dtmf-relay", b"Signal=E"),
        ("application/dtmf", b""),
        ("application/dtmf", b"55"),
        ("application/dtmf", "５".encode()),
        ("text/plain", b"5"),
        ("", b"5"),
    ],
)
def test_what_is_no_key_is_none(content_type: str, body: bytes) -> None:
    assert key_of_info(content_type, body) is None


@given(st.text(), st.binary())
def test_nothing_makes_it_fail(content_type: str, body: bytes) -> None:
    key_of_info(content_type, body)
    key_of_info("application/dtmf-relay", body)
    key_of_info("application/dtmf", body)
