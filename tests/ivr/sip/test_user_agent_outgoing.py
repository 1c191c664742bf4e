"""Calls placed by the line: RFC 3261 §13.2, §9.1, §17.1, RFC 6026."""

from __future__ import annotations

import pytest

from ivr.sip.auth import parse_auth_params
from ivr.sip.config import Trunk
from ivr.sip.errors import SipUsageError
from ivr.sip.events import (
    CallAnswered,
    CallEnded,
    CallRefused,
    CallRinging,
    EndCause,
    InfoReceived,
)
from ivr.sip.message import Request
from tests.ivr.sip.peers import (
    ANSWER,
    OFFER,
    Line,
    flow,
    only,
    remembered,
    request,
    requests,
    response,
    statuses,
)


class Placed:
    """A call placed by the line, the INVITE just sent."""

    def __init__(self, line: Line, **changes: str) -> None:
        self.line = line
        self.number = line.agent.invite(
            "sip:desk@192.0.2.9",
            OFFER,
            line.flow,
            line.now,
            from_uri="sip:line@192.0.2.1",
            **changes,
        )
        (self.invite,) = requests(line.said(), "INVITE")

    def up(self, tag: str = "callee") -> Placed:
        said = self.line.give(response(self.invite, 200, tag=tag, body=ANSWER))
        assert [m.method for m in requests(said)] == ["ACK"]
        self.line.events()
        return self

    def request(self, method: str, cseq: int = 1, **changes: object) -> bytes:
        """A request of the callee's in the call."""
        given = {
            "call_id": self.invite.call_id,
            "from_tag": "callee",
            "to_tag": self.invite.from_.tag,
            "cseq": cseq,
        } | changes
        return request(method, **given)  # type: ignore[arg-type]


@pytest.mark.rfc("3261 §8.1.1")
def test_the_invite_has_what_it_must_have() -> None:
    """§8.1.1."""
    invite = Placed(Line(), from_display="民声热线").invite
    assert invite.uri.serialize() == "sip:desk@192.0.2.9"
    assert invite.body == OFFER
    assert (invite.from_.display, invite.to.tag) == ("民声热线", None)
    assert invite.from_.tag
    assert invite.via.has_cookie
    assert invite.via.wants_rport
    assert invite.max_forwards == 70
    assert invite.contact is not None
    assert "INVITE" in invite.allow


def test_ringing_answer_and_bye_are_told_in_order() -> None:
    line = Line()
    call = Placed(line)
    line.give(response(call.invite, 100, tag=None))
    line.give(response(call.invite, 180))
    line.give(response(call.invite, 183, body=ANSWER))
    said = line.give(response(call.invite, 200, body=ANSWER))
    (ack,) = requests(said)
    assert (ack.method, ack.cseq.number, ack.to.tag) == ("ACK", call.invite.cseq.number, "callee")
    assert ack.uri.serialize() == "sip:callee@192.0.2.9:5070"
    assert line.events() == [
        CallRinging(call.number, 180, None),
        CallRinging(call.number, 183, ANSWER),
        CallAnswered(call.number, ANSWER),
    ]
    assert line.statuses(call.request("BYE")) == [200]
    assert line.events() == [CallEnded(call.number, EndCause.PEER_HUNG_UP, "")]
    line.wait(60)
    assert remembered(line.agent) == 0


@pytest.mark.rfc("3261 §13.2.2.4")
def test_a_repeated_200_gets_its_ack_again_and_nothing_else() -> None:
    """§13.2.2.4, RFC 6026 §7.2."""
    line = Line()
    call = Placed(line)
    ok = response(call.invite, 200, body=ANSWER)
    first = requests(line.give(ok))
    line.events()
    for _ in range(3):
        assert requests(line.give(ok)) == first
    assert line.events() == []


@pytest.mark.rfc("3261 §17.1.1.2")
def test_an_unanswered_invite_is_repeated_and_given_up() -> None:
    """§17.1.1.2, timers A and B."""
    line = Line()
    call = Placed(line)
    start, times = line.now, []
    while line.now - start < 33:
        if requests(line.wait(0.25), "INVITE"):
            times.append(line.now - start)
    assert times == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert line.events() == [
        CallRefused(call.number, 408, "Request Timeout", elsewhere=True),
        CallEnded(call.number, EndCause.REFUSED, "408 Request Timeout"),
    ]
    assert remembered(line.agent) == 0


@pytest.mark.rfc("3261 §17.1.1.2")
def test_over_tcp_an_invite_is_sent_once() -> None:
    line = Line(transport="tcp")
    Placed(line)
    assert line.wait(31) == []


@pytest.mark.rfc("3261 §17.1.1.3")
@pytest.mark.parametrize("status", [302, 404, 486, 500, 603])
def test_a_refusal_is_acknowledged_on_the_invites_branch_and_told(status: int) -> None:
    """§17.1.1.3; a redirection is a refusal."""
    line = Line()
    call = Placed(line)
    refusal = response(call.invite, status)
    (ack,) = requests(line.give(refusal))
    assert ack.method == "ACK"
    assert ack.via.branch == call.invite.via.branch
    assert ack.uri == call.invite.uri
    assert ack.to.tag == "callee"
    assert [type(e) for e in line.events()] == [CallRefused, CallEnded]
    assert requests(line.give(refusal)) == [ack]  # again for each repetition
    assert line.events() == []
    line.wait(60)
    assert remembered(line.agent) == 0


@pytest.mark.rfc("3261 §9.1")
def test_hanging_up_after_a_provisional_answer_cancels() -> None:
    """§9.1."""
    line = Line()
    call = Placed(line)
    line.give(response(call.invite, 180))
    line.events()
    line.agent.hang_up(call.number, line.now)
    (cancel,) = requests(line.said())
    assert (cancel.method, cancel.via.branch) == ("CANCEL", call.invite.via.branch)
    assert cancel.cseq.number == call.invite.cseq.number
    assert line.events() == [CallEnded(call.number, EndCause.WE_HUNG_UP, "")]
    line.give(response(cancel, 200))
    (ack,) = requests(line.give(response(call.invite, 487)))
    assert ack.method == "ACK"
    assert line.events() == []
    line.wait(60)
    assert remembered(line.agent) == 0


@pytest.mark.rfc("3261 §9.1")
def test_hanging_up_before_any_answer_cancels_with_the_first() -> None:
    """§9.1: no CANCEL before a provisional response."""
    line = Line()
    call = Placed(line)
    line.agent.hang_up(call.number, line.now)
    assert line.said() == []
    assert len(requests(line.give(response(call.invite, 100, tag=None)), "CANCEL")) == 1
    assert requests(line.give(response(call.invite, 180)), "CANCEL") == []


@pytest.mark.rfc("3261 §9.1")
def test_a_200_that_crosses_our_cancel_is_acknowledged_and_hung_up() -> None:
    line = Line()
    call = Placed(line)
    line.give(response(call.invite, 180))
    line.events()
    line.agent.hang_up(call.number, line.now)
    line.said()
    said = line.give(response(call.invite, 200, body=ANSWER))
    assert [m.method for m in requests(said)] == ["ACK", "BYE"]
    assert [type(e) for e in line.events()] == [CallEnded]
    line.give(response(requests(said)[1], 200))
    line.wait(60)
    assert remembered(line.agent) == 0


@pytest.mark.rfc("3261 §9.1")
def test_a_cancel_that_brings_no_end_is_given_up_after_64_t1() -> None:
    """§9.1."""
    line = Line()
    call = Placed(line)
    line.give(response(call.invite, 180))
    line.agent.hang_up(call.number, line.now)
    line.wait(80)
    assert remembered(line.agent) == 0


@pytest.mark.rfc("3261 §13.2.2.4")
def test_a_second_fork_that_answers_is_acknowledged_and_hung_up() -> None:
    """§13.2.2.4."""
    line = Line()
    call = Placed(line).up("first")
    ok = response(call.invite, 200, tag="second", body=ANSWER)
    ack, bye = requests(line.give(ok))
    assert (ack.method, ack.to.tag) == ("ACK", "second")
    assert (bye.method, bye.to.tag) == ("BYE", "second")
    assert requests(line.give(ok)) == [ack]
    assert line.events() == []
    assert line.agent.calls == 1


@pytest.mark.rfc("3261 §13.2.2.4")
def test_the_answer_of_another_fork_than_rang_is_the_call() -> None:
    line = Line()
    call = Placed(line)
    line.give(response(call.invite, 180, tag="first"))
    call.up("second")
    key = call.request("INFO", from_tag="second", body=b"5", content_type="application/dtmf")
    assert line.statuses(key) == [200]
    assert line.events() == [InfoReceived(call.number, "application/dtmf", b"5")]
    assert line.statuses(call.request("INFO", cseq=2, from_tag="first")) == [481]


def test_a_callee_that_rings_for_ever_is_given_up() -> None:
    line = Line()
    call = Placed(line)
    line.give(response(call.invite, 180))
    line.events()
    assert len(requests(line.wait(181), "CANCEL")) >= 1
    assert [type(e) for e in line.events()] == [CallRefused, CallEnded]


def test_a_dead_path_refuses_the_call() -> None:
    line = Line()
    call = Placed(line)
    line.agent.flow_failed(line.flow, line.now)
    assert line.events()[0] == CallRefused(call.number, 503, "Service Unavailable", elsewhere=True)
    assert remembered(line.agent) == 0


@pytest.mark.rfc("3261 §12.1.2")
def test_the_route_set_is_the_answers_reversed() -> None:
    """§12.1.2."""
    line = Line()
    call = Placed(line)
    routes = ["Record-Route: <sip:192.0.2.21;lr>", "Record-Route: <sip:192.0.2.22;lr>"]
    line.sent_flows.clear()
    (ack,) = requests(line.give(response(call.invite, 200, headers=routes, body=ANSWER)))
    assert [r.uri.host for r in ack.route] == ["192.0.2.22", "192.0.2.21"]
    assert line.sent_flows[-1].remote == ("192.0.2.22", 5060)


@pytest.mark.rfc("3261 §14.2")
def test_a_re_invite_before_the_callee_answered_is_pending() -> None:
    line = Line()
    call = Placed(line)
    line.give(response(call.invite, 180))
    assert line.statuses(call.request("UPDATE", body=ANSWER)) == [491]


def test_a_wrong_target_or_caller_is_our_fault() -> None:
    line = Line()
    for target, caller, body in (
        ("the desk", "sip:a@b", OFFER),
        ("sip:a@b", "me", OFFER),
        ("sip:a@b", "sip:a@b", b""),
    ):
        with pytest.raises(SipUsageError):
            line.agent.invite(target, body, line.flow, line.now, from_uri=caller)
    with pytest.raises(SipUsageError):
        line.agent.invite("sip:a@b", OFFER, line.flow, line.now, from_uri="sip:a@b", trunk="none")
    assert line.agent.calls == 0
    assert remembered(line.agent) == 0


# Digest: §22


def trunk_line() -> Line:
    line = Line()
    line.agent.add_trunk(
        Trunk(
            "office",
            flow(),
            "sip:8800@pbx.example",
            password="secret",
            register=False,
            keepalive_s=None,
        ),
        line.now,
    )
    line.said()
    line.events()
    return line


def challenge(invite: Request, status: int = 407, **changes: str) -> bytes:
    name = "Proxy-Authenticate" if status == 407 else "WWW-Authenticate"
    parts = {"realm": '"pbx"', "nonce": '"n1"', "qop": '"auth"', "algorithm": "SHA-256"} | changes
    value = ", ".join(f"{key}={text}" for key, text in parts.items())
    return response(invite, status, headers=[f"{name}: Digest {value}"])


@pytest.mark.rfc("3261 §22.2")
@pytest.mark.parametrize("status", [401, 407])
def test_a_challenge_is_met_with_the_trunks_password(status: int) -> None:
    line = trunk_line()
    call = Placed(line, trunk="office")
    ack, again = requests(line.give(challenge(call.invite, status)))
    assert ack.method == "ACK"
    name = "Proxy-Authorization" if status == 407 else "Authorization"
    given = parse_auth_params((again.headers.get(name) or "").removeprefix("Digest "))
    assert (given["username"], given["uri"]) == ("8800", "sip:desk@192.0.2.9")
    assert again.cseq.number == call.invite.cseq.number + 1
    assert again.call_id == call.invite.call_id
    assert again.from_.tag == call.invite.from_.tag
    (ack,) = requests(line.give(response(again, 200, body=ANSWER)))
    assert ack.headers.get(name) == again.headers.get(name)  # §22.1
    assert [type(e) for e in line.events()] == [CallAnswered]


@pytest.mark.rfc("3261 §22.1")
def test_a_second_challenge_means_a_wrong_password() -> None:
    line = trunk_line()
    call = Placed(line, trunk="office")
    again = requests(line.give(challenge(call.invite)))[-1]
    assert [m.method for m in requests(line.give(challenge(again)))] == ["ACK"]
    refused = line.events()[0]
    assert isinstance(refused, CallRefused)
    assert refused.status == 407


def test_a_stale_nonce_is_not_a_wrong_password() -> None:
    line = trunk_line()
    call = Placed(line, trunk="office")
    again = requests(line.give(challenge(call.invite)))[-1]
    third = requests(line.give(challenge(again, nonce='"n2"', stale="true")))[-1]
    assert (third.method, third.cseq.number) == ("INVITE", call.invite.cseq.number + 2)


def test_without_a_trunk_a_challenge_is_a_refusal() -> None:
    line = Line()
    call = Placed(line)
    line.give(challenge(call.invite))
    assert isinstance(line.events()[0], CallRefused)


def test_a_challenge_inside_the_call_is_met_too() -> None:
    line = trunk_line()
    call = Placed(line, trunk="office").up()
    line.agent.hang_up(call.number, line.now)
    (bye,) = requests(line.said(), "BYE")
    (again,) = requests(line.give(challenge(bye)))
    assert again.method == "BYE"
    assert again.headers.get("Proxy-Authorization")
    line.give(response(again, 200))
    line.wait(60)
    assert len(line.agent._core.dialogs) == 0


@pytest.mark.rfc("4028 §7.3")
def test_a_session_interval_too_small_is_raised_and_tried_again() -> None:
    """RFC 4028 §7.4."""
    line = Line()
    call = Placed(line)
    again = requests(line.give(response(call.invite, 422, headers=["Min-SE: 3600"])))[-1]
    assert again.session_expires is not None
    assert again.session_expires.interval_s == 3600
    assert again.min_se == 3600


@pytest.mark.rfc("3261 §18.1.2")
def test_a_stray_answer_is_dropped_and_counted() -> None:
    """§18.1.2."""
    line = Line()
    call = Placed(line)
    branch = (call.invite.via.branch or "").encode()
    assert line.give(response(call.invite, 200).replace(branch, b"z9hG4bKforeign")) == []
    assert line.agent.counters["stray response"] == 1
    assert line.events() == []


def test_the_callee_is_served_inside_the_call() -> None:
    line = Line()
    call = Placed(line).up()
    assert statuses(line.give(call.request("OPTIONS"))) == [200]
    assert only(line.give(call.request("BYE", cseq=2))).status == 200


def test_a_caller_name_with_a_line_end_is_our_fault_and_leaves_nothing() -> None:
    line = Line()
    with pytest.raises(SipUsageError):
        line.agent.invite(
            "sip:desk@192.0.2.9",
            OFFER,
            line.flow,
            line.now,
            from_uri="sip:line@192.0.2.1",
            from_display="line\r\nEvil: yes",
        )
    assert remembered(line.agent) == 0
    assert line.said() == []


def test_ringing_that_says_nothing_new_is_told_once() -> None:
    line = Line()
    call = Placed(line)
    for _ in range(3):
        line.give(response(call.invite, 180))
    assert line.events() == [CallRinging(call.number, 180, None)]


@pytest.mark.parametrize(
    "junk",
    ["Record-Route: junk", "Allow: @@", "Session-Expires: soon", "Min-SE: x", "Retry-After: x"],
)
def test_an_answer_malformed_in_an_extra_is_taken_without_it(junk: str) -> None:
    line = Line()
    call = Placed(line)
    ok = response(call.invite, 200, headers=[junk], body=ANSWER)
    assert [m.method for m in requests(line.give(ok))] == ["ACK"]
    assert line.events() == [CallAnswered(call.number, ANSWER)]
    assert line.agent.counters["malformed field in an answer"] == 1


def test_an_answer_with_a_contact_nobody_can_read_is_acknowledged_where_we_called() -> None:
    line = Line()
    call = Placed(line)
    ok = response(call.invite, 200, contact="<sip:", body=ANSWER)
    (ack,) = requests(line.give(ok))
    assert ack.uri == call.invite.uri
