"""Requests nobody expects are asked about; those of calls in progress are not."""

from __future__ import annotations

from ivr.sip.address import Flow
from ivr.sip.config import UserAgentConfig
from ivr.sip.events import InviteReceived
from ivr.sip.message import Request
from ivr.sip.screening import SILENCE, Admitted, EverybodyIsServed, TurnedAway, Verdict
from ivr.sip.user_agent import UserAgent
from tests.ivr.sip.peers import (
    ANSWER,
    LINE,
    OFFER,
    Answered,
    Line,
    entropy,
    flow,
    request,
    requests,
    response,
)


class Rules(EverybodyIsServed):
    """Answers the same to everything, and keeps what it was told."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.asked: list[str] = []
        self.proven: list[str] = []

    def call(self, request: Request, flow: Flow, now: float) -> Verdict:
        self.asked.append("call")
        return self.verdict

    def question(self, request: Request, flow: Flow, now: float) -> Verdict:
        self.asked.append(request.method)
        return self.verdict

    def stray(self, request: Request, flow: Flow, now: float) -> Verdict:
        self.asked.append(f"stray {request.method}")
        return self.verdict

    def malformed(self, request: Request | None, flow: Flow, now: float) -> Verdict:
        self.asked.append("malformed")
        return self.verdict

    def heard_us(self, flow: Flow, now: float) -> None:
        self.proven.append(flow.remote[0])


def screened(verdict: Verdict) -> tuple[Line, Rules]:
    line, rules = Line(), Rules(verdict)
    line.agent = UserAgent(UserAgentConfig(), entropy("line"), rules)
    return line, rules


UNEXPECTED = (
    request("INVITE", body=ANSWER),
    request("OPTIONS"),
    request("REGISTER"),
    request("BYE", to_tag="gone"),
    request("CANCEL"),
    request("ACK", to_tag="gone"),
    b"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx\r\n\r\n",
    b"junk\r\n\r\n",
)


def test_silence_is_silence_whatever_comes() -> None:
    line, _rules = screened(SILENCE)
    for message in UNEXPECTED:
        assert line.give(message) == []
    assert line.events() == []


def test_who_is_turned_away_gets_one_answer_and_nothing_is_remembered() -> None:
    line, _rules = screened(TurnedAway(403))
    for message in (*UNEXPECTED[:5], *UNEXPECTED[:5]):
        assert line.statuses(message) == [403]
    assert line.events() == []
    assert line.agent.next_deadline() is None


def test_a_stranger_by_udp_hears_nothing_before_the_answer() -> None:
    line, _rules = screened(Admitted(known=False))
    assert line.give(request("INVITE", body=ANSWER)) == []
    invite = line.event(InviteReceived)
    assert not invite.known
    line.agent.ring(invite.call, line.now)
    line.agent.answer(invite.call, ANSWER, line.now)
    assert [m.status for m in line.said()] == [200]  # type: ignore[union-attr]


def test_a_stranger_by_tcp_is_served_as_anybody() -> None:
    line, _rules = screened(Admitted(known=False))
    line.flow = flow("tcp")
    assert line.statuses(request("INVITE", body=ANSWER, transport="TCP")) == [100]


def test_calls_in_progress_are_not_asked_about_again() -> None:
    line, rules = screened(Admitted())
    call = Answered(line)
    rules.verdict = SILENCE
    assert line.statuses(call.request("INFO")) == [200]
    assert line.statuses(call.request("BYE")) == [200]
    assert rules.asked == ["call"]


def test_an_ack_from_where_the_invite_came_proves_that_the_caller_hears_us() -> None:
    line, rules = screened(Admitted(known=False))
    call = Answered(line, acknowledge=False)
    assert rules.proven == []
    line.give(call.ack())
    assert rules.proven == ["192.0.2.9"]


def test_our_tag_from_another_address_proves_nothing_of_that_address() -> None:
    line, rules = screened(Admitted(known=False))
    call = Answered(line, acknowledge=False)
    line.give(call.ack(), Flow("udp", LINE, ("198.51.100.1", 5060)))
    line.give(call.request("INVITE", body=ANSWER), Flow("udp", LINE, ("198.51.100.1", 5060)))
    assert "198.51.100.1" not in rules.proven


def test_whom_we_called_proves_by_our_tag_that_it_hears_us() -> None:
    line, rules = screened(Admitted(known=False))
    line.agent.invite("sip:desk@192.0.2.9", OFFER, line.flow, line.now, from_uri="sip:a@192.0.2.1")
    (invite,) = requests(line.said())
    line.give(response(invite, 200, body=ANSWER))
    asked = {"call_id": invite.call_id, "from_tag": "callee", "to_tag": invite.from_.tag}
    elsewhere = flow(remote=("192.0.2.66", 5060))
    for cseq in (1, 2):
        line.give(request("INFO", **asked, cseq=cseq), elsewhere)
    assert rules.proven == []
    line.give(request("INFO", **asked, cseq=3))
    assert rules.proven == ["192.0.2.9"]


def test_a_made_up_tag_proves_nothing() -> None:
    line, rules = screened(Admitted(known=False))
    Answered(line, acknowledge=False)
    line.give(request("ACK", to_tag="guessed", branch="z9hG4bK-x"))
    assert rules.proven == []


def test_a_strangers_contact_does_not_aim_what_we_send() -> None:
    line, _rules = screened(Admitted(known=False))
    victim = "<sip:victim@198.51.100.1:9>"
    call = Answered(line, contact=victim)
    line.agent.hang_up(call.number, line.now)
    assert requests(line.said(), "BYE")
    assert {path.remote[0] for path in line.sent_flows} == {"192.0.2.9"}


def test_a_friends_contact_is_followed() -> None:
    line, _rules = screened(Admitted())
    call = Answered(line, contact="<sip:peer@192.0.2.77:5090>")
    line.agent.hang_up(call.number, line.now)
    assert requests(line.said(), "BYE")
    assert line.sent_flows[-1].remote == ("192.0.2.77", 5090)
