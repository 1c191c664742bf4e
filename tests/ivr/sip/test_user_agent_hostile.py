"""What strangers send: nothing raises, nothing stays (design §3, a peer's fault is counted)."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.sip.address import Flow
from ivr.sip.config import Trunk, UserAgentConfig
from ivr.sip.events import InviteReceived, MediaOffered
from ivr.sip.message import Request, parse
from ivr.sip.screening import Admitted, EverybodyIsServed, Verdict
from ivr.sip.user_agent import UserAgent
from tests.ivr.sip.peers import (
    ANSWER,
    LINE,
    OFFER,
    Answered,
    Line,
    entropy,
    flow,
    remembered,
    request,
    requests,
    response,
    statuses,
)

METHODS = (
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "INFO",
    "UPDATE",
    "PRACK",
    "NOTIFY",
    "REFER",
)
HEADERS = (
    "Require: 100rel",
    "Require: x",
    "Supported: timer",
    "Session-Expires: 90;refresher=uas",
    "Session-Expires: 1",
    "Session-Expires: ;;",
    "RAck: 1 1 INVITE",
    "RAck: x",
    "Event: refer",
    "Event: ;",
    "Subscription-State: terminated",
    "Expires: 1",
    "Allow: UPDATE",
    "Accept: text/plain",
    "Accept: ;",
    "Contact: *",
    "Record-Route: <sip:192.0.2.3;lr>",
    "Record-Route: junk",
    "Content-Encoding: gzip",
    "Content-Disposition: ,",
    'Reason: SIP;text="',
    "Refer-To: <sip:a@b>",
)
alphabet = st.sampled_from(
    [b"\r\n", b";", b",", b'"', b"<", b">", b":", b"\0", b"\xff", b"%", b" "]
)


def live(line: Line) -> Answered:
    """A call in progress, a transfer under way, a trunk and a call placed."""
    call = Answered(line, headers=["Supported: timer", "Session-Expires: 90;refresher=uas"])
    line.agent.refer(call.number, "sip:a@192.0.2.9", line.now)
    line.agent.add_trunk(Trunk("t", flow(), "sip:t@192.0.2.9"), line.now)
    line.agent.invite("sip:b@192.0.2.9", OFFER, line.flow, line.now, from_uri="sip:l@192.0.2.1")
    line.said()
    return call


def finish(line: Line) -> None:
    """Hang everything up; whatever happened, nothing may stay."""
    numbers = list(line.agent._core.calls)
    for number in numbers:
        line.agent.hang_up(number, line.now)
    if line.agent._trunks:
        line.agent.remove_trunk("t", line.now)
    drain(line, 4000)
    while line.agent.next_event() is not None:
        pass
    assert remembered(line.agent) == 0


def drain(line: Line, seconds: float) -> None:
    end = line.now + seconds
    while (deadline := line.agent.next_deadline()) is not None and deadline <= end:
        line.now = max(line.now, deadline)
        line.agent.tick(line.now)
        line.agent.to_send()
    line.now = end


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    script=st.lists(
        st.tuples(
            st.sampled_from(METHODS),
            st.booleans(),  # inside the call
            st.lists(st.sampled_from(HEADERS), max_size=3),
            st.sampled_from([b"", OFFER, b"x"]),
            st.integers(0, 6),
            st.lists(st.tuples(st.floats(0, 1), alphabet), max_size=2),
            st.floats(0, 40),
        ),
        max_size=12,
    )
)
def test_no_sequence_of_requests_raises_or_leaves_anything(
    script: list[tuple[str, bool, list[str], bytes, int, list[tuple[float, bytes]], float]],
) -> None:
    line = Line()
    call = live(line)
    for method, inside, headers, body, cseq, damage, pause in script:
        data = request(
            method,
            call_id="call-1" if inside else "other",
            to_tag=call.tag if inside else None,
            cseq=cseq,
            headers=headers,
            body=body,
        )
        for place, junk in damage:
            at = int(place * len(data))
            data = data[:at] + junk + data[at:]
        line.agent.receive(data, line.flow, line.now)
        while (event := line.agent.next_event()) is not None:
            if isinstance(event, InviteReceived):
                line.agent.answer(event.call, ANSWER, line.now)
            elif isinstance(event, MediaOffered):
                line.agent.accept_media(event.call, ANSWER, line.now)
        line.agent.to_send()
        drain(line, pause)
    finish(line)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    answers=st.lists(
        st.tuples(
            st.integers(0, 3),
            st.integers(100, 699),
            st.sampled_from(["callee", "fork", None]),
            st.lists(
                st.sampled_from(
                    (
                        *HEADERS,
                        "Min-SE: 3600",
                        "Min-SE: x",
                        "Retry-After: 4000000000",
                        "Min-Expires: 4000000000",
                        'WWW-Authenticate: Digest realm="r", nonce="n", stale=true',
                        "Proxy-Authenticate: junk",
                        "Contact: <sip:t@192.0.2.1:5060>;expires=0",
                    )
                ),
                max_size=3,
            ),
            st.floats(0, 40),
        ),
        max_size=10,
    )
)
def test_no_sequence_of_answers_raises_or_leaves_anything(
    answers: list[tuple[int, int, str | None, list[str], float]],
) -> None:
    line = Line()
    live(line)
    line.agent.to_send()
    asked: list[Request] = []
    line.agent.invite("sip:c@192.0.2.9", OFFER, line.flow, line.now, from_uri="sip:l@192.0.2.1")
    asked += requests(line.said())
    for which, status, tag, headers, pause in answers:
        data = response(asked[which % len(asked)], status, tag=tag, headers=headers)
        line.agent.receive(data, line.flow, line.now)
        for _, sent in line.agent.to_send():
            if not sent.startswith(b"SIP/2.0"):
                asked += [m for m in _read(sent) if m.method != "ACK"]
        drain(line, pause)
    finish(line)


def _read(data: bytes) -> list[Request]:
    message = parse(data)
    return [message] if isinstance(message, Request) else []


def test_a_flood_of_requests_without_a_call_is_not_remembered() -> None:
    line = Line()
    for index in range(2000):
        method = ("OPTIONS", "REGISTER", "BYE", "CANCEL", "SUBSCRIBE")[index % 5]
        assert len(line.give(request(method, call_id=f"flood-{index}"))) == 1
    assert remembered(line.agent) == 0


def test_a_flood_of_invites_stops_at_the_limit() -> None:
    line = Line(UserAgentConfig(max_calls=50))
    codes = [line.statuses(request("INVITE", body=OFFER, call_id=f"c{i}")) for i in range(200)]
    assert codes.count([100]) == 50
    assert codes.count([503]) == 150
    assert line.agent.calls == 50


def test_transactions_are_limited_too() -> None:
    line = Line(UserAgentConfig(max_transactions=3))
    for index in range(5):
        call = request("INVITE", body=OFFER, call_id=f"c{index}")
        line.give(call)
    assert len(line.agent._core.transactions) == 3


def refused(line: Line, number: int, size: int) -> list[int]:
    """A call that is refused at once, and whose answer nobody acknowledges."""
    junk = [f"X-{n}: {'x' * 1000}" for n in range(size // 1000)]
    said = line.give(request("INVITE", body=OFFER, call_id=f"c{number}", headers=junk))
    for invite in line.events():
        if isinstance(invite, InviteReceived):
            line.agent.reject(invite.call, 488, line.now)
    return statuses([*said, *line.said()])


def test_what_large_requests_weigh_is_limited_and_comes_back() -> None:
    line = Line(UserAgentConfig(max_held_bytes=100_000))
    answers = [refused(line, number, 30_000)[-1] for number in range(6)]
    assert answers == [488, 488, 488, 488, 503, 503]
    line.wait(60)
    assert line.agent._core.transactions.held_bytes == 0
    assert refused(line, 7, 30_000)[-1] == 488


def test_strangers_fill_half_of_what_may_be_held_and_no_more() -> None:
    line = Line()
    rules = OneIsKnown()
    line.agent = UserAgent(UserAgentConfig(max_held_bytes=100_000), entropy("line"), rules)
    answers = [refused(line, number, 30_000)[-1] for number in range(3)]
    assert answers == [488, 488, 503]
    rules.known = True
    assert refused(line, 4, 30_000)[-1] == 488


class OneIsKnown(EverybodyIsServed):
    """Callers are strangers until it is said that they are not."""

    known = False

    def call(self, request: Request, flow: Flow, now: float) -> Verdict:
        return Admitted(known=self.known)


def test_a_bye_from_another_address_with_the_right_tags_is_the_peers() -> None:
    """Phones change address; the tags are the secret (§12)."""
    line = Line()
    call = Answered(line)
    elsewhere = Flow("udp", LINE, ("198.51.100.7", 4444))
    assert statuses(line.give(call.request("BYE"), elsewhere)) == [200]


def test_many_calls_leave_nothing() -> None:
    line = Line(UserAgentConfig(session_s=None))
    random_order = random.Random(4)
    calls = [Answered(line, call_id=f"c{index}") for index in range(300)]
    random_order.shuffle(calls)
    for call in calls:
        if random_order.random() < 0.5:
            line.agent.hang_up(call.number, line.now)
            for bye in requests(line.said(), "BYE"):
                line.give(response(bye, 200))
        else:
            line.give(call.request("BYE"))
    assert line.agent.calls == 0
    assert len(line.agent._core.dialogs) == 0
    line.events()
    line.wait(40)
    assert remembered(line.agent) == 0
    assert len(line.agent._core.ends_untold) == 0


def test_the_end_of_a_call_is_told_even_when_its_first_event_was_never_taken() -> None:
    line = Line()
    line.give(request("INVITE", body=OFFER))
    line.give(request("CANCEL", branch="z9hG4bK-call-1-INVITE-1"))
    kinds = [type(event).__name__ for event in line.events()]
    assert kinds == ["InviteReceived", "CallCancelled", "CallEnded"]
