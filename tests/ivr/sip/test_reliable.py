"""Reliable ringing, RFC 3262."""

from __future__ import annotations

import pytest

from ivr.sip.events import CallCancelled, CallEnded, EndCause, InviteReceived
from ivr.sip.message import Response
from tests.ivr.sip.peers import ANSWER, OFFER, Line, only, remembered, request, statuses


class Ringing:
    """A call of a peer that requires reliable provisional responses, ringing."""

    def __init__(self, line: Line) -> None:
        self.line = line
        line.give(request("INVITE", body=OFFER, headers=["Require: 100rel"]))
        self.number = line.event(InviteReceived).call
        line.agent.ring(self.number, line.now)
        self.ringing: Response = only(line.said())
        self.tag = self.ringing.to.tag

    def prack(self, *, rseq: int | None = None, cseq: int = 2, **changes: object) -> bytes:
        number = self.ringing.rseq if rseq is None else rseq
        rack = f"RAck: {number} 1 INVITE"
        return request("PRACK", to_tag=self.tag, cseq=cseq, headers=[rack], **changes)  # type: ignore[arg-type]


@pytest.mark.rfc("3262 §3")
def test_the_180_is_numbered_and_requires_100rel() -> None:
    """§3."""
    call = Ringing(Line())
    assert call.ringing.status == 180
    assert call.ringing.require == ("100rel",)
    assert call.ringing.rseq is not None
    assert 1 <= call.ringing.rseq < 2**31
    assert call.ringing.contact is not None


@pytest.mark.rfc("3262 §3")
def test_it_is_repeated_at_t1_doubling_until_the_prack() -> None:
    line = Line()
    call = Ringing(line)
    assert statuses(line.wait(8)) == [180, 180, 180, 180]
    assert line.statuses(call.prack()) == [200]
    assert line.wait(50) == []


@pytest.mark.rfc("3262 §3")
def test_the_200_waits_for_the_prack() -> None:
    line = Line()
    call = Ringing(line)
    line.agent.answer(call.number, ANSWER, line.now)
    assert line.said() == []
    assert line.statuses(call.prack()) == [200, 200]


def test_after_the_prack_the_200_goes_at_once() -> None:
    line = Line()
    call = Ringing(line)
    line.give(call.prack())
    line.agent.answer(call.number, ANSWER, line.now)
    assert statuses(line.said()) == [200]


@pytest.mark.rfc("3262 §3")
def test_a_prack_of_another_response_is_refused_with_481() -> None:
    line = Line()
    call = Ringing(line)
    assert call.ringing.rseq is not None
    assert line.statuses(call.prack(rseq=call.ringing.rseq + 1)) == [481]
    assert line.statuses(call.prack(cseq=3)) == [200]
    assert line.statuses(call.prack(cseq=4)) == [481]  # acknowledged already


def test_an_answer_without_ringing_needs_no_prack() -> None:
    line = Line()
    line.give(request("INVITE", body=OFFER, headers=["Require: 100rel"]))
    line.agent.answer(line.event(InviteReceived).call, ANSWER, line.now)
    assert statuses(line.said()) == [200]


@pytest.mark.rfc("3262 §5")
def test_without_an_offer_no_reliable_ringing_goes_before_our_offer() -> None:
    """RFC 3261 §13.2.1: the first reliable answer would have to carry it."""
    line = Line()
    line.give(request("INVITE", headers=["Require: 100rel"]))
    call = line.event(InviteReceived).call
    line.agent.ring(call, line.now)
    assert line.said() == []
    line.agent.answer(call, ANSWER, line.now)
    assert statuses(line.said()) == [200]


@pytest.mark.rfc("3262 §3")
def test_a_peer_that_only_supports_100rel_is_rung_plainly() -> None:
    line = Line()
    line.give(request("INVITE", body=OFFER, headers=["Supported: 100rel"]))
    line.agent.ring(line.event(InviteReceived).call, line.now)
    assert only(line.said()).rseq is None


@pytest.mark.rfc("3262 §3")
def test_ringing_that_is_never_acknowledged_ends_with_504() -> None:
    """§3: 5xx after 64*T1."""
    line = Line()
    call = Ringing(line)
    assert 504 in statuses(line.wait(32.1))
    assert line.events() == [
        CallEnded(call.number, EndCause.PEER_LOST, "the ringing was never acknowledged")
    ]
    line.wait(60)
    assert remembered(line.agent) == 0


@pytest.mark.rfc("3262 §3")
@pytest.mark.parametrize("answered", [False, True])
def test_a_cancel_while_the_prack_is_awaited_ends_the_call(answered: bool) -> None:
    line = Line()
    call = Ringing(line)
    if answered:
        line.agent.answer(call.number, ANSWER, line.now)
    said = line.statuses(request("CANCEL", branch="z9hG4bK-call-1-INVITE-1"))
    assert said == [200, 487]
    assert [type(e) for e in line.events()] == [CallCancelled, CallEnded]
    assert 200 not in statuses(line.wait(50))
    assert remembered(line.agent) == 0
