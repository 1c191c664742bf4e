"""Offers and answers inside a call: RFC 3261 §14, RFC 3311, and glare."""

from __future__ import annotations

import pytest

from ivr.sip.errors import SipUsageError
from ivr.sip.events import (
    CallEnded,
    EndCause,
    MediaConfirmed,
    MediaOffered,
    MediaRefused,
)
from tests.ivr.sip.peers import (
    ANSWER,
    OFFER,
    Answered,
    Line,
    description,
    only,
    remembered,
    request,
    requests,
    response,
    statuses,
)

HOLD = description("192.0.2.9", 4000, 2)
NEW = description("192.0.2.1", 5000, 2)


@pytest.mark.rfc("3261 §14.2")
def test_a_re_invite_is_offered_accepted_and_confirmed_by_its_ack() -> None:
    line = Line()
    call = Answered(line)
    assert line.statuses(call.request("INVITE", body=HOLD)) == [100]
    assert line.events() == [MediaOffered(call.number, HOLD)]
    line.agent.accept_media(call.number, NEW, line.now)
    ok = only(line.said())
    assert (ok.status, ok.body) == (200, NEW)
    line.give(call.ack(2))
    assert line.events() == [MediaConfirmed(call.number, None)]
    assert line.wait(40) == []


@pytest.mark.rfc("3261 §14.2")
def test_a_re_invite_without_offer_gets_ours_and_the_ack_brings_the_answer() -> None:
    line = Line()
    call = Answered(line)
    line.give(call.request("INVITE"))
    assert line.events() == [MediaOffered(call.number, None)]
    line.agent.accept_media(call.number, NEW, line.now)
    line.said()
    assert line.statuses(call.request("UPDATE", body=OFFER)) == [491]  # ours is out
    line.give(call.ack(2, body=HOLD))
    assert line.events() == [MediaConfirmed(call.number, HOLD)]


@pytest.mark.rfc("3261 §14.2")
def test_a_refused_re_invite_leaves_the_call_as_it_was() -> None:
    line = Line()
    call = Answered(line)
    line.give(call.request("INVITE", body=HOLD))
    line.agent.refuse_media(call.number, line.now)
    assert statuses(line.said()) == [488]
    assert line.statuses(call.request("INFO")) == [200]


@pytest.mark.rfc("3261 §14.2")
def test_the_200_to_a_re_invite_is_repeated_and_its_loss_ends_the_call() -> None:
    """§14.2 with §13.3.1.4."""
    line = Line()
    call = Answered(line)
    line.give(call.request("INVITE", body=HOLD))
    line.agent.accept_media(call.number, NEW, line.now)
    line.said()
    line.events()
    said = line.wait(33)
    assert statuses(said).count(200) >= 9
    assert len(requests(said, "BYE")) >= 1
    assert [e.cause for e in line.events() if isinstance(e, CallEnded)] == [EndCause.NO_ACK]


@pytest.mark.rfc("3261 §14.2")
def test_a_second_re_invite_before_the_first_is_answered_gets_500() -> None:
    """§14.2."""
    line = Line()
    call = Answered(line)
    line.give(call.request("INVITE", body=HOLD))
    answer = only(line.give(call.request("INVITE", body=OFFER)))
    assert answer.status == 500
    assert answer.retry_after is not None
    line.agent.accept_media(call.number, NEW, line.now)
    assert statuses(line.said()) == [200]


@pytest.mark.rfc("3261 §14.2")
def test_a_re_invite_before_the_first_invite_is_answered_gets_500() -> None:
    line = Line()
    line.give(request("INVITE", body=OFFER))
    number = line.events()[0].call  # type: ignore[union-attr]
    line.agent.ring(number, line.now)
    tag = only(line.said()).to.tag
    assert line.statuses(request("INVITE", body=HOLD, cseq=2, to_tag=tag)) == [500]


@pytest.mark.rfc("5407 §3.1.4")
def test_a_re_invite_that_overtakes_the_ack_is_served() -> None:
    """RFC 5407 §3.1.4: the exchange of the first INVITE is complete without the ACK."""
    line = Line()
    call = Answered(line, acknowledge=False)
    line.give(call.request("INVITE", body=HOLD))
    line.agent.accept_media(call.number, NEW, line.now)
    assert 200 in statuses(line.said())
    line.give(call.ack(2))
    line.give(call.ack(1))
    assert line.wait(40) == []
    assert line.agent.calls == 1


@pytest.mark.rfc("3311 §5.2")
def test_an_update_with_an_offer_is_offered_and_answered_at_once() -> None:
    """RFC 3311 §5.2."""
    line = Line()
    call = Answered(line)
    assert line.statuses(call.request("UPDATE", body=HOLD)) == []
    assert line.events() == [MediaOffered(call.number, HOLD)]
    line.agent.accept_media(call.number, NEW, line.now)
    assert only(line.said()).body == NEW
    assert line.events() == [MediaConfirmed(call.number, None)]


@pytest.mark.rfc("3311 §5.2")
def test_an_update_without_offer_is_answered_without_asking() -> None:
    line = Line()
    call = Answered(line)
    assert line.statuses(call.request("UPDATE")) == [200]
    assert line.events() == []


@pytest.mark.rfc("3261 §15.1.2")
def test_what_waits_when_the_call_ends_is_answered_487() -> None:
    line = Line()
    call = Answered(line)
    line.give(call.request("INVITE", body=HOLD))
    assert sorted(line.statuses(call.request("BYE"))) == [200, 487]


# Our offers


def offered(line: Line, call: Answered) -> None:
    line.agent.offer_media(call.number, NEW, line.now)


@pytest.mark.rfc("3261 §14.1")
def test_our_re_invite_is_acknowledged_and_confirmed() -> None:
    line = Line()
    call = Answered(line)
    offered(line, call)
    (invite,) = requests(line.said(), "INVITE")
    assert invite.body == NEW
    ok = response(invite, 200, body=HOLD)
    (ack,) = requests(line.give(ok), "ACK")
    assert ack.cseq.number == invite.cseq.number
    assert ack.via.branch != invite.via.branch
    assert line.events() == [MediaConfirmed(call.number, HOLD)]
    assert requests(line.give(ok), "ACK") == [ack]  # §13.2.2.4: again for each 2xx
    assert line.events() == []


@pytest.mark.parametrize("status", [400, 403, 415, 488, 500, 603])
def test_our_re_invite_refused_leaves_the_call(status: int) -> None:
    line = Line()
    call = Answered(line)
    offered(line, call)
    (invite,) = requests(line.said())
    assert len(requests(line.give(response(invite, status)), "ACK")) == 1
    assert line.events() == [MediaRefused(call.number, status)]
    assert line.agent.calls == 1


@pytest.mark.rfc("3261 §12.2.1.2")
def test_our_re_invite_answered_481_ends_the_call() -> None:
    """§12.2.1.2."""
    line = Line()
    call = Answered(line)
    offered(line, call)
    (invite,) = requests(line.said())
    said = line.give(response(invite, 481))
    assert [m.method for m in requests(said)] == ["ACK", "BYE"]
    last = line.events()[-1]
    assert isinstance(last, CallEnded)
    assert last.cause is EndCause.PEER_LOST


@pytest.mark.rfc("3261 §12.2.1.2")
def test_our_re_invite_without_any_answer_ends_the_call() -> None:
    line = Line()
    call = Answered(line)
    offered(line, call)
    said = line.wait(33)
    assert len(requests(said, "INVITE")) == 7
    assert requests(said, "BYE")
    assert isinstance(line.events()[-1], CallEnded)
    line.wait(60)
    assert remembered(line.agent) == 0


@pytest.mark.rfc("3261 §14.1", "3261 §14.2")
@pytest.mark.parametrize("seed", range(5))
def test_glare_is_491_and_ours_is_tried_again_within_two_seconds(seed: int) -> None:
    """§14.1: the Call-ID is the peer's."""
    line = Line()
    call = Answered(line)
    for _ in range(seed):
        line.agent._core.fraction()
    offered(line, call)
    (invite,) = requests(line.said())
    assert line.statuses(call.request("INVITE", body=HOLD)) == [491]
    line.give(response(invite, 491))
    assert line.events() == []
    (again,) = requests(line.wait(2.0), "INVITE")[:1]
    assert again.cseq.number == invite.cseq.number + 1
    line.give(response(again, 200, body=HOLD))
    assert line.events() == [MediaConfirmed(call.number, HOLD)]


@pytest.mark.rfc("3261 §14.1")
def test_the_peers_offer_goes_first_when_both_met() -> None:
    line = Line()
    call = Answered(line)
    offered(line, call)
    (invite,) = requests(line.said())
    line.give(response(invite, 491))
    line.give(call.request("INVITE", body=HOLD))
    assert requests(line.wait(5)) == []  # ours waits for the end of theirs
    line.agent.accept_media(call.number, ANSWER, line.now)
    line.said()
    line.give(call.ack(2))
    assert len(requests(line.wait(2.1), "INVITE")) >= 1


def test_an_offer_of_ours_cannot_overtake_an_answer_we_owe() -> None:
    line = Line()
    call = Answered(line)
    line.give(call.request("INVITE", body=HOLD))
    with pytest.raises(SipUsageError):
        offered(line, call)


@pytest.mark.rfc("3264 §4")
def test_an_offer_waits_for_the_exchange_under_way() -> None:
    line = Line()
    call = Answered(line)
    offered(line, call)
    (first,) = requests(line.said())
    line.agent.offer_media(call.number, ANSWER, line.now)
    assert line.said() == []
    said = line.give(response(first, 200, body=HOLD))
    assert [m.method for m in requests(said)] == ["ACK", "INVITE"]
    assert requests(said)[1].body == ANSWER


@pytest.mark.rfc("3261 §9.2")
def test_a_re_invite_cancelled_before_our_answer_gets_487() -> None:
    """§9.2; the program's answer, on its way already, goes nowhere."""
    line = Line()
    call = Answered(line)
    line.give(call.request("INVITE", body=HOLD, branch="z9hG4bKre"))
    cancel = call.request("CANCEL", cseq=2, branch="z9hG4bKre")
    assert sorted(line.statuses(cancel)) == [200, 487]
    line.agent.accept_media(call.number, NEW, line.now)
    assert 200 not in statuses(line.said())
    with pytest.raises(SipUsageError):
        line.agent.accept_media(call.number, NEW, line.now)
    assert line.agent.calls == 1


@pytest.mark.rfc("4028 §9")
def test_a_re_invite_or_update_with_too_small_an_interval_gets_422() -> None:
    """RFC 4028 §9."""
    line = Line()
    call = Answered(line)
    for method in ("INVITE", "UPDATE"):
        small = ["Supported: timer", "Session-Expires: 30"]
        answer = only(line.give(call.request(method, body=HOLD, headers=small)))
        assert (answer.status, answer.min_se) == (422, 90)
    assert line.events() == []


def test_our_re_invite_refused_for_its_interval_is_sent_again() -> None:
    """RFC 4028 §7.4."""
    line = Line()
    call = Answered(line)
    offered(line, call)
    (invite,) = requests(line.said())
    said = requests(line.give(response(invite, 422, headers=["Min-SE: 3600"])))
    assert [m.method for m in said] == ["ACK", "INVITE"]
    assert said[1].body == NEW
    assert said[1].min_se == 3600


def test_an_offer_asked_for_while_a_re_invite_is_unacknowledged_waits() -> None:
    line = Line()
    call = Answered(line)
    line.give(call.request("INVITE", body=HOLD))
    line.agent.accept_media(call.number, NEW, line.now)
    line.said()
    offered(line, call)
    assert line.said() == []
    with pytest.raises(SipUsageError):
        offered(line, call)  # one may wait
    (invite,) = requests(line.give(call.ack(2)), "INVITE")
    assert invite.body == NEW


def test_a_refusal_nobody_acknowledged_does_not_touch_the_next_offer() -> None:
    line = Line()
    call = Answered(line)
    line.give(call.request("INVITE", body=HOLD))
    line.agent.refuse_media(call.number, line.now)
    line.wait(30)
    line.give(call.request("INVITE", body=OFFER))
    line.wait(5)  # timer H of the first one
    line.agent.accept_media(call.number, NEW, line.now)
    assert 200 in statuses(line.said())
