"""Two user agents on a network that loses, doubles and reorders (RFC 3261 §17, RFC 6026)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.sip.events import (
    CallAnswered,
    CallEnded,
    CallEstablished,
    EndCause,
    Event,
    InviteReceived,
    MediaConfirmed,
    MediaOffered,
)
from ivr.sip.user_agent import UserAgent
from tests.ivr.sip.peers import ANSWER, OFFER, Wire, description, remembered


def first_line(data: bytes) -> str:
    return data.split(b"\r\n", 1)[0].decode()


def lose_first(n: int, *starts: str) -> Callable[[bytes], bool]:
    """Lose the first `n` messages whose start line begins so."""
    left = dict.fromkeys(starts, n)

    def lost(data: bytes) -> bool:
        line = first_line(data)
        for start in starts:
            if line.startswith(start) and left[start] > 0:
                left[start] -= 1
                return True
        return False

    return lost


def answering(wire: Wire, *, after_s: float = 0.0) -> None:
    """The callee takes every call."""

    def on_event(agent: UserAgent, event: Event) -> None:
        if isinstance(event, InviteReceived):
            if after_s:
                agent.ring(event.call, wire.now)
                pending.append((wire.now + after_s, event.call))
            else:
                agent.answer(event.call, ANSWER, wire.now)

    pending: list[tuple[float, int]] = []
    wire.on_event = on_event


def causes(wire: Wire, agent: UserAgent) -> list[EndCause]:
    return [event.cause for event in wire.heard[agent] if isinstance(event, CallEnded)]


@pytest.mark.rfc("3261 §17")
@pytest.mark.parametrize(
    "lost", ["INVITE", "SIP/2.0 100", "SIP/2.0 180", "SIP/2.0 200", "ACK", "BYE"]
)
@pytest.mark.parametrize("times", [1, 3])
def test_any_message_lost_is_made_good(lost: str, times: int) -> None:
    wire = Wire(lose=lose_first(times, lost))
    answering(wire)
    call = wire.place()
    wire.run(20)
    wire.caller.hang_up(call, wire.now)
    wire.run(20)
    assert wire.kinds(wire.caller)[-2:] == ["CallAnswered", "CallEnded"]
    assert wire.kinds(wire.callee) == ["InviteReceived", "CallEstablished", "CallEnded"]
    assert causes(wire, wire.callee) == [EndCause.PEER_HUNG_UP]
    wire.run(60)
    assert remembered(wire.caller) == remembered(wire.callee) == 0


@pytest.mark.rfc("3261 §13.3.1.4")
def test_an_ack_that_never_comes_ends_both_sides() -> None:
    wire = Wire(lose=lose_first(10**6, "ACK"))
    answering(wire)
    wire.place()
    wire.run(34)
    assert causes(wire, wire.callee) == [EndCause.NO_ACK]
    assert causes(wire, wire.caller) == [EndCause.PEER_HUNG_UP]


@pytest.mark.rfc("3261 §17.1.1.2")
def test_a_200_that_never_comes_ends_both_sides() -> None:
    wire = Wire(lose=lose_first(10**6, "SIP/2.0 200"))
    answering(wire)
    wire.place()
    wire.run(400)
    assert causes(wire, wire.callee) == [EndCause.NO_ACK]
    assert causes(wire, wire.caller) == [EndCause.REFUSED]
    wire.run(100)
    assert remembered(wire.caller) == remembered(wire.callee) == 0


def test_a_lost_refusal_is_sent_again() -> None:
    wire = Wire(lose=lose_first(2, "SIP/2.0 486"))
    wire.on_event = lambda agent, event: (
        agent.reject(event.call, 486, wire.now) if isinstance(event, InviteReceived) else None
    )
    wire.place()
    wire.run(10)
    assert wire.kinds(wire.caller)[-2:] == ["CallRefused", "CallEnded"]


@pytest.mark.parametrize("lost", [None, "CANCEL", "SIP/2.0 487", "SIP/2.0 200"])
def test_a_cancelled_call_ends_on_both_sides(lost: str | None) -> None:
    wire = Wire(lose=lose_first(2, lost) if lost else lambda data: False)
    wire.on_event = lambda agent, event: (
        agent.ring(event.call, wire.now) if isinstance(event, InviteReceived) else None
    )
    call = wire.place()
    wire.run(3)
    wire.caller.hang_up(call, wire.now)
    wire.run(20)
    assert causes(wire, wire.callee) == [EndCause.CANCELLED]
    assert causes(wire, wire.caller) == [EndCause.WE_HUNG_UP]
    wire.run(60)
    assert remembered(wire.caller) == remembered(wire.callee) == 0


@pytest.mark.parametrize("hang_up_at", [0.0, 0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.05])
def test_hanging_up_at_any_moment_of_the_answer_leaves_no_call(hang_up_at: float) -> None:
    """CANCEL before, crossing and after the 200 (§9.2, §15)."""
    wire = Wire()
    answering(wire)
    call = wire.place()
    wire.run(hang_up_at)
    wire.caller.hang_up(call, wire.now)
    wire.run(80)
    assert (wire.caller.calls, wire.callee.calls) == (0, 0)
    assert len(causes(wire, wire.caller)) == len(causes(wire, wire.callee)) == 1
    assert remembered(wire.caller) == remembered(wire.callee) == 0


@pytest.mark.rfc("3261 §14.1")
def test_both_sides_offer_at_once_and_both_offers_come_through() -> None:
    """§14.1: the pauses differ, so that they do not meet again."""
    wire = Wire()
    numbers: dict[UserAgent, int] = {}

    def on_event(agent: UserAgent, event: Event) -> None:
        if isinstance(event, InviteReceived):
            agent.answer(event.call, ANSWER, wire.now)
        elif isinstance(event, CallAnswered | CallEstablished):
            numbers[agent] = event.call
        elif isinstance(event, MediaOffered):
            agent.accept_media(event.call, ANSWER, wire.now)

    wire.on_event = on_event
    wire.place()
    wire.run(1)
    for agent in (wire.caller, wire.callee):
        agent.offer_media(numbers[agent], description("192.0.2.3", 6000), wire.now)
    wire.run(10)
    assert sum(first_line(data) == "SIP/2.0 491 Request Pending" for data in wire.carried) == 2
    for agent in (wire.caller, wire.callee):
        confirmed = [event for event in wire.heard[agent] if isinstance(event, MediaConfirmed)]
        assert {event.body for event in confirmed} == {None, ANSWER}
    assert (wire.caller.calls, wire.callee.calls) == (1, 1)


@pytest.mark.rfc("3261 §17")
def test_over_tcp_nothing_is_sent_twice() -> None:
    wire = Wire(transport="tcp")
    answering(wire)
    call = wire.place()
    wire.run(40)
    wire.caller.hang_up(call, wire.now)
    wire.run(60)
    assert [first_line(data).split(" sip:")[0] for data in wire.carried] == [
        "INVITE",
        "SIP/2.0 100 Trying",
        "SIP/2.0 180 Ringing",
        "SIP/2.0 200 OK",
        "ACK",
        "BYE",
        "SIP/2.0 200 OK",
    ]
    assert remembered(wire.caller) == remembered(wire.callee) == 0


@pytest.mark.rfc("3261 §17", "6026 §7")
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32),
    loss=st.floats(0.0, 0.45),
    doubled=st.floats(0.0, 0.5),
    slow=st.floats(0.0, 1.5),
    who=st.sampled_from(["caller", "callee"]),
    talk_s=st.floats(0.0, 40.0),
    offers=st.booleans(),
)
def test_whatever_the_network_does_a_call_ends_once_on_each_side_and_is_forgotten(
    seed: int, loss: float, doubled: float, slow: float, who: str, talk_s: float, offers: bool
) -> None:
    chance = random.Random(seed)

    def delay(data: bytes) -> Iterable[float]:
        copies = 2 if chance.random() < doubled else 1
        return [0.01 + chance.random() * slow for _ in range(copies)]

    wire = Wire(lose=lambda data: chance.random() < loss, delay=delay)

    def on_event(agent: UserAgent, event: Event) -> None:
        if isinstance(event, InviteReceived):
            agent.answer(event.call, ANSWER, wire.now)
        elif isinstance(event, MediaOffered):
            agent.accept_media(event.call, ANSWER, wire.now)
        elif isinstance(event, CallEstablished) and offers:
            agent.offer_media(event.call, OFFER, wire.now)

    wire.on_event = on_event
    call = wire.place()
    wire.run(talk_s)
    if who == "caller":
        wire.caller.hang_up(call, wire.now)
    else:
        for event in list(wire.heard[wire.callee]):
            if isinstance(event, InviteReceived):
                wire.callee.hang_up(event.call, wire.now)
    wire.run(300)
    wire.caller.hang_up(call, wire.now)  # where the callee had heard of no call yet
    wire.run(2000)  # where a BYE was lost for good, the session timer ends the other side
    for agent in (wire.caller, wire.callee):
        kinds = wire.kinds(agent)
        assert kinds.count("CallEnded") <= 1
        if "CallEnded" in kinds:
            assert kinds[-1] == "CallEnded"
    assert causes(wire, wire.caller)
    assert wire.caller.calls == wire.callee.calls == 0
    assert remembered(wire.caller) == remembered(wire.callee) == 0
