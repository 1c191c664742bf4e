"""A trunk of several servers: the next is tried where one does not answer (RFC 3263 §4.3)."""

from collections.abc import Iterator

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import DNSLookupError

from ivr.responder.ticker import Deadlines
from ivr.responder.trunks import RESOLVE_AGAIN_S, Trunks, host_and_port
from ivr.settings import TrunkSettings
from ivr.sip.address import Flow
from ivr.sip.config import UserAgentConfig
from ivr.sip.events import TrunkState
from ivr.sip.message import Request, parse
from ivr.sip.user_agent import UserAgent
from tests.ivr.sip.peers import entropy, response

FIRST, SECOND = ("192.0.2.1", 5060), ("192.0.2.2", 5080)


class Wire:
    """A transport that looks up what the test says, and records what is sent."""

    tls = None

    def __init__(self, *found: tuple[str, int]) -> None:
        self.troubles: dict[str, str] = {}
        self.user_agent = UserAgent(UserAgentConfig(), entropy("trunks"))
        self.found = list(found)
        self.looked = 0
        self.sent: list[tuple[tuple[str, int], Request]] = []
        self.trunks: Trunks | None = None

    def locate(self, transport: str, host: str, port: int | None) -> "Deferred[list[Flow]]":
        self.looked += 1
        if not self.found:
            return fail(DNSLookupError(host))
        return succeed([Flow("tcp", ("192.0.2.9", 5060), place) for place in self.found])

    def pump(self) -> None:
        for flow, data in self.user_agent.to_send():
            message = parse(data)
            assert isinstance(message, Request)
            self.sent.append((flow.remote, message))
        while (event := self.user_agent.next_event()) is not None:
            assert isinstance(event, TrunkState)
            assert self.trunks is not None
            self.trunks.event(event)


class Scene:
    def __init__(self, *found: tuple[str, int]) -> None:
        self.wire = Wire(*found)
        self.deadlines = Deadlines()
        self.deadlines.tick(1000.0)
        self.written: list[str] = []
        self.trusted: list[str] = []
        settings = TrunkSettings("city", "pbx.example", "88001234", transport="tcp", keepalive=0)
        self.trunks = Trunks((settings,), self.wire, self, self.deadlines, self)  # type: ignore[arg-type]
        self.wire.trunks = self.trunks
        self.trunks.start()
        self.wire.pump()

    # what Trunks asks of records and of the doorkeeper
    def write(self, job: object) -> "Deferred[None]":
        self.written.append("state")
        return succeed(None)

    def trust_host(self, host: str, trunk: str = "") -> None:
        self.trusted.append(host)

    # what happens
    def lose(self, place: tuple[str, int]) -> None:
        flow = Flow("tcp", ("192.0.2.9", 5060), place)
        self.wire.user_agent.flow_failed(flow, self.deadlines.now)
        self.wire.pump()

    def wait(self, seconds: float) -> None:
        end = self.deadlines.now + seconds
        while self.deadlines.now < end:
            self.deadlines.tick(min(end, self.deadlines.now + 0.5))
            self.wire.user_agent.tick(self.deadlines.now)
            self.wire.pump()

    def asked(self) -> list[tuple[str, int]]:
        """Where REGISTERs went since last asked."""
        sent, self.wire.sent = self.wire.sent, []
        return [place for place, message in sent if message.method == "REGISTER"]


@pytest.fixture
def scene() -> Iterator[Scene]:
    return Scene(FIRST, SECOND)


@pytest.mark.rfc("3263 §4.3")
def test_the_next_server_is_tried_where_the_first_cannot_be_reached(scene: Scene) -> None:
    assert scene.asked() == [FIRST]
    assert scene.trusted == [FIRST[0], SECOND[0]]  # either may call us
    scene.lose(FIRST)
    assert scene.asked() == [SECOND]


@pytest.mark.rfc("3263 §4.3")
def test_a_server_that_answers_is_kept(scene: Scene) -> None:
    scene.lose(FIRST)
    _, register = scene.wire.sent[-1]
    flow = Flow("tcp", ("192.0.2.9", 5060), SECOND)
    ok = response(register, 200, headers=["Expires: 600"], contact=None)
    scene.wire.user_agent.receive(ok, flow, scene.deadlines.now)
    scene.wire.pump()
    scene.asked()
    scene.wait(500)
    assert scene.wire.looked == 1
    assert set(scene.asked()) <= {SECOND}


@pytest.mark.rfc("3263 §4.3")
def test_after_the_last_server_all_are_looked_up_anew_and_not_at_once(scene: Scene) -> None:
    scene.lose(FIRST)
    scene.lose(SECOND)
    assert scene.wire.looked == 1
    scene.wait(RESOLVE_AGAIN_S - 1)
    assert scene.wire.looked == 1
    assert FIRST not in scene.asked()[1:]
    scene.wire.found = [("192.0.2.3", 5060), SECOND]
    scene.wait(2)
    assert scene.wire.looked == 2
    assert ("192.0.2.3", 5060) in scene.asked()


def test_the_only_server_is_tried_again_without_being_looked_up() -> None:
    scene = Scene(FIRST)
    scene.lose(FIRST)
    scene.wait(60)
    assert scene.wire.looked == 1
    assert set(scene.asked()) == {FIRST}


def test_a_name_that_is_not_known_is_looked_up_again_later() -> None:
    scene = Scene()
    assert scene.asked() == []
    scene.wire.found = [FIRST]
    scene.wait(RESOLVE_AGAIN_S + 1)
    assert scene.asked() == [FIRST]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("pbx.example", ("pbx.example", None)),
        ("pbx.example:5070", ("pbx.example", 5070)),
        ("sip:88001234@pbx.example:5070;transport=tcp", ("pbx.example", 5070)),
        ("[2001:db8::1]:5070", ("2001:db8::1", 5070)),
        ("sips:pbx.example", ("pbx.example", None)),
    ],
)
def test_a_place_is_a_name_and_perhaps_a_port(place: str, expected: tuple[str, int | None]) -> None:
    assert host_and_port(place) == expected
