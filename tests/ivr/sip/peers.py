"""Builders: two user agents on a wire in memory, a hand-written peer, and the time they share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any, TypeVar

from ivr.sip.address import Flow
from ivr.sip.config import UserAgentConfig
from ivr.sip.events import Event, InviteReceived
from ivr.sip.message import Request, Response, parse
from ivr.sip.user_agent import UserAgent

E = TypeVar("E", bound=Event)


def description(host: str, port: int, version: int = 1) -> bytes:
    """A session description; the user agent carries it and never reads it."""
    lines = (
        "v=0",
        f"o=- 1 {version} IN IP4 {host}",
        "s=-",
        f"c=IN IP4 {host}",
        "t=0 0",
        f"m=audio {port} RTP/AVP 0",
    )
    return "".join(f"{line}\r\n" for line in lines).encode()


OFFER = description("192.0.2.9", 4000)
ANSWER = description("192.0.2.1", 5000)

LINE = ("192.0.2.1", 5060)
PEER = ("192.0.2.9", 5070)


def entropy(seed: str) -> Callable[[int], bytes]:
    """Random bytes that are the same in every run."""
    numbers = count()

    def more(n: int) -> bytes:
        return hashlib.shake_128(f"{seed} {next(numbers)}".encode()).digest(n)

    return more


def flow(transport: Any = "udp", remote: tuple[str, int] = PEER) -> Flow:
    """The path to the peer as the line sees it."""
    return Flow(transport, LINE, remote)


class Line:
    """The user agent under test, and a peer written by hand, message by message."""

    def __init__(self, config: UserAgentConfig | None = None, *, transport: Any = "udp") -> None:
        self.agent = UserAgent(config or UserAgentConfig(), entropy("line"))
        self.flow = flow(transport)
        self.now = 1000.0
        self.sent_flows: list[Flow] = []

    def give(self, data: bytes | str, path: Flow | None = None) -> list[Request | Response]:
        """Hand over a message; what the line says to it."""
        raw = data.encode() if isinstance(data, str) else data
        self.agent.receive(raw, path or self.flow, self.now)
        self.agent.tick(self.now)
        return self.said()

    def said(self) -> list[Request | Response]:
        sent = self.agent.to_send()
        self.sent_flows += [path for path, _ in sent]
        return [parse(data) for _, data in sent]

    def statuses(self, data: bytes | str, path: Flow | None = None) -> list[int]:
        return [m.status for m in self.give(data, path) if isinstance(m, Response)]

    def wait(self, seconds: float) -> list[Request | Response]:
        """Let time pass, tick by tick; what the line says meanwhile."""
        end = self.now + seconds
        said: list[Request | Response] = []
        while (deadline := self.agent.next_deadline()) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            self.agent.tick(self.now)
            said += self.said()
        self.now = end
        return said

    def events(self) -> list[Event]:
        found = []
        while (event := self.agent.next_event()) is not None:
            found.append(event)
        return found

    def event(self, kind: type[E]) -> E:
        """The one event of a kind; others are thrown away."""
        found = [event for event in self.events() if isinstance(event, kind)]
        assert len(found) == 1, found
        return found[0]


def request(
    method: str,
    *,
    uri: str = "sip:line@192.0.2.1",
    call_id: str = "call-1",
    from_tag: str | None = "peer",
    to_tag: str | None = None,
    cseq: int = 1,
    branch: str | None = None,
    transport: str = "UDP",
    sent_by: str = "192.0.2.9:5070",
    headers: Iterable[str] = (),
    body: bytes = b"",
    content_type: str = "application/sdp",
    contact: str | None = "<sip:peer@192.0.2.9:5070>",
) -> bytes:
    """A request of the peer's."""
    branch = f"z9hG4bK-{call_id}-{method}-{cseq}" if branch is None else branch
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/{transport} {sent_by};branch={branch};rport",
        "Max-Forwards: 70",
        f"From: Peer <sip:peer@192.0.2.9>{'' if from_tag is None else f';tag={from_tag}'}",
        f"To: <sip:line@192.0.2.1>{'' if to_tag is None else f';tag={to_tag}'}",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} {method}",
    ]
    if contact is not None:
        lines.append(f"Contact: {contact}")
    lines += headers
    if body:
        lines.append(f"Content-Type: {content_type}")
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def response(
    to: Request,
    status: int,
    *,
    tag: str | None = "callee",
    headers: Iterable[str] = (),
    body: bytes = b"",
    contact: str | None = "<sip:callee@192.0.2.9:5070>",
) -> bytes:
    """The peer's answer to a request of the line's."""
    lines = [f"SIP/2.0 {status} Whatever"]
    lines += [f"Via: {via}" for via in to.headers.get_all("Via")]
    given = to.headers.get("To") or ""
    lines += [
        f"From: {to.headers.get('From')}",
        f"To: {given}" + (f";tag={tag}" if tag is not None and to.to.tag is None else ""),
        f"Call-ID: {to.call_id}",
        f"CSeq: {to.cseq.serialize()}",
    ]
    if contact is not None:
        lines.append(f"Contact: {contact}")
    lines += headers
    if body:
        lines.append("Content-Type: application/sdp")
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def requests(messages: Iterable[Request | Response], method: str | None = None) -> list[Request]:
    """The requests among messages."""
    found = [m for m in messages if isinstance(m, Request)]
    return [m for m in found if method is None or m.method == method]


def statuses(messages: Iterable[Request | Response]) -> list[int]:
    """The statuses of the responses among messages."""
    return [m.status for m in messages if isinstance(m, Response)]


def only(messages: list[Request | Response]) -> Response:
    """The one response that was sent."""
    assert len(messages) == 1, messages
    assert isinstance(messages[0], Response)
    return messages[0]


class Answered:
    """A call to the line, answered and acknowledged unless said otherwise."""

    def __init__(
        self,
        line: Line,
        *,
        invite: bytes | None = None,
        acknowledge: bool = True,
        headers: Iterable[str] = (),
        offer: bytes = OFFER,
        **changes: Any,
    ) -> None:
        self.line = line
        self.invite = invite or request("INVITE", body=offer, headers=headers, **changes)
        self._changes = changes
        line.give(self.invite)
        self.number = line.event(InviteReceived).call
        line.agent.answer(self.number, ANSWER, line.now)
        said = line.said()
        assert isinstance(said[-1], Response)
        self.ok = said[-1]
        self.tag = self.ok.to.tag
        self.cseq = 1
        if acknowledge:
            line.give(self.ack())
            line.events()

    def ack(self, cseq: int = 1, **changes: Any) -> bytes:
        branch = f"z9hG4bK-ack-{cseq}"
        return request("ACK", to_tag=self.tag, cseq=cseq, branch=branch, **changes, **self._changes)

    def request(self, method: str, **changes: Any) -> bytes:
        """The peer's next request in the call."""
        self.cseq += 1
        given = {"cseq": self.cseq, "to_tag": self.tag} | self._changes | changes
        return request(method, **given)


class Wire:
    """Two user agents and a network between them that loses, doubles and delays."""

    def __init__(
        self,
        caller: UserAgentConfig | None = None,
        callee: UserAgentConfig | None = None,
        *,
        transport: Any = "udp",
        lose: Callable[[bytes], bool] = lambda data: False,
        delay: Callable[[bytes], Iterable[float]] = lambda data: (0.01,),
    ) -> None:
        self.caller = UserAgent(caller or UserAgentConfig(), entropy("caller"))
        self.callee = UserAgent(callee or UserAgentConfig(), entropy("callee"))
        self.to_callee = Flow(transport, PEER, LINE)
        self.to_caller = Flow(transport, LINE, PEER)
        self.lose = lose
        self.delay = delay
        self.now = 0.0
        self.carried: list[bytes] = []
        self.heard: dict[UserAgent, list[Event]] = {self.caller: [], self.callee: []}
        self.on_event: Callable[[UserAgent, Event], None] = lambda agent, event: None
        self._order = count()
        self._under_way: list[tuple[float, int, UserAgent, Flow, bytes]] = []

    def place(self) -> int:
        """The caller calls the callee."""
        return self.caller.invite(
            "sip:line@192.0.2.1", OFFER, self.to_callee, self.now, from_uri="sip:peer@192.0.2.9"
        )

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while True:
            self._pump()
            deadlines = [self.caller.next_deadline(), self.callee.next_deadline()]
            deadlines += [entry[0] for entry in self._under_way]
            due = min((d for d in deadlines if d is not None), default=None)
            if due is None or due > end:
                break
            self.now = max(self.now, due)
            arrived = sorted(self._under_way, key=lambda e: e[:2])
            for entry in [entry for entry in arrived if entry[0] <= self.now]:
                self._under_way.remove(entry)
                entry[2].receive(entry[4], entry[3], self.now)
            self.caller.tick(self.now)
            self.callee.tick(self.now)
        self.now = end

    def _pump(self) -> None:
        busy = True
        while busy:
            busy = False
            for agent, other, path in (
                (self.caller, self.callee, self.to_caller),
                (self.callee, self.caller, self.to_callee),
            ):
                while (event := agent.next_event()) is not None:
                    busy = True
                    self.heard[agent].append(event)
                    self.on_event(agent, event)
                for _, data in agent.to_send():
                    busy = True
                    self.carried.append(data)
                    if not self.lose(data):
                        for pause in self.delay(data):
                            entry = (self.now + pause, next(self._order), other, path, data)
                            self._under_way.append(entry)

    def kinds(self, agent: UserAgent) -> list[str]:
        return [type(event).__name__ for event in self.heard[agent]]


def remembered(agent: UserAgent) -> int:
    """How many things the user agent still holds."""
    core = agent._core
    return (
        len(core.calls)
        + len(core.dialogs)
        + len(core.callers)
        + len(core.transactions)
        + len(core.timers)
        + len(core.transactions._on_connection)
        + len(core.on_connection)
    )
