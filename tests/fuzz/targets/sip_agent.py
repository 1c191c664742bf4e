"""The whole user agent: a script of messages, commands and pauses, and nothing may be left of it.

An input is cut at 0x1E into steps. The first byte of a step says how long to wait before it, the
second what it is: a message over UDP or TCP, or a command of our own program. In a message
`{tag}` stands for the tag the line gave last, `{copied}` for the five fields of the line's last
request that an answer copies: so a mutated script still gets into dialogs and transactions.
Whatever happened, all is hung up in the end, an hour passes, and nothing may be remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ivr.sip.address import Flow
from ivr.sip.config import Trunk, UserAgentConfig
from ivr.sip.errors import SipParseError, SipUsageError
from ivr.sip.events import CallAnswered, InviteReceived, MediaOffered
from ivr.sip.message import Request, Response, parse
from ivr.sip.user_agent import UserAgent
from tests.fuzz.target import Target
from tests.fuzz.targets.sip import WORDS, torture
from tests.ivr.sip.peers import ANSWER, LINE, OFFER, PEER, entropy, remembered, request

_PAUSES_S = (0.0, 0.0, 0.0, 0.1, 0.6, 5.0, 33.0, 200.0)
_UDP, _TCP = Flow("udp", LINE, PEER), Flow("tcp", LINE, PEER)
_ELSEWHERE = Flow("udp", LINE, ("2001:db8::66", 5060))
MOST_STEPS = 40
BREAK = b"\x1e"


class Script:
    """One user agent, its time, and what it said last."""

    def __init__(self) -> None:
        self.agent = UserAgent(UserAgentConfig(max_calls=20, max_transactions=200), entropy("line"))
        self.now = 1000.0
        self.tag = b"none"
        self.copied = b""
        self.calls = [0]
        self.answered: list[int] = []
        self.automatic = True

    def step(self, data: bytes) -> None:
        if len(data) < 2:
            return
        self.pass_time(_PAUSES_S[data[0] % 8])
        act = _ACTS.get(data[1:2])
        if act is not None:
            try:
                act(self, data[2:])
            except SipUsageError:
                pass  # a command the state does not allow: our program would be told
        self.look()

    def take(self, data: bytes, flow: Flow) -> None:
        data = data.replace(b"{tag}", self.tag).replace(b"{copied}", self.copied)
        self.agent.receive(data, flow, self.now)

    def look(self) -> None:
        """Do what the line's program does: answer calls and offers."""
        while (event := self.agent.next_event()) is not None:
            number = getattr(event, "call", None)
            if number is not None and number not in self.calls:
                self.calls.append(number)
            if isinstance(event, InviteReceived) and self.automatic:
                self.agent.answer(event.call, ANSWER, self.now)
            elif isinstance(event, MediaOffered):
                self.agent.accept_media(event.call, ANSWER, self.now)
            elif isinstance(event, CallAnswered):
                self.answered.append(event.call)
        for _, sent in self.agent.to_send():
            try:
                said = parse(sent)
            except SipParseError:
                # What was not readable is copied into its answer as it came.
                assert sent.startswith((b"SIP/2.0 4", b"SIP/2.0 5"))
                continue
            self._learn(said)

    def _learn(self, said: Request | Response) -> None:
        if isinstance(said, Response):
            self.tag = (said.to.tag or "none").encode("utf-8", "surrogateescape")
        elif said.method != "ACK":
            names = ("Via", "From", "To", "Call-ID", "CSeq")
            pairs = [(name, value) for name in names for value in said.headers.get_all(name)]
            self.copied = "\r\n".join(f"{name}: {value}" for name, value in pairs).encode(
                "utf-8", "surrogateescape"
            )

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        ticks = 0
        while (deadline := self.agent.next_deadline()) is not None and deadline <= end:
            ticks += 1
            assert ticks < 20_000, "the timers never rest"
            self.now = max(self.now, deadline)
            self.agent.tick(self.now)
            self.look()
        self.now = end

    def finish(self) -> None:
        for number in list(self.agent._core.calls):
            self.agent.hang_up(number, self.now)
        for name in list(self.agent._trunks):
            self.agent.remove_trunk(name, self.now)
        self.look()
        self.pass_time(4000.0)
        self.look()
        assert self.agent.calls == 0
        assert remembered(self.agent) == 0, "something is remembered for ever"
        assert not self.agent._core.ends_untold

    def call(self, data: bytes) -> int:
        return self.calls[data[0] % len(self.calls)] if data else self.calls[-1]


def _manual(script: Script, data: bytes) -> None:
    script.automatic = False


def _invite(script: Script, data: bytes) -> None:
    target = data.decode("latin-1") or "sip:c@192.0.2.9"
    flow = _TCP if b";transport=tcp" in data else _UDP
    script.agent.invite(target, OFFER, flow, script.now, from_uri="sip:l@192.0.2.1")


def _trunk(script: Script, data: bytes) -> None:
    trunk = Trunk("t", _UDP, "sip:t@192.0.2.9", password="secret", expires_s=60)
    script.agent.add_trunk(trunk, script.now)


_ACTS: dict[bytes, Callable[[Script, bytes], None]] = {
    b"u": lambda s, d: s.take(d, _UDP),
    b"t": lambda s, d: s.take(d, _TCP),
    b"e": lambda s, d: s.take(d, _ELSEWHERE),
    b"f": lambda s, d: s.agent.flow_failed(_TCP if d[:1] == b"t" else _UDP, s.now),
    b"a": lambda s, d: s.agent.answer(s.call(d), ANSWER, s.now),
    b"r": lambda s, d: s.agent.ring(s.call(d), s.now),
    b"j": lambda s, d: s.agent.reject(s.call(d), 486, s.now),
    b"h": lambda s, d: s.agent.hang_up(s.call(d), s.now, reason="Q.850;cause=16"),
    b"o": lambda s, d: s.agent.offer_media(s.call(d), OFFER, s.now),
    b"x": lambda s, d: s.agent.refer(s.call(d), "sip:a@192.0.2.9", s.now),
    b"q": lambda s, d: s.agent.refuse_media(s.call(d), s.now),
    b"m": _manual,
    b"i": _invite,
    b"k": _trunk,
    b"d": lambda s, d: s.agent.drain(s.now),
}


def script(data: bytes) -> None:
    playing = Script()
    for one in data.split(BREAK, MOST_STEPS)[:MOST_STEPS]:
        playing.step(one)
    playing.finish()


def _answer(status: int, *more: bytes, body: bytes = b"") -> bytes:
    lines = [b"SIP/2.0 %d Whatever" % status, b"{copied}", *more, b"Content-Length: %d" % len(body)]
    return b"\0u" + b"\r\n".join(lines) + b"\r\n\r\n" + body


_CONTACT = b"Contact: <sip:callee@192.0.2.9:5070>"
_SDP = b"Content-Type: application/sdp"


def seeds() -> Iterable[bytes]:
    def udp(method: str, **more: object) -> bytes:
        return b"\0u" + request(method, **more)  # type: ignore[arg-type]

    invite = udp("INVITE", body=OFFER, headers=("Supported: timer, 100rel", "Session-Expires: 90"))
    ack = udp("ACK", to_tag="{tag}", branch="z9hG4bK-a")
    for seed in (
        (
            invite,
            ack,
            udp("INVITE", to_tag="{tag}", cseq=2, body=OFFER),
            udp("ACK", to_tag="{tag}"),
        ),
        (invite, ack, udp("UPDATE", to_tag="{tag}", cseq=2, body=OFFER), b"\3o", b"\5h"),
        (invite, udp("CANCEL", branch="z9hG4bK-call-1-INVITE-1"), ack),
        (b"\0m", invite, b"\3r", b"\3j", ack),
        (b"\0m", invite, b"\4r", _answer(481), b"\6a", ack, udp("BYE", to_tag="{tag}", cseq=3)),
        (b"\0t" + invite[2:].replace(b"/UDP", b"/TCP"), b"\0t" + ack[2:], b"\3ft"),
        (
            invite,
            ack,
            b"\0x",
            _answer(202),
            udp(
                "NOTIFY",
                to_tag="{tag}",
                cseq=2,
                headers=("Event: refer", "Subscription-State: terminated"),
                body=b"SIP/2.0 200 OK",
                content_type="message/sipfrag",
            ),
        ),
        (
            b"\0i",
            _answer(180, b"To: x;tag=a", _CONTACT, b"Require: 100rel", b"RSeq: 1"),
            _answer(200, _CONTACT, _SDP, body=OFFER),
            b"\3o",
            _answer(491),
            b"\5o",
            _answer(200, _CONTACT, _SDP, body=OFFER),
            b"\0h",
            _answer(200),
        ),
        (b"\0isip:d@192.0.2.9;transport=tcp", _answer(302, _CONTACT), b"\6h"),
        (
            b"\0k",
            _answer(401, b'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"'),
            _answer(200, b"Contact: <sip:line@192.0.2.1:5060>;expires=60"),
            b"\7u\r\n\r\n",
            _answer(423, b"Min-Expires: 3600"),
        ),
        (b"\0d", invite, udp("OPTIONS")),
        (udp("PRACK", to_tag="{tag}", headers=("RAck: 1 1 INVITE",)), udp("INFO", to_tag="{tag}")),
    ):
        yield BREAK.join(seed)
    for one in torture():
        yield BREAK.join((b"\0u" + one, b"\0t" + one, b"\4h"))


TARGETS = (
    Target(
        "sip_agent",
        script,
        (),
        seeds,
        (*WORDS, b"{tag}", b"{copied}", b"\x1e\x00u", b"\x1e\x05h", b"\x1e\x00o", b"\x1e\x04t"),
        6000,
        # Up to forty messages, and hours of timers of calls that nobody answers.
        slow_ms=250,
        tried_in_tests=60,
    ),
)
