"""Messages that cross, come late, twice or in another order (RFC 3261 §13 to §17, RFC 5407)."""

from __future__ import annotations

import pytest

from ivr.sip.events import (
    CallAnswered,
    CallEnded,
    CallEstablished,
    CallRefused,
    CallRinging,
    EndCause,
    InviteReceived,
    MediaConfirmed,
    MediaOffered,
)
from ivr.sip.message import Request, Response
from tests.ivr.sip.peers import (
    ANSWER,
    OFFER,
    Answered,
    Line,
    description,
    flow,
    remembered,
    request,
    requests,
    response,
    statuses,
)

NEW_OFFER = description("192.0.2.9", 4010, 2)
NEW_ANSWER = description("192.0.2.1", 5000, 2)


def placed(line: Line) -> tuple[int, Request]:
    """A call of ours, and its INVITE."""
    number = line.agent.invite(
        "sip:callee@192.0.2.9:5070", OFFER, line.flow, line.now, from_uri="sip:line@192.0.2.1"
    )
    (invite,) = requests(line.said())
    return number, invite


def answered(line: Line) -> tuple[int, Request]:
    """A call of ours that was answered and acknowledged."""
    number, invite = placed(line)
    line.give(response(invite, 200, body=ANSWER))
    line.events()
    return number, invite


def causes(line: Line) -> list[EndCause]:
    return [event.cause for event in line.events() if isinstance(event, CallEnded)]


# Late and doubled


@pytest.mark.rfc("3261 §17.1.1.2")
@pytest.mark.parametrize("late", [100, 180, 183])
def test_a_provisional_answer_after_the_200_is_dropped(late: int) -> None:
    line = Line()
    _, invite = placed(line)
    line.give(response(invite, 200, body=ANSWER))
    line.events()
    assert line.give(response(invite, late)) == []
    assert line.events() == []


@pytest.mark.rfc("3261 §17.1.1.2")
def test_a_provisional_answer_after_a_refusal_is_dropped() -> None:
    line = Line()
    _, invite = placed(line)
    assert [m.method for m in requests(line.give(response(invite, 486)))] == ["ACK"]
    line.events()
    assert line.give(response(invite, 180)) == []
    assert line.events() == []


@pytest.mark.rfc("3261 §13.2.2.4", "3261 §17.1.1.2")
def test_a_200_after_a_refusal_of_another_fork_is_acknowledged_and_hung_up_or_dropped() -> None:
    line = Line()
    _, invite = placed(line)
    line.give(response(invite, 486, tag="busy"))
    assert causes(line) == [EndCause.REFUSED]
    said = requests(line.give(response(invite, 200, tag="other", body=ANSWER)))
    assert [m.method for m in said] in ([], ["ACK", "BYE"])
    assert line.events() == []


@pytest.mark.rfc("3261 §17.1.3", "3261 §18.1.2")
def test_an_answer_that_names_another_method_is_nobodys() -> None:
    line = Line()
    _, invite = placed(line)
    other = response(invite, 200, body=ANSWER).replace(b"1 INVITE", b"1 OPTIONS")
    assert line.give(other) == []
    assert line.events() == []


@pytest.mark.rfc("3261 §17.2.3")
def test_a_copy_of_a_request_inside_the_call_is_answered_again_and_told_once() -> None:
    line = Line()
    call = Answered(line)
    info = call.request("INFO", body=b"5", content_type="application/dtmf")
    first, second = line.give(info), line.give(info)
    assert statuses(first) == statuses(second) == [200]
    assert len(line.events()) == 1


@pytest.mark.rfc("3261 §17.2.3")
def test_a_copy_of_a_bye_after_the_end_gets_the_same_answer() -> None:
    line = Line()
    bye = Answered(line).request("BYE")
    assert line.statuses(bye) == [200]
    assert line.statuses(bye) == [200]
    assert causes(line) == [EndCause.PEER_HUNG_UP]


@pytest.mark.rfc("3261 §12.2.2")
def test_another_bye_after_the_end_is_refused_with_481() -> None:
    line = Line()
    call = Answered(line)
    line.give(call.request("BYE"))
    assert line.statuses(call.request("BYE")) == [481]


# Merged and forked copies


@pytest.mark.rfc("3261 §8.2.2.2")
@pytest.mark.parametrize("moment", ["ringing", "answered", "up"])
def test_a_forked_copy_is_refused_with_482_at_any_time_of_the_call(moment: str) -> None:
    line = Line()
    line.give(request("INVITE", body=OFFER))
    number = line.event(InviteReceived).call
    line.agent.ring(number, line.now)
    said = line.said()
    if moment != "ringing":
        line.agent.answer(number, ANSWER, line.now)
        said = line.said()
    if moment == "up":
        ok = said[-1]
        assert isinstance(ok, Response)
        line.give(request("ACK", to_tag=ok.to.tag, branch="z9hG4bK-ack"))
    line.events()
    copy = request("INVITE", body=OFFER, branch="z9hG4bK-other-fork")
    assert line.statuses(copy) == [482]
    assert line.statuses(copy) == [482]
    assert line.events() == []


@pytest.mark.rfc("3261 §8.2.2.2", "3261 §17.1.1.3")
def test_the_ack_of_a_482_leaves_the_call_alone() -> None:
    line = Line()
    call = Answered(line)
    copy = request("INVITE", body=OFFER, branch="z9hG4bK-other-fork")
    (refused,) = line.give(copy)
    assert isinstance(refused, Response)
    line.give(request("ACK", to_tag=refused.to.tag, branch="z9hG4bK-other-fork"))
    assert line.statuses(call.request("OPTIONS")) == [200]


@pytest.mark.rfc("3261 §9.2", "3261 §8.2.2.2")
def test_a_cancel_of_the_refused_copy_does_not_end_the_call() -> None:
    line = Line()
    line.give(request("INVITE", body=OFFER))
    number = line.event(InviteReceived).call
    copy = "z9hG4bK-other-fork"
    line.give(request("INVITE", body=OFFER, branch=copy))
    assert line.statuses(request("CANCEL", branch=copy)) == [481]
    assert line.events() == []
    line.agent.answer(number, ANSWER, line.now)
    assert statuses(line.said())[-1] == 200


# BYE


@pytest.mark.rfc("3261 §15")
def test_a_bye_before_the_ack_ends_the_call_and_the_200_is_repeated_no_more() -> None:
    line = Line()
    call = Answered(line, acknowledge=False)
    assert line.statuses(call.request("BYE")) == [200]
    assert causes(line) == [EndCause.PEER_HUNG_UP]
    assert statuses(line.wait(40)) == []
    assert remembered(line.agent) == 0


@pytest.mark.rfc("3261 §15.1.1")
@pytest.mark.parametrize("answer", [200, 481, 408])
def test_byes_that_cross_are_both_answered(answer: int) -> None:
    line = Line()
    call = Answered(line)
    line.agent.hang_up(call.number, line.now)
    (bye,) = requests(line.said())
    assert line.statuses(call.request("BYE")) == [200]
    assert line.give(response(bye, answer)) == []
    assert causes(line) == [EndCause.WE_HUNG_UP]
    line.wait(40)
    assert remembered(line.agent) == 0


@pytest.mark.rfc("3261 §15.1.2")
def test_a_bye_that_meets_an_unanswered_re_invite_ends_it_with_487() -> None:
    line = Line()
    call = Answered(line)
    line.give(call.request("INVITE", body=NEW_OFFER))
    line.event(MediaOffered)
    assert sorted(line.statuses(call.request("BYE"))) == [200, 487]
    assert causes(line) == [EndCause.PEER_HUNG_UP]


@pytest.mark.rfc("3261 §15.1.2", "3261 §17.1.1.3")
@pytest.mark.parametrize("late", [200, 487, 481])
def test_a_bye_that_crosses_our_re_invite_ends_the_call_and_its_answer_is_acknowledged(
    late: int,
) -> None:
    line = Line()
    call = Answered(line)
    line.agent.offer_media(call.number, NEW_ANSWER, line.now)
    (ours,) = requests(line.said(), "INVITE")
    assert line.statuses(call.request("BYE")) == [200]
    said = requests(line.give(response(ours, late, body=NEW_OFFER if late == 200 else b"")))
    assert [m.method for m in said] == ["ACK"]
    assert causes(line) == [EndCause.PEER_HUNG_UP]
    line.wait(70)
    assert remembered(line.agent) == 0


@pytest.mark.rfc("3261 §15.1.1", "3261 §12.2.2")
def test_a_re_invite_that_crosses_our_bye_is_refused_with_481() -> None:
    line = Line()
    call = Answered(line)
    line.agent.hang_up(call.number, line.now)
    assert line.statuses(call.request("INVITE", body=NEW_OFFER)) == [481]
    assert causes(line) == [EndCause.WE_HUNG_UP]


@pytest.mark.rfc("3261 §15")
def test_a_bye_before_the_callees_200_ends_the_call_we_place() -> None:
    line = Line()
    _, invite = placed(line)
    (ringing,) = [response(invite, 180)]
    line.give(ringing)
    bye = request(
        "BYE",
        call_id=invite.call_id,
        from_tag="callee",
        to_tag=invite.from_.tag,
        cseq=7,
    )
    said = line.give(bye)
    assert statuses(said) == [200]
    assert CallRefused in {type(event) for event in line.events()}


# CANCEL


@pytest.mark.rfc("3261 §9.2")
def test_a_cancel_after_the_200_is_answered_and_changes_nothing() -> None:
    line = Line()
    call = Answered(line, acknowledge=False)
    assert line.statuses(request("CANCEL", branch="z9hG4bK-call-1-INVITE-1")) == [200]
    line.give(call.ack())
    assert CallEstablished in {type(event) for event in line.events()}


@pytest.mark.rfc("3261 §9.1", "3261 §13.2.2.4")
def test_a_200_that_crosses_our_cancel_gets_ack_and_bye() -> None:
    line = Line()
    number, invite = placed(line)
    line.give(response(invite, 180))
    line.agent.hang_up(number, line.now)
    (cancel,) = requests(line.said())
    assert cancel.method == "CANCEL"
    assert cancel.via.branch == invite.via.branch
    said = requests(line.give(response(invite, 200, body=ANSWER)))
    assert [m.method for m in said] == ["ACK", "BYE"]


# Offers that meet


@pytest.mark.rfc("3261 §14.2", "6337 §4.1", "5407 §3.1.5")
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_an_offer_before_the_ack_that_owes_us_an_answer_gets_491(method: str) -> None:
    line = Line()
    call = Answered(line, acknowledge=False, offer=b"")  # our 200 holds the offer
    assert line.statuses(call.request(method, body=NEW_OFFER)) == [491]
    line.give(call.ack(body=OFFER))
    established = [event for event in line.events() if isinstance(event, CallEstablished)]
    assert [event.body for event in established] == [OFFER]
    assert line.statuses(call.request(method, body=NEW_OFFER))[-1:] in ([], [100])
    assert line.event(MediaOffered).body == NEW_OFFER


@pytest.mark.rfc("3261 §14.2", "5407 §3.1.4")
def test_a_re_invite_before_the_ack_is_served_where_the_first_exchange_is_complete() -> None:
    line = Line()
    call = Answered(line, acknowledge=False)
    assert line.statuses(call.request("INVITE", body=NEW_OFFER)) == [100]
    line.agent.accept_media(call.number, NEW_ANSWER, line.now)
    assert statuses(line.said()) == [200]
    line.give(call.ack(cseq=2))
    line.give(call.ack(cseq=1))
    kinds = [type(event) for event in line.events()]
    assert kinds.count(CallEstablished) == kinds.count(MediaConfirmed) == 1
    assert statuses(line.wait(40)) == []


@pytest.mark.rfc("3261 §14.2")
def test_a_re_invite_before_the_answer_to_the_first_gets_500_and_when_to_come_again() -> None:
    line = Line()
    call = Answered(line)
    line.give(call.request("INVITE", body=NEW_OFFER))
    (refused,) = line.give(call.request("INVITE", body=NEW_OFFER))
    assert isinstance(refused, Response)
    assert refused.status == 500
    assert 0 <= int(refused.headers.get("Retry-After") or "-1") <= 10


@pytest.mark.rfc("3311 §5.2")
def test_an_update_while_the_peers_offer_is_unanswered_gets_500_and_when_to_come_again() -> None:
    line = Line()
    call = Answered(line)
    line.give(call.request("UPDATE", body=NEW_OFFER))
    (refused,) = line.give(call.request("UPDATE", body=NEW_OFFER))
    assert isinstance(refused, Response)
    assert refused.status == 500
    assert 0 <= int(refused.headers.get("Retry-After") or "-1") <= 10


@pytest.mark.rfc("3311 §5.2")
def test_an_update_that_meets_our_re_invite_gets_491() -> None:
    line = Line()
    call = Answered(line)
    line.agent.offer_media(call.number, NEW_ANSWER, line.now)
    line.said()
    assert line.statuses(call.request("UPDATE", body=NEW_OFFER)) == [491]


@pytest.mark.rfc("3311 §5.1")
def test_an_update_without_an_offer_is_served_while_offers_are_out() -> None:
    line = Line()
    call = Answered(line)
    line.agent.offer_media(call.number, NEW_ANSWER, line.now)
    line.said()
    assert line.statuses(call.request("UPDATE")) == [200]


@pytest.mark.rfc("3261 §14.1")
@pytest.mark.parametrize("we_called", [True, False])
def test_after_491_the_caller_waits_longer_than_the_callee(we_called: bool) -> None:
    """2.1 to 4 s for the owner of the Call-ID, up to 2 s for the other: they do not meet again."""
    line = Line()
    number = answered(line)[0] if we_called else Answered(line).number
    line.events()
    line.agent.offer_media(number, NEW_ANSWER, line.now)
    (ours,) = requests(line.said(), "INVITE")
    line.give(response(ours, 491))
    shortest, longest = (2.1, 4.0) if we_called else (0.0, 2.0)
    before = line.wait(shortest - 0.01) if shortest else []
    assert requests(before, "INVITE") == []
    again = requests(line.wait(longest - shortest + 0.02), "INVITE")
    assert {m.body for m in again} == {NEW_ANSWER}
    assert {m.cseq.number for m in again} == {ours.cseq.number + 1}  # repeated, perhaps


# Lost ACK


@pytest.mark.rfc("3261 §13.3.1.4")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_without_an_ack_the_200_is_repeated_for_64_t1_and_then_the_call_ends(
    transport: str,
) -> None:
    line = Line(transport=transport)
    Answered(line, acknowledge=False, transport=transport.upper())
    line.events()
    said = line.wait(31.9)
    assert statuses(said) == [200] * 10  # 0.5, 1.5, 3.5, 7.5, 11.5 … 31.5 s
    assert requests(said) == []
    assert [m.method for m in requests(line.wait(0.2))] == ["BYE"]
    assert causes(line) == [EndCause.NO_ACK]


@pytest.mark.rfc("3261 §13.2.2.4")
def test_a_200_that_comes_again_gets_its_ack_again() -> None:
    line = Line()
    _, invite = placed(line)
    first = requests(line.give(response(invite, 200, body=ANSWER)))
    assert line.event(CallAnswered).body == ANSWER
    again = requests(line.give(response(invite, 200, body=ANSWER)))
    assert [m.headers for m in again] == [m.headers for m in first]
    assert line.events() == []


@pytest.mark.rfc("3261 §12.1", "3261 §13.2.2.4")
def test_ringing_of_several_forks_and_the_answer_of_one() -> None:
    line = Line()
    _, invite = placed(line)
    for tag in ("one", "two"):
        line.give(response(invite, 180, tag=tag))
    assert [type(event) for event in line.events()] == [CallRinging]
    (ack,) = requests(line.give(response(invite, 200, tag="two", body=ANSWER)))
    assert ack.to.tag == "two"
    line.give(response(invite, 180, tag="one"))
    assert [type(event) for event in line.events()] == [CallAnswered]


# Order


@pytest.mark.rfc("3261 §12.2.2")
def test_a_gap_in_the_sequence_numbers_is_no_fault() -> None:
    line = Line()
    call = Answered(line)
    assert line.statuses(call.request("OPTIONS", cseq=900)) == [200]
    assert line.statuses(call.request("OPTIONS", cseq=899, branch="z9hG4bK-old")) == [500]


@pytest.mark.rfc("3261 §8.1.1.5", "3261 §12.2.1.1")
def test_our_sequence_numbers_rise_by_one_and_the_acks_is_its_invites() -> None:
    line = Line()
    number, invite = placed(line)
    (ack,) = requests(line.give(response(invite, 200, body=ANSWER)))
    assert ack.cseq.number == invite.cseq.number
    line.agent.hang_up(number, line.now)
    (bye,) = requests(line.said())
    assert bye.cseq.number == invite.cseq.number + 1


@pytest.mark.rfc("3261 §18.1.2")
def test_an_answer_from_another_address_is_matched_by_its_branch_all_the_same() -> None:
    line = Line()
    _, invite = placed(line)
    elsewhere = flow(remote=("192.0.2.77", 5099))
    line.give(response(invite, 200, body=ANSWER), elsewhere)
    assert line.event(CallAnswered).body == ANSWER
