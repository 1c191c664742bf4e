"""A person with several servers: RFC 3263 §4.3."""

import logging
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed

from ivr.logs import in_call
from ivr.responder.party import Outcome, Person
from ivr.responder.ticker import Deadlines
from ivr.sip.address import Flow
from ivr.sip.events import CallEnded
from ivr.sip.message import Request
from tests.ivr.sip.peers import ANSWER, Line, requests, response

FIRST = Flow("udp", ("192.0.2.1", 5060), ("192.0.2.9", 5070))
SECOND = Flow("udp", ("2001:db8::1", 5060), ("2001:db8::9", 5071))


class FakeLeg:
    """Sound that goes nowhere."""

    address = ("0.0.0.0", 20_000)
    rtcp_port = 20_001

    def __init__(self, host: str = "") -> None:
        self.host = host
        self.closed = self.bridged = False

    def loop(self, sound: object) -> None: ...
    def stop_playing(self) -> None: ...
    def configure(self, plan: object) -> None: ...

    def bridge(self, other: object) -> None:
        self.bridged = True

    def unbridge(self) -> None:
        self.bridged = False

    def close(self) -> None:
        self.closed = True


class Exchange:
    """A line without sockets: what it sends is in `said`."""

    def __init__(self, *paths: Flow) -> None:
        self.line = Line()
        self.user_agent = self.line.agent
        self.sip: Any = self
        self.deadlines = Deadlines()
        self.deadlines.tick(self.line.now)
        self.paths = list(paths)
        self.legs: list[FakeLeg] = []
        self.listeners: dict[int, Any] = {}
        self.said: list[Request] = []
        self.outcomes: list[Outcome] = []
        log = in_call(logging.getLogger(__name__), "test")
        self.caller = FakeLeg()
        self.person = Person(self, self.caller, self.outcomes.append, log)  # type: ignore[arg-type]
        self.person.call(
            "sip:600@pbx.example",
            FIRST,
            timeout_s=30.0,
            from_user="line",
            from_display="",
            trunk=None,
            caused_by="call",
        )

    def open_leg(self, remote_host: str) -> FakeLeg:
        self.legs.append(FakeLeg(remote_host))
        return self.legs[-1]

    def join(self, call: int, listener: Any) -> None:
        self.listeners[call] = listener

    def relate(self, call: int, call_id: str) -> None: ...

    def encryption_with(self, trunk: str | None, path: Flow) -> str:
        return "off"

    def paths_to(self, uri: str, otherwise: Flow) -> "Deferred[list[Flow]]":
        return succeed(self.paths)

    def pump(self) -> None:
        self.said += requests(self.line.said())
        for event in self.line.events():
            call: Any = getattr(event, "call", None)
            if listener := self.listeners.get(call):
                listener(event)
            if isinstance(event, CallEnded):
                self.listeners.pop(event.call, None)

    def answered(self, invite: Request, status: int) -> None:
        body = ANSWER if status == 200 else b""
        self.user_agent.receive(response(invite, status, body=body), FIRST, self.line.now)
        self.pump()

    def invites(self) -> list[Request]:
        return [one for one in self.said if one.method == "INVITE"]


@pytest.mark.rfc("3263 §4.3")
def test_a_server_that_says_503_is_passed_over_for_the_next() -> None:
    exchange = Exchange(FIRST, SECOND)
    (first,) = exchange.invites()
    exchange.answered(first, 503)
    _, second = exchange.invites()
    assert exchange.line.sent_flows[0] == FIRST
    assert SECOND in exchange.line.sent_flows
    assert second.call_id != first.call_id
    assert b"c=IN IP6 2001:db8::1" in second.body
    assert [(leg.host, leg.closed) for leg in exchange.legs] == [
        ("192.0.2.9", True),
        ("2001:db8::9", False),
    ]
    assert exchange.outcomes == []
    exchange.answered(second, 200)
    assert exchange.person.answered
    assert exchange.caller.bridged


@pytest.mark.rfc("3263 §4.3")
def test_a_server_that_cannot_be_reached_is_passed_over_too() -> None:
    exchange = Exchange(FIRST, SECOND)
    exchange.user_agent.flow_failed(FIRST, exchange.line.now)
    exchange.pump()
    assert len(exchange.invites()) == 2


@pytest.mark.rfc("3263 §4.3")
def test_after_the_last_server_the_call_has_failed_once() -> None:
    exchange = Exchange(FIRST, SECOND)
    for _ in range(2):
        exchange.answered(exchange.invites()[-1], 503)
    assert len(exchange.invites()) == 2
    assert exchange.outcomes == ["failed"]
    assert all(leg.closed for leg in exchange.legs)


@pytest.mark.parametrize(("status", "outcome"), [(486, "busy"), (480, "no_answer")])
def test_an_answer_of_the_person_is_one_whatever_servers_there_are(
    status: int, outcome: str
) -> None:
    exchange = Exchange(FIRST, SECOND)
    exchange.answered(exchange.invites()[0], status)
    assert len(exchange.invites()) == 1
    assert exchange.outcomes == [outcome]
