"""Calls made to the line: RFC 3261 §13.3, §14 to §17, RFC 6026, RFC 3581."""

from __future__ import annotations

import pytest

from ivr.sip.address import Flow
from ivr.sip.config import UserAgentConfig
from ivr.sip.errors import SipUsageError
from ivr.sip.events import (
    CallCancelled,
    CallEnded,
    CallEstablished,
    EndCause,
    InfoReceived,
    InviteReceived,
)
from ivr.sip.message import Response
from tests.ivr.sip.peers import (
    ANSWER,
    LINE,
    OFFER,
    PEER,
    Answered,
    Line,
    only,
    remembered,
    request,
    requests,
    statuses,
)


def invited(line: Line, **changes: object) -> int:
    line.give(request("INVITE", body=OFFER, **changes))  # type: ignore[arg-type]
    return line.event(InviteReceived).call


def ended(line: Line) -> CallEnded:
    events = line.events()
    assert isinstance(events[-1], CallEnded)
    assert sum(isinstance(event, CallEnded) for event in events) == 1
    return events[-1]


# The plain call


@pytest.mark.rfc("3261 §17.2.1")
def test_an_invite_is_answered_100_at_once_and_told_to_the_program() -> None:
    line = Line()
    assert line.statuses(request("INVITE", body=OFFER, uri="sip:12345@192.0.2.1")) == [100]
    event = line.event(InviteReceived)
    assert (event.called_user, event.from_user, event.from_display) == ("12345", "peer", "Peer")
    assert event.body == OFFER
    assert event.trunk is None
    assert line.agent.calls == 1


def test_a_180_goes_before_the_200_where_the_program_did_not_ring() -> None:
    line = Line()
    call = invited(line)
    line.agent.answer(call, ANSWER, line.now)
    ringing, ok = line.said()
    assert isinstance(ringing, Response)
    assert isinstance(ok, Response)
    assert (ringing.status, ok.status) == (180, 200)
    assert ringing.to.tag == ok.to.tag
    assert ok.body == ANSWER
    assert ok.content_type == "application/sdp"


def test_ringing_twice_says_180_once_and_the_200_follows_alone() -> None:
    line = Line()
    call = invited(line)
    line.agent.ring(call, line.now)
    line.agent.ring(call, line.now)
    assert statuses(line.said()) == [180]
    line.agent.answer(call, ANSWER, line.now)
    assert statuses(line.said()) == [200]


@pytest.mark.rfc("3261 §17.2.4")
def test_a_whole_call_leaves_nothing_behind() -> None:
    line = Line()
    call = Answered(line)
    assert line.statuses(call.request("BYE")) == [200]
    assert ended(line) == CallEnded(call.number, EndCause.PEER_HUNG_UP, "")
    assert line.agent.calls == 0
    line.wait(60)
    assert remembered(line.agent) == 0


@pytest.mark.rfc("3261 §13.3.1.4")
def test_the_ack_establishes_the_call_once() -> None:
    line = Line()
    call = Answered(line, acknowledge=False)
    line.give(call.ack())
    line.give(call.ack())
    assert line.events() == [CallEstablished(call.number, None)]


@pytest.mark.rfc("3261 §13.2.1", "6337 §2.2")
def test_a_delayed_offer_is_ours_and_the_ack_brings_the_answer() -> None:
    """§13.2.1, §13.3.1.4."""
    line = Line()
    line.give(request("INVITE"))
    event = line.event(InviteReceived)
    assert event.body is None
    line.agent.answer(event.call, ANSWER, line.now)
    tag = line.said()[-1].to.tag
    line.give(request("ACK", to_tag=tag, branch="z9hG4bKa", body=OFFER))
    assert line.events() == [CallEstablished(event.call, OFFER)]


@pytest.mark.rfc("3261 §15.1.1", "3326 §2")
def test_our_bye_ends_the_call_and_carries_the_reason() -> None:
    line = Line()
    call = Answered(line)
    line.agent.hang_up(call.number, line.now, reason='the caller said "enough"')
    (bye,) = requests(line.said())
    assert bye.method == "BYE"
    assert bye.uri.serialize() == "sip:peer@192.0.2.9:5070"
    assert (bye.from_.tag, bye.to.tag) == (call.tag, "peer")
    assert bye.headers.get("Reason") == 'Q.850;cause=16;text="the caller said \\"enough\\""'
    assert ended(line).cause is EndCause.WE_HUNG_UP


@pytest.mark.rfc("3326 §2")
def test_the_reason_of_the_peers_bye_is_told() -> None:
    line = Line()
    call = Answered(line)
    line.give(call.request("BYE", headers=['Reason: Q.850;cause=16;text="done"']))
    assert ended(line).reason == "done"


@pytest.mark.rfc("3261 §15.1.2")
def test_both_sides_hang_up_at_the_same_time() -> None:
    line = Line()
    call = Answered(line)
    line.agent.hang_up(call.number, line.now)
    line.said()
    assert line.statuses(call.request("BYE")) == [200]
    assert ended(line).cause is EndCause.WE_HUNG_UP


def test_hanging_up_is_always_safe() -> None:
    line = Line()
    call = Answered(line)
    for number in (call.number, call.number, 999):
        line.agent.hang_up(number, line.now)
    assert len(requests(line.said(), "BYE")) == 1
    assert ended(line).call == call.number


@pytest.mark.rfc("2976 §2.2")
def test_info_is_answered_and_told() -> None:
    line = Line()
    call = Answered(line)
    body = b"Signal=5\r\nDuration=160\r\n"
    info = call.request("INFO", body=body, content_type="application/dtmf-relay")
    assert line.statuses(info) == [200]
    assert line.statuses(info) == [200]  # the retransmission tells nothing anew
    assert line.events() == [InfoReceived(call.number, "application/dtmf-relay", body)]


@pytest.mark.rfc("3261 §20.35")
def test_nobody_learns_our_version_unless_we_say_it() -> None:
    silent = only(Line().give(request("OPTIONS")))
    assert "Server" not in silent.headers
    spoken = only(Line(UserAgentConfig(product="line/1")).give(request("OPTIONS")))
    assert spoken.headers.get("Server") == "line/1"


# Commands in the wrong state


def test_commands_the_state_does_not_allow_are_refused() -> None:
    line = Line()
    call = Answered(line, acknowledge=False)
    for command in (
        lambda: line.agent.ring(call.number, line.now),
        lambda: line.agent.answer(call.number, ANSWER, line.now),
        lambda: line.agent.reject(call.number, 486, line.now),
        lambda: line.agent.accept_media(call.number, ANSWER, line.now),
        lambda: line.agent.refuse_media(call.number, line.now),
        lambda: line.agent.offer_media(call.number, ANSWER, line.now),
        lambda: line.agent.refer(call.number, "sip:a@b", line.now),
        lambda: line.agent.ring(999, line.now),
    ):
        with pytest.raises(SipUsageError):
            command()


def test_a_refusal_is_300_to_699() -> None:
    line = Line()
    call = invited(line)
    with pytest.raises(SipUsageError):
        line.agent.reject(call, 200, line.now)
    line.agent.reject(call, 486, line.now, headers=[("Retry-After", "60")])
    refusal = only(line.said())
    assert (refusal.status, refusal.retry_after) == (486, 60)
    assert ended(line).cause is EndCause.REJECTED


def test_no_line_end_can_be_smuggled_into_a_header() -> None:
    line = Line()
    call = Answered(line)
    with pytest.raises(SipUsageError):
        line.agent.refer(call.number, "sip:a@b\r\nEvil: yes", line.now)


# Retransmissions: §17.2, RFC 6026, §13.3.1.4


@pytest.mark.rfc("3261 §17.2.1")
def test_a_repeated_invite_gets_the_last_answer_again() -> None:
    line = Line()
    call = invited(line)
    assert line.statuses(request("INVITE", body=OFFER)) == [100]
    line.agent.ring(call, line.now)
    line.said()
    assert line.statuses(request("INVITE", body=OFFER)) == [180]
    assert not line.events()


@pytest.mark.rfc("6026 §7.1")
def test_a_repeated_invite_after_the_200_is_absorbed() -> None:
    """RFC 6026 §7.1: it is not a new call, and the core repeats the 200 itself."""
    line = Line()
    call = Answered(line, acknowledge=False)
    assert line.give(call.invite) == []
    assert line.agent.calls == 1


@pytest.mark.rfc("3261 §13.3.1.4")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_the_200_is_repeated_at_t1_doubling_to_t2_and_then_bye(transport: str) -> None:
    """§13.3.1.4, over any transport."""
    line = Line(transport=transport)
    call = Answered(line, acknowledge=False, transport=transport.upper())
    times: list[float] = []
    start = line.now
    while line.now - start < 31.9:
        if statuses(line.wait(0.25)) == [200]:
            times.append(line.now - start)
    assert times[:5] == [0.5, 1.5, 3.5, 7.5, 11.5]
    assert len(requests(line.wait(0.5), "BYE")) == 1
    assert ended(line) == CallEnded(
        call.number, EndCause.NO_ACK, "our answer was never acknowledged"
    )
    line.wait(100)
    assert remembered(line.agent) == 0


@pytest.mark.rfc("3261 §13.3.1.4")
def test_the_200_is_repeated_no_more_after_the_ack() -> None:
    line = Line()
    Answered(line)
    assert line.wait(40) == []


@pytest.mark.rfc("3261 §17.2.1")
def test_a_refusal_is_repeated_until_its_ack_over_udp() -> None:
    """§17.2.1, timers G and H."""
    line = Line()
    call = invited(line)
    line.agent.reject(call, 486, line.now)
    tag = only(line.said()).to.tag
    assert statuses(line.wait(4)) == [486, 486, 486]
    line.give(request("ACK", to_tag=tag, branch="z9hG4bK-call-1-INVITE-1"))
    assert line.wait(40) == []
    assert remembered(line.agent) == 0


@pytest.mark.rfc("3261 §17.2.1")
def test_a_refusal_is_sent_once_over_tcp() -> None:
    line = Line(transport="tcp")
    line.agent.reject(invited(line, transport="TCP"), 486, line.now)
    line.said()
    assert line.wait(40) == []
    assert remembered(line.agent) == 0


def test_a_refusal_nobody_acknowledges_is_forgotten() -> None:
    line = Line()
    line.agent.reject(invited(line), 486, line.now)
    line.wait(33)
    assert remembered(line.agent) == 0


@pytest.mark.rfc("3261 §17.2.3")
def test_an_ack_with_a_to_tag_of_the_peers_own_making_is_taken() -> None:
    """pyVoIP 1.6.8: a random To tag, and the branch of the INVITE."""
    line = Line()
    call = Answered(line, acknowledge=False)
    line.give(request("ACK", to_tag="madeup", branch="z9hG4bK-call-1-INVITE-1"))
    assert line.events() == [CallEstablished(call.number, None)]
    other = Line()
    Answered(other, acknowledge=False)
    other.give(request("ACK", to_tag="madeup", branch="z9hG4bKfresh"))
    assert isinstance(other.events()[0], CallEstablished)


def test_an_ack_of_another_call_is_not_taken() -> None:
    line = Line()
    Answered(line, acknowledge=False)
    for changes in ({"call_id": "other"}, {"from_tag": "other"}, {"cseq": 2}):
        line.give(request("ACK", to_tag="x", branch="z9hG4bKfresh", **changes))  # type: ignore[arg-type]
    assert line.events() == []
    assert line.agent.counters["stray ACK"] == 3


@pytest.mark.rfc("3261 §15")
def test_hanging_up_before_the_ack_waits_for_it() -> None:
    """§15: no BYE on a dialog whose 2xx is not acknowledged."""
    line = Line()
    call = Answered(line, acknowledge=False)
    line.agent.hang_up(call.number, line.now)
    assert line.said() == []
    assert ended(line).cause is EndCause.WE_HUNG_UP
    assert len(requests(line.give(call.ack()), "BYE")) == 1
    assert line.events() == []


@pytest.mark.rfc("3261 §15")
def test_hanging_up_before_an_ack_that_never_comes_sends_bye_after_64_t1() -> None:
    line = Line()
    call = Answered(line, acknowledge=False)
    line.agent.hang_up(call.number, line.now)
    assert requests(line.wait(31.9), "BYE") == []
    assert len(requests(line.wait(0.2), "BYE")) == 1
    line.wait(40)
    assert remembered(line.agent) == 0


# Giving up: §9.2, §15.1.2


@pytest.mark.rfc("3261 §9.2")
def test_a_cancel_in_time_ends_the_invite_with_487() -> None:
    line = Line()
    call = invited(line)
    said = line.give(request("CANCEL", branch="z9hG4bK-call-1-INVITE-1"))
    assert statuses(said) == [200, 487]
    assert {m.to.tag for m in said} == {said[0].to.tag}
    assert line.events() == [
        CallCancelled(call),
        CallEnded(call, EndCause.CANCELLED, "the caller gave up"),
    ]


@pytest.mark.rfc("3261 §9.2")
def test_a_cancel_that_crosses_the_200_changes_nothing() -> None:
    line = Line()
    call = Answered(line, acknowledge=False)
    assert line.statuses(request("CANCEL", branch="z9hG4bK-call-1-INVITE-1")) == [200]
    assert line.events() == []
    line.give(call.ack())
    assert line.events() == [CallEstablished(call.number, None)]


@pytest.mark.rfc("3261 §9.2")
def test_a_cancel_of_nothing_is_answered_481() -> None:
    assert Line().statuses(request("CANCEL")) == [481]


@pytest.mark.rfc("3261 §9.2")
def test_a_cancel_of_another_branch_is_answered_481() -> None:
    line = Line()
    invited(line)
    assert line.statuses(request("CANCEL", branch="z9hG4bKother")) == [481]
    assert line.agent.calls == 1


@pytest.mark.rfc("3261 §9.2")
def test_a_repeated_cancel_gets_the_same_answer() -> None:
    line = Line()
    invited(line)
    cancel = request("CANCEL", branch="z9hG4bK-call-1-INVITE-1")
    first = line.give(cancel)[0]
    assert line.statuses(cancel)[0] == first.status == 200  # type: ignore[union-attr]
    assert len([e for e in line.events() if isinstance(e, CallEnded)]) == 1


@pytest.mark.rfc("3261 §15.1.2")
def test_a_bye_in_the_early_dialog_is_answered_and_ends_the_invite() -> None:
    line = Line()
    call = invited(line)
    line.agent.ring(call, line.now)
    tag = only(line.said()).to.tag
    assert line.statuses(request("BYE", to_tag=tag, cseq=2)) == [200, 487]
    assert [type(e) for e in line.events()] == [CallCancelled, CallEnded]


def test_hanging_up_an_unanswered_call_says_487() -> None:
    line = Line()
    call = invited(line)
    line.agent.hang_up(call, line.now)
    assert statuses(line.said()) == [487]
    assert ended(line).cause is EndCause.WE_HUNG_UP


@pytest.mark.rfc("3261 §13.3.1")
def test_an_invite_nobody_answers_expires() -> None:
    """§13.3.1."""
    line = Line()
    invited(line, headers=["Expires: 20"])
    assert 487 not in statuses(line.wait(19.9))
    assert 487 in statuses(line.wait(0.2))
    assert ended(line).cause is EndCause.REJECTED


@pytest.mark.rfc("3261 §13.3.1.1")
def test_a_long_ringing_call_is_rung_again_each_minute() -> None:
    """§13.3.1.1."""
    line = Line()
    line.agent.ring(invited(line), line.now)
    line.said()
    assert statuses(line.wait(125)) == [180, 180]


# Where answers go: §18.2.2, RFC 3581


@pytest.mark.rfc("3581 §4")
def test_an_answer_goes_to_the_source_where_rport_asks_for_it() -> None:
    line = Line()
    path = Flow("udp", LINE, ("198.51.100.7", 40000))
    answer = only(line.give(request("OPTIONS"), path))
    assert line.sent_flows == [path]
    assert (answer.via.received, answer.via.rport) == ("198.51.100.7", 40000)


@pytest.mark.rfc("3261 §18.2.2")
def test_without_rport_an_answer_goes_to_the_source_address_and_the_vias_port() -> None:
    line = Line()
    path = Flow("udp", LINE, ("198.51.100.7", 40000))
    answer = only(line.give(request("OPTIONS").replace(b";rport", b""), path))
    assert line.sent_flows[0].remote == ("198.51.100.7", 5070)
    assert answer.via.received == "198.51.100.7"


@pytest.mark.rfc("3261 §18.2.2")
def test_over_tcp_an_answer_takes_the_connection_the_request_came_on() -> None:
    line = Line(transport="tcp")
    path = Flow("tcp", LINE, ("192.0.2.9", 40123))
    line.give(request("OPTIONS", transport="TCP").replace(b";rport", b""), path)
    assert line.sent_flows == [path]


@pytest.mark.rfc("3261 §18.2.2")
def test_when_the_connection_is_gone_the_answer_opens_one_to_the_via() -> None:
    """§18.2.2."""
    line = Line(transport="tcp")
    path = Flow("tcp", LINE, ("192.0.2.9", 40123))
    line.give(request("INVITE", body=OFFER, transport="TCP"), path)
    call = line.event(InviteReceived).call
    line.agent.flow_failed(path, line.now)
    line.sent_flows.clear()
    line.agent.answer(call, ANSWER, line.now)
    line.said()
    assert {each.remote for each in line.sent_flows} == {("192.0.2.9", 5070)}


def test_a_call_whose_caller_cannot_be_reached_any_more_ends() -> None:
    line = Line()
    call = invited(line)
    line.agent.flow_failed(line.flow, line.now)
    assert ended(line) == CallEnded(call, EndCause.PEER_LOST, "the path to the caller is gone")
    assert remembered(line.agent) == 0


@pytest.mark.rfc("3261 §18")
def test_an_established_call_outlives_its_connection() -> None:
    line = Line(transport="tcp")
    call = Answered(line, transport="TCP", contact="<sip:peer@192.0.2.9:5099;transport=tcp>")
    line.agent.flow_failed(line.flow, line.now)
    assert line.agent.calls == 1
    line.sent_flows.clear()
    line.agent.hang_up(call.number, line.now)
    line.said()
    assert line.sent_flows[0].remote == ("192.0.2.9", 5099)


@pytest.mark.parametrize("remote", [("255.255.255.255", 5060), ("224.0.0.1", 5060), PEER])
def test_nothing_is_sent_to_everybody_or_to_port_0(remote: tuple[str, int]) -> None:
    line = Line()
    if remote == PEER:
        remote = (PEER[0], 0)
    for message in (request("OPTIONS"), b"INVITE garbage"):
        assert line.give(message, Flow("udp", LINE, remote)) == []


@pytest.mark.rfc("3261 §25.1", "5118 §4.1")
def test_ipv6_addresses_stand_in_brackets() -> None:
    line = Line()
    path = Flow("udp", ("2001:db8::1", 5060), ("2001:db8::9", 5070))
    line.give(
        request(
            "INVITE",
            body=OFFER,
            sent_by="[2001:db8::9]:5070",
            contact="<sip:peer@[2001:db8::9]:5070>",
            uri="sip:line@[2001:db8::1]",
        ),
        path,
    )
    call = line.event(InviteReceived).call
    line.agent.answer(call, ANSWER, line.now)
    ok = line.said()[-1]
    assert ok.headers.get("Contact") == "<sip:line@[2001:db8::1]:5060>"
    ack = request("ACK", to_tag=ok.to.tag, branch="z9hG4bKa", sent_by="[2001:db8::9]:5070")
    line.give(ack, path)
    line.agent.hang_up(call, line.now)
    (bye,) = requests(line.said(), "BYE")
    assert line.sent_flows[-1].remote == ("2001:db8::9", 5070)
    assert "[2001:db8::1]:5060" in (bye.headers.get("Via") or "")


# Keep-alives and garbage


@pytest.mark.rfc("5626 §3.5.1")
@pytest.mark.parametrize("data", [b"", b"\r\n", b"\r\n\r\n", b"\0\0\0\0", b"\0"])
def test_keep_alives_are_taken_in_silence(data: bytes) -> None:
    line = Line()
    assert line.give(data) == []
    assert line.agent.counters["keep-alive"] == 1


@pytest.mark.parametrize(
    "data", [b"hello", b"\xff" * 1500, b"SIP/2.0 200 OK\r\n\r\n", b"ACK x y\r\n\r\n"]
)
def test_garbage_is_dropped_and_counted(data: bytes) -> None:
    line = Line()
    assert line.give(data) == []
    assert sum(line.agent.counters.values()) == 1


@pytest.mark.rfc("3261 §8.2.7")
def test_a_malformed_request_is_answered_with_its_status_and_not_remembered() -> None:
    line = Line()
    broken = request("INVITE", body=OFFER).replace(b"CSeq: 1 INVITE", b"CSeq: x INVITE")
    line.agent.receive(broken, line.flow, line.now)
    ((_, data),) = line.agent.to_send()
    assert data.startswith(b"SIP/2.0 400 ")
    assert remembered(line.agent) == 0


def test_a_field_found_malformed_inside_a_call_is_answered_400_and_the_call_lives() -> None:
    line = Line()
    call = Answered(line)
    assert line.statuses(call.request("NOTIFY", headers=["Event: ;;;"])) == [400]
    assert line.statuses(call.request("INFO")) == [200]
    line.wait(60)
    assert len(line.agent._core.transactions) == 0


@pytest.mark.rfc("3261 §12.1.1", "3261 §17.2.3")
def test_a_peer_of_rfc_2543_is_served() -> None:
    """No branch, no tags: matched by the fields (§17.2.3)."""
    line = Line()
    invite = request("INVITE", body=OFFER, from_tag=None).replace(
        b";branch=z9hG4bK-call-1-INVITE-1", b""
    )
    assert line.statuses(invite) == [100]
    assert line.statuses(invite) == [100]
    assert line.agent.calls == 1
    call = line.event(InviteReceived).call
    line.agent.answer(call, ANSWER, line.now)
    tag = line.said()[-1].to.tag
    line.give(
        request("ACK", from_tag=None, to_tag=tag).replace(b";branch=z9hG4bK-call-1-ACK-1", b"")
    )
    assert line.events() == [CallEstablished(call, None)]
    bye = request("BYE", from_tag=None, to_tag=tag, cseq=2)
    assert line.statuses(bye) == [200]


def test_a_refusal_that_cannot_be_written_leaves_the_call_as_it_was() -> None:
    line = Line()
    call = invited(line)
    with pytest.raises(SipUsageError):
        line.agent.reject(call, 486, line.now, headers=[("X-Note", "a\r\nEvil: yes")])
    assert line.said() == []
    line.agent.answer(call, ANSWER, line.now)
    assert statuses(line.said()) == [180, 200]


def test_hanging_up_is_safe_whatever_the_reason_says() -> None:
    line = Line()
    call = Answered(line)
    line.agent.hang_up(call.number, line.now, reason="a\r\nEvil: yes\0")
    (bye,) = requests(line.said(), "BYE")
    assert "Evil" not in bye.headers


def test_a_command_for_a_call_whose_end_is_not_yet_told_is_no_fault() -> None:
    line = Line()
    call = Answered(line)
    line.give(call.request("BYE"))
    line.agent.offer_media(call.number, OFFER, line.now)
    assert line.said() == []
    line.events()
    with pytest.raises(SipUsageError):
        line.agent.offer_media(call.number, OFFER, line.now)


def test_a_call_that_moves_to_another_connection_goes_back_by_that_one() -> None:
    line = Line(transport="tcp")
    call = Answered(line, transport="TCP", contact="<sip:peer@192.0.2.9:5070;transport=tcp>")
    moved = Flow("tcp", LINE, ("192.0.2.9", 41000))
    line.give(call.request("INFO"), moved)
    line.agent.flow_failed(line.flow, line.now)  # the old one: of no concern
    line.sent_flows.clear()
    line.agent.hang_up(call.number, line.now)
    (bye,) = requests(line.said(), "BYE")
    assert line.sent_flows == [moved]
    line.give(request("OPTIONS", call_id="x", transport="TCP"))
    assert bye.method == "BYE"
    line.wait(80)
    assert remembered(line.agent) == 0
