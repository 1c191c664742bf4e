"""Trunks: registration against a small registrar of the test's own, and keep-alive."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import pytest

from ivr.sip.auth import parse_auth_params
from ivr.sip.config import Trunk
from ivr.sip.errors import SipUsageError
from ivr.sip.events import InviteReceived, RegistrationState, TrunkState
from ivr.sip.message import Request
from tests.ivr.sip.peers import OFFER, Line, flow, remembered, request, requests, response

HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


@dataclass
class Registrar:
    """Checks digest by its own arithmetic and grants what it is set to grant."""

    line: Line
    password: str = "secret"
    algorithm: str = "MD5"
    grants: int | None = None
    minimum: int = 0
    nonce: str = "n1"
    answers: bool = True
    refuses: int | None = None
    bindings: dict[str, int] = field(default_factory=dict)
    seen: list[Request] = field(default_factory=list)

    def serve(self, messages: list[Any]) -> None:
        """Answer REGISTER and OPTIONS until nothing more comes."""
        queue = requests(messages)
        while queue:
            asked = queue.pop(0)
            self.seen.append(asked)
            if self.answers:
                queue += requests(self.line.give(self._answer(asked)))

    def run(self, seconds: float) -> None:
        end = self.line.now + seconds
        while (deadline := self.line.agent.next_deadline()) is not None and deadline <= end:
            self.serve(self.line.wait(max(0.0, deadline - self.line.now)))
        self.line.now = end

    def _answer(self, asked: Request) -> bytes:
        if self.refuses is not None:
            return response(asked, self.refuses)
        if asked.method == "OPTIONS":
            return response(asked, 200)
        given = parse_auth_params((asked.headers.get("Authorization") or "")[len("Digest ") :])
        if given.get("nonce") != self.nonce:
            stale = ", stale=true" if given else ""
            return self._challenge(asked, stale)
        if given["response"] != self._expected(given):
            return self._challenge(asked, "")
        expires = asked.expires or 0
        if 0 < expires < self.minimum:
            return response(asked, 423, headers=[f"Min-Expires: {self.minimum}"])
        contact = asked.headers.get("Contact") or ""
        if expires == 0:
            self.bindings.pop(contact, None)
            return response(asked, 200, contact=None)
        granted = expires if self.grants is None else self.grants
        self.bindings[contact] = granted
        other = "<sip:8800@192.0.2.77>;expires=9999"
        return response(asked, 200, contact=f"{other}, {contact};expires={granted}")

    def _challenge(self, asked: Request, stale: str) -> bytes:
        value = (
            f'Digest realm="pbx", nonce="{self.nonce}", qop="auth", '
            f"algorithm={self.algorithm}{stale}"
        )
        return response(asked, 401, headers=[f"WWW-Authenticate: {value}"])

    def _expected(self, given: dict[str, str]) -> str:
        def h(text: str) -> str:
            return HASHES[self.algorithm](text.encode()).hexdigest()

        key = h(f"{given['username']}:pbx:{self.password}")
        asked = h(f"REGISTER:{given['uri']}")
        return h(f"{key}:{self.nonce}:{given['nc']}:{given['cnonce']}:{given['qop']}:{asked}")

    def registers(self) -> list[Request]:
        return [each for each in self.seen if each.method == "REGISTER"]


def trunk(**changes: Any) -> Trunk:
    given = {
        "name": "office",
        "flow": flow(),
        "aor": "sip:8800@pbx.example",
        "password": "secret",
        "keepalive_s": None,
    }
    return Trunk(**(given | changes))


def started(line: Line, registrar: Registrar, **changes: Any) -> list[TrunkState]:
    line.agent.add_trunk(trunk(**changes), line.now)
    registrar.serve(line.said())
    return told(line)


def told(line: Line) -> list[TrunkState]:
    return [event for event in line.events() if isinstance(event, TrunkState)]


def states(line: Line) -> list[RegistrationState]:
    return [event.state for event in told(line)]


@pytest.mark.rfc("3261 §10.2", "8760 §2")
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_a_trunk_registers_with_digest(algorithm: str) -> None:
    line = Line()
    registrar = Registrar(line, algorithm=algorithm)
    assert started(line, registrar) == [
        TrunkState("office", RegistrationState.TRYING, "", None),
        TrunkState("office", RegistrationState.REGISTERED, "", 600.0),
    ]
    assert registrar.bindings == {"<sip:8800@192.0.2.1:5060>": 600}
    first, second = registrar.registers()
    assert first.uri.serialize() == "sip:pbx.example"
    assert first.from_.uri == first.to.uri
    assert first.call_id == second.call_id
    assert (first.cseq.number, second.cseq.number) == (1, 2)


@pytest.mark.rfc("3261 §10.2.4", "7616 §3.4")
def test_it_refreshes_ahead_of_the_end_with_the_nonce_it_has() -> None:
    line = Line()
    registrar = Registrar(line, grants=100)
    started(line, registrar)
    registrar.run(89)
    assert len(registrar.registers()) == 2
    registrar.run(2)
    assert len(registrar.registers()) == 3  # signed in advance: no challenge in between
    registrar.run(900)
    assert len(registrar.registers()) == 13
    given = parse_auth_params((registrar.seen[-1].headers.get("Authorization") or "")[7:])
    assert given["nc"] == "0000000c"
    assert set(states(line)) == {RegistrationState.REGISTERED}


@pytest.mark.rfc("7616 §3.3")
def test_a_stale_nonce_is_replaced_without_a_word() -> None:
    line = Line()
    registrar = Registrar(line, grants=100)
    started(line, registrar)
    registrar.nonce = "n2"
    registrar.run(91)
    assert len(registrar.registers()) == 4
    assert states(line) == [RegistrationState.REGISTERED]


def test_a_wrong_password_is_told_and_tried_again_ever_more_seldom() -> None:
    line = Line()
    registrar = Registrar(line, password="other")
    events = started(line, registrar)
    assert events[-1].state is RegistrationState.REFUSED
    assert "password" in events[-1].detail
    registrar.run(3600)
    tries = len(registrar.registers())
    assert 12 <= tries / 2 <= 40
    registrar.password = "secret"
    registrar.run(301)
    assert states(line)[-1] is RegistrationState.REGISTERED


def test_no_answer_is_told_and_tried_again_for_ever() -> None:
    line = Line()
    registrar = Registrar(line, answers=False)
    started(line, registrar)
    registrar.run(40)
    assert states(line) == [RegistrationState.UNREACHABLE]
    registrar.run(24 * 3600)
    assert states(line) == []  # told once
    registrar.answers = True
    registrar.run(301)
    assert states(line) == [RegistrationState.REGISTERED]


@pytest.mark.rfc("5626 §4.5")
def test_the_pause_doubles_and_half_of_it_is_left_to_chance() -> None:
    """RFC 5626 §4.5."""
    line = Line()
    registrar = Registrar(line, refuses=403)
    started(line, registrar)
    times: list[float] = []
    for _ in range(10):
        deadline = line.agent.next_deadline()
        assert deadline is not None
        before = len(registrar.registers())
        start = line.now
        while len(registrar.registers()) == before:
            deadline = line.agent.next_deadline()
            assert deadline is not None
            registrar.serve(line.wait(max(0.0, deadline - line.now)))
        times.append(line.now - start)
    for failures, pause in enumerate(times):
        whole = min(300.0, 4.0 * 2**failures)
        assert whole / 2 <= pause <= whole + 0.001


@pytest.mark.rfc("3261 §20.33")
def test_the_registrars_wish_when_to_come_again_is_kept() -> None:
    line = Line()
    line.agent.add_trunk(trunk(), line.now)
    (register,) = requests(line.said())
    line.give(response(register, 503, headers=["Retry-After: 60"]))
    assert states(line)[-1] is RegistrationState.UNREACHABLE
    assert line.wait(59) == []
    assert len(requests(line.wait(2))) >= 1


@pytest.mark.rfc("3261 §10.2.8")
def test_an_interval_too_brief_is_raised_at_once() -> None:
    """RFC 3261 §10.2.8."""
    line = Line()
    registrar = Registrar(line, minimum=1800)
    assert started(line, registrar)[-1].expires_in_s == 1800.0


def test_a_registrar_that_only_says_423_does_not_make_a_storm() -> None:
    line = Line()
    registrar = Registrar(line, minimum=10**9)
    registrar._expected = lambda given: given["response"]  # type: ignore[method-assign]
    started(line, registrar)
    assert len(registrar.seen) < 6


@pytest.mark.rfc("3261 §10.2.2")
def test_removing_a_trunk_takes_the_registration_back() -> None:
    line = Line()
    registrar = Registrar(line)
    started(line, registrar)
    line.agent.remove_trunk("office", line.now)
    registrar.serve(line.said())
    assert registrar.bindings == {}
    assert states(line) == [RegistrationState.REMOVED]
    registrar.run(700)
    assert states(line) == []
    assert remembered(line.agent) == 0


def test_several_trunks_are_kept_apart() -> None:
    line = Line()
    registrar = Registrar(line)
    started(line, registrar)
    with pytest.raises(SipUsageError):
        line.agent.add_trunk(trunk(), line.now)
    line.agent.add_trunk(trunk(name="mobile", aor="sip:9900@other.example"), line.now)
    registrar.serve(line.said())
    assert {event.name for event in told(line)} == {"mobile"}
    assert len(registrar.bindings) == 2
    with pytest.raises(SipUsageError):
        line.agent.remove_trunk("none", line.now)


@pytest.mark.rfc("5626 §4.4.1")
def test_a_lost_connection_is_registered_anew() -> None:
    """RFC 5626 §4.4.1."""
    line = Line(transport="tcp")
    registrar = Registrar(line)
    started(line, registrar, flow=flow("tcp"))
    line.agent.flow_failed(flow("tcp"), line.now)
    assert states(line) == [RegistrationState.UNREACHABLE]
    registrar.run(5)
    assert states(line) == [RegistrationState.REGISTERED]


def test_a_keep_alive_that_finds_nobody_registers_anew() -> None:
    line = Line()
    registrar = Registrar(line)
    started(line, registrar, keepalive_s=30.0)
    registrar.run(95)
    assert sum(each.method == "OPTIONS" for each in registrar.seen) == 3
    assert states(line) == []
    registrar.answers = False
    registrar.run(65)
    assert states(line) == [RegistrationState.UNREACHABLE]
    registrar.answers = True
    registrar.run(120)
    assert states(line)[-1] is RegistrationState.REGISTERED


def test_a_trunk_without_registration_is_only_watched() -> None:
    line = Line()
    registrar = Registrar(line)
    events = started(line, registrar, register=False, keepalive_s=30.0)
    assert [e.state for e in events] == [RegistrationState.TRYING, RegistrationState.REACHABLE]
    assert registrar.registers() == []
    registrar.answers = False
    registrar.run(70)
    assert states(line) == [RegistrationState.UNREACHABLE]
    registrar.answers = True
    registrar.run(70)
    assert states(line) == [RegistrationState.REACHABLE]


def test_any_answer_to_a_keep_alive_shows_that_somebody_is_there() -> None:
    line = Line()
    registrar = Registrar(line, refuses=404)
    events = started(line, registrar, register=False, keepalive_s=30.0)
    assert events[-1].state is RegistrationState.REACHABLE


def test_a_call_from_a_trunks_address_names_the_trunk() -> None:
    line = Line()
    registrar = Registrar(line)
    started(line, registrar)
    line.agent.add_trunk(trunk(name="mobile", aor="sip:9900@other.example"), line.now)
    registrar.serve(line.said())
    line.events()
    for user, name in (("8800", "office"), ("9900", "mobile"), ("other", "office")):
        line.give(request("INVITE", uri=f"sip:{user}@192.0.2.1", body=OFFER, call_id=user))
        assert line.event(InviteReceived).trunk == name
    stranger = flow(remote=("198.51.100.1", 5060))
    line.give(request("INVITE", body=OFFER, call_id="s"), stranger)
    assert line.event(InviteReceived).trunk is None


def test_the_password_is_nowhere_to_be_read() -> None:
    line = Line()
    registrar = Registrar(line)
    events = started(line, registrar)
    words = [repr(trunk()), repr(events), repr(line.agent._trunks), repr(registrar.seen)]
    assert not any("secret" in word for word in words)


@pytest.mark.parametrize("aor", ["8800", "tel:8800", "sip:"])
def test_a_trunk_that_cannot_be_is_our_fault(aor: str) -> None:
    line = Line()
    with pytest.raises(SipUsageError):
        line.agent.add_trunk(trunk(aor=aor), line.now)
    assert remembered(line.agent) == 0


def test_a_trunk_removed_while_it_registers_leaves_no_binding() -> None:
    line = Line()
    registrar = Registrar(line)
    line.agent.add_trunk(trunk(), line.now)
    (first,) = requests(line.said())
    (second,) = requests(line.give(registrar._answer(first)))
    line.agent.remove_trunk("office", line.now)
    registrar.serve([second])
    assert registrar.bindings == {}
    registrar.run(60)
    assert remembered(line.agent) == 0
