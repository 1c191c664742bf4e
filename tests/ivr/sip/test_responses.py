"""What refusals say beside their status (RFC 3261 §20.43, §21.4)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.sip.events import InviteReceived, MediaOffered
from ivr.sip.lexing import QUOTED
from ivr.sip.message import Response
from ivr.sip.responses import quoted, warning
from tests.ivr.sip.peers import OFFER, Answered, Line, request


@pytest.mark.rfc("3261 §20.43")
@pytest.mark.parametrize(
    ("agent", "written"), [("192.0.2.1", "192.0.2.1"), ("2001:db8::1", "[2001:db8::1]")]
)
def test_a_warning_has_code_agent_and_text(agent: str, written: str) -> None:
    assert list(warning(305, agent, 'no "codec"')) == [
        ("Warning", f'305 {written} "no \\"codec\\""')
    ]
    assert list(warning(0, agent, "nothing to say")) == []


@pytest.mark.rfc("3261 §25.1")
@given(st.text())
def test_any_text_is_written_as_one_quoted_string(text: str) -> None:
    assert re.fullmatch(QUOTED, quoted(text), re.DOTALL)


@pytest.mark.rfc("3261 §13.3.1.3", "3261 §20.43")
def test_a_refused_invite_says_why() -> None:
    line = Line()
    line.give(request("INVITE", body=OFFER))
    number = line.event(InviteReceived).call
    line.agent.reject(number, 488, line.now, headers=warning(305, "192.0.2.1", "no codec of ours"))
    (refused,) = line.said()
    assert isinstance(refused, Response)
    assert refused.headers.get("Warning") == '305 192.0.2.1 "no codec of ours"'


@pytest.mark.rfc("3261 §14.2", "3261 §20.43")
def test_a_refused_re_invite_says_why_and_the_call_goes_on() -> None:
    line = Line()
    call = Answered(line)
    line.give(call.request("INVITE", body=OFFER))
    assert line.event(MediaOffered).body == OFFER
    why = warning(304, "192.0.2.1", "is video, not audio")
    line.agent.refuse_media(call.number, line.now, headers=why)
    (refused,) = line.said()
    assert isinstance(refused, Response)
    assert (refused.status, refused.headers.get("Warning")) == (
        488,
        '304 192.0.2.1 "is video, not audio"',
    )
    assert line.statuses(call.request("OPTIONS")) == [200]
