"""Builders: two user agents on a wire in memory, a hand-written peer, and the time they share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any, TypeVar

from ivr.sip.address import Flow
from ivr.sip.config import UserAgentConfig
from ivr.sip.events import Event
from ivr.sip.message import Request, Response, parse
from ivr.sip.user_agent import UserAgent

E = TypeVar("E", bound=Event)

OFFER = b"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
ANSWER = b"v=0\r\no=- 2 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0\r\n"

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
