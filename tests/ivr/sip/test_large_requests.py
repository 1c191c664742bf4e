"""Requests of ours that are too large for a datagram: RFC 3261 §18.1.1."""

from __future__ import annotations

import pytest

from ivr.sip.config import UserAgentConfig
from ivr.sip.events import CallAnswered, CallEnded, CallRefused
from ivr.sip.message import Request, parse
from tests.ivr.sip.peers import (
    ANSWER,
    OFFER,
    Answered,
    Line,
    flow,
    remembered,
    request,
    requests,
    response,
)

LARGE = OFFER + b"a=x-padding:" + b"x" * 1200 + b"\r\n"
BY_TCP = flow("tcp")


def place(line: Line, offer: bytes = LARGE) -> int:
    return line.agent.invite(
        "sip:desk@192.0.2.9", offer, line.flow, line.now, from_uri="sip:line@192.0.2.1"
    )


def sent(line: Line) -> list[tuple[str, Request]]:
    """The requests that wait, each with its transport."""
    found = []
    for path, data in line.agent.to_send():
        message = parse(data, stream=path.reliable)
        assert isinstance(message, Request)
        found.append((path.transport, message))
    return found


def only_one(line: Line) -> tuple[str, Request]:
    (found,) = sent(line)
    return found


@pytest.mark.rfc("3261 §18.1.1")
def test_a_request_over_1300_bytes_goes_by_tcp_and_its_via_says_so() -> None:
    line = Line()
    place(line)
    ((path, data),) = line.agent.to_send()
    assert len(data) > 1300
    assert path == BY_TCP
    invite = parse(data)
    assert isinstance(invite, Request)
    assert (invite.via.transport, invite.via.sent_by) == ("TCP", ("192.0.2.1", 5060))


@pytest.mark.rfc("3261 §18.1.1")
def test_a_request_of_1300_bytes_stays_a_datagram_and_one_byte_more_does_not() -> None:
    line = Line()
    place(line, OFFER)
    ((_, data),) = line.agent.to_send()
    room = 1300 - len(data) - len(b"a=:\r\n") - 1  # Content-Length becomes a digit longer
    for more, transport in ((0, "UDP"), (1, "TCP")):
        other = Line()
        place(other, OFFER + b"a=:" + b"x" * (room + more) + b"\r\n")
        _, invite = only_one(other)
        assert invite.via.transport == transport


@pytest.mark.rfc("3261 §18.1.1")
def test_where_no_connection_is_to_be_had_the_same_request_goes_by_udp() -> None:
    line = Line()
    number = place(line)
    _, first = only_one(line)
    line.agent.flow_failed(BY_TCP, line.now)
    transport, again = only_one(line)
    assert (transport, again.via.transport) == ("udp", "UDP")
    # A neighbour that had the first all the same takes the second for its copy (§17.2.3).
    assert again.via.branch == first.via.branch
    assert again.via.sent_by == first.via.sent_by
    assert (again.cseq, again.body) == (first.cseq, first.body)
    assert [m.method for m in requests(line.wait(0.6))] == ["INVITE"]  # timer A runs
    line.give(response(again, 200, body=ANSWER))
    assert line.events() == [CallAnswered(number, ANSWER)]


@pytest.mark.rfc("3261 §18.1.1")
def test_a_neighbour_without_tcp_is_not_asked_for_it_again_for_ten_minutes() -> None:
    line = Line()
    place(line)
    line.agent.flow_failed(BY_TCP, line.now)
    sent(line)
    line.now += 599
    line.agent.tick(line.now)
    sent(line)
    place(line)
    assert only_one(line)[0] == "udp"
    line.now += 2
    place(line)
    assert "tcp" in {transport for transport, _ in sent(line)}


@pytest.mark.rfc("3261 §18.1.1")
def test_a_path_that_fails_both_ways_refuses_the_call_once() -> None:
    line = Line()
    number = place(line)
    line.agent.flow_failed(BY_TCP, line.now)
    line.agent.flow_failed(line.flow, line.now)
    assert [type(event) for event in line.events()] == [CallRefused, CallEnded]
    line.wait(60)
    assert number not in {getattr(event, "call", None) for event in line.events()}
    assert remembered(line.agent) == 0


@pytest.mark.rfc("3261 §18.1.1")
def test_a_connection_that_breaks_after_an_answer_is_no_reason_to_ask_again() -> None:
    line = Line()
    place(line)
    _, invite = only_one(line)
    line.give(response(invite, 180), BY_TCP)
    line.events()
    line.agent.flow_failed(BY_TCP, line.now)
    assert "INVITE" not in [message.method for _, message in sent(line)]
    assert CallRefused in [type(event) for event in line.events()]


@pytest.mark.rfc("3261 §9.1", "3261 §18.1.1")
def test_the_cancel_of_a_large_invite_goes_by_its_connection() -> None:
    line = Line()
    number = place(line)
    _, invite = only_one(line)
    line.give(response(invite, 180), BY_TCP)
    line.agent.hang_up(number, line.now)
    transport, cancel = only_one(line)
    assert (transport, cancel.method, cancel.via.transport) == ("tcp", "CANCEL", "TCP")
    assert cancel.via.branch == invite.via.branch
    line.give(response(cancel, 200), BY_TCP)
    (ack,) = requests(line.give(response(invite, 487), BY_TCP))
    assert (ack.method, ack.via.transport) == ("ACK", "TCP")
    assert line.sent_flows[-1] == BY_TCP


@pytest.mark.rfc("3261 §18.1.1")
def test_the_small_requests_of_the_call_go_by_udp_as_ever() -> None:
    line = Line()
    number = place(line)
    _, invite = only_one(line)
    line.give(response(invite, 200, body=ANSWER), BY_TCP)
    assert line.sent_flows[-1].transport == "udp"  # the ACK
    line.agent.hang_up(number, line.now)
    transport, bye = only_one(line)
    assert (transport, bye.method, bye.via.transport) == ("udp", "BYE", "UDP")


def test_who_has_no_connections_sends_everything_by_udp() -> None:
    line = Line(UserAgentConfig(datagram_max_bytes=None))
    place(line)
    assert only_one(line)[0] == "udp"


def test_over_tls_nothing_changes() -> None:
    line = Line(transport="tls")
    place(line)
    assert only_one(line)[0] == "tls"


def routes(count: int) -> list[str]:
    return [f"Record-Route: <sip:hop{n}@192.0.2.9:5070;lr;x={'x' * 200}>" for n in range(count)]


@pytest.mark.parametrize(("sent_by", "transport"), [("192.0.2.9:5070", "tcp"), ("10.0.0.9", "udp")])
def test_headers_of_a_caller_at_an_address_it_does_not_know_cause_no_connection(
    sent_by: str, transport: str
) -> None:
    """Behind a NAT nobody can be connected to, and a stranger is believed no address at all."""
    line = Line()
    call = Answered(line, headers=routes(8), sent_by=sent_by)
    line.agent.hang_up(call.number, line.now)
    (path, data), *_ = line.agent.to_send()
    assert data.startswith(b"BYE")
    assert len(data) > 1300
    assert path.transport == transport


def test_answers_of_any_size_go_back_as_the_request_came() -> None:
    line = Line()
    padding = [f"Via: SIP/2.0/UDP 192.0.2.{n};branch=z9hG4bK{'x' * 200}" for n in range(1, 9)]
    line.agent.receive(request("OPTIONS", headers=padding), line.flow, line.now)
    ((path, data),) = line.agent.to_send()
    assert len(data) > 1300
    assert path.transport == "udp"
