"""The rules of the settings, as the user agent and the transport meet them."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.testing import MemoryReactorClock, StringTransport

from ivr.gate import Offence
from ivr.records import Database
from ivr.responder import transport
from ivr.responder.ban_book import BanBook
from ivr.responder.doorkeeper import Doorkeeper, is_of_this_machine
from ivr.responder.journal import utc_now
from ivr.responder.ticker import Deadlines
from ivr.responder.transport import LocalAddresses, SipTransport
from ivr.services import protection
from ivr.settings import load
from ivr.sip.address import Flow
from ivr.sip.config import UserAgentConfig
from ivr.sip.message import Request, parse
from ivr.sip.screening import SILENCE, Admitted, TurnedAway
from ivr.sip.user_agent import UserAgent
from tests.databases import migrated_sqlite
from tests.ivr.sip.peers import request

STRANGER = "203.0.113.7"
LINE = ("192.0.2.1", 5060)
TRUNK = """
[[trunks]]
name = "exchange"
registrar = "192.0.2.5"
register = false
networks = ["192.0.2.16/28"]
[[callers]]
username = "601"
password = "a password"
trunk = "branch"
"""


HERE = frozenset((LINE[0], "fe80::1"))


def keeper(folder: Path, toml: str = "", **variables: str) -> Doorkeeper:
    (folder / "ivr.toml").write_text(toml, encoding="utf-8")
    return Doorkeeper(load(variables, folder), os.urandom, is_here=HERE.__contains__)


def path(host: str, transport: Any = "udp", local: str = LINE[0]) -> Flow:
    return Flow(transport, (local, 5060), (host, 5060))


def message(method: str, *headers: str) -> Request:
    made = parse(request(method, headers=headers))
    assert isinstance(made, Request)
    return made


def test_anyone_may_call_and_is_a_stranger(tmp_path: Path) -> None:
    verdict = keeper(tmp_path).call(message("INVITE"), path(STRANGER), 0.0)
    assert verdict == Admitted(known=False)


def test_this_machine_and_trusted_networks_are_known(tmp_path: Path) -> None:
    door = keeper(tmp_path, IVR_WHO_MAY_CALL="trunks", IVR_TRUSTED_NETWORKS="10.0.0.0/8")
    for known in (path("10.1.2.3"), path("192.0.2.1"), path("fe80::1", local="fe80::1")):
        assert door.call(message("INVITE"), known, 0.0) == Admitted()
        assert door.question(message("OPTIONS"), known, 0.0) == Admitted()


def test_the_public_address_of_a_router_is_no_address_of_this_machine(tmp_path: Path) -> None:
    """What says that it comes from there was forged, or went out and in again."""
    door = keeper(tmp_path, IVR_TRUSTED_NETWORKS="10.0.0.0/8")
    forged = path("198.51.100.1", local="198.51.100.1")
    for _ in range(2):
        assert door.call(message("INVITE"), forged, 0.0) == Admitted(known=False)
        assert not door.knows(forged)


@pytest.mark.parametrize(
    ("host", "here"), [("127.0.0.1", True), ("192.0.2.77", False), ("2001:db8::77", False)]
)
def test_an_address_of_this_machine_is_one_it_can_be_bound_to(host: str, here: bool) -> None:
    assert is_of_this_machine(host) is here


def test_a_trunk_is_known_by_its_networks(tmp_path: Path) -> None:
    door = keeper(tmp_path, TRUNK, IVR_WHO_MAY_CALL="trunks")
    assert door.call(message("INVITE"), path("192.0.2.20"), 0.0) == Admitted(trunk="exchange")
    door.trust_host("192.0.2.5", "exchange")
    assert door.call(message("INVITE"), path("192.0.2.5"), 0.0) == Admitted(trunk="exchange")


def test_a_stranger_is_refused_or_ignored_where_only_trunks_may_call(tmp_path: Path) -> None:
    told = keeper(tmp_path, IVR_WHO_MAY_CALL="trunks")
    assert told.call(message("INVITE"), path(STRANGER), 0.0) == TurnedAway(403)
    silent = keeper(tmp_path, IVR_WHO_MAY_CALL="trunks", IVR_STRANGERS="silence")
    assert silent.call(message("INVITE"), path(STRANGER), 0.0) == SILENCE


def test_where_there_are_callers_by_password_a_stranger_is_asked_for_it(tmp_path: Path) -> None:
    door = keeper(tmp_path, TRUNK, IVR_WHO_MAY_CALL="trunks", IVR_STRANGERS="silence")
    verdict = door.call(message("INVITE"), path(STRANGER), 0.0)
    assert isinstance(verdict, TurnedAway)
    assert verdict.status == 401
    assert [name for name, _value in verdict.headers] == ["WWW-Authenticate"] * 2


@pytest.mark.parametrize(
    ("strangers", "options", "others"), [("answer", 200, 403), ("silence", 0, 0)]
)
def test_strangers_get_one_short_answer_or_none(
    tmp_path: Path, strangers: str, options: int, others: int
) -> None:
    door = keeper(tmp_path, IVR_STRANGERS=strangers)
    assert door.question(message("OPTIONS"), path(STRANGER), 0.0) == TurnedAway(options)
    for method in ("REGISTER", "MESSAGE", "SUBSCRIBE", "FOO"):
        assert door.question(message(method), path(STRANGER), 0.0) == TurnedAway(others)


def test_passwords_tried_by_tcp_are_banned_for_longer_each_time(tmp_path: Path) -> None:
    door = keeper(tmp_path)
    now, lengths = 0.0, []
    for _ in range(3):
        for _ in range(5):
            door.question(message("REGISTER"), path(STRANGER, "tcp"), now)
        (ban,) = door.gate.bans.running(now)
        lengths.append(ban.until - now)
        now = ban.until
    assert lengths == [60.0, 300.0, 1800.0]


def test_too_many_calls_are_told_when_to_try_again(tmp_path: Path) -> None:
    door = keeper(tmp_path, IVR_SOURCE_CALLS="1")
    assert isinstance(door.call(message("INVITE"), path(STRANGER), 0.0), Admitted)
    refused = door.call(message("INVITE"), path(STRANGER), 0.0)
    assert refused == TurnedAway(503, (("Retry-After", "30"),))


def test_a_scanner_meets_silence_whatever_strangers_get(tmp_path: Path) -> None:
    door = keeper(tmp_path)
    for ask in (door.call, door.question, door.stray):
        said = message("INVITE", "User-Agent: friendly-scanner")
        assert ask(said, path(STRANGER), 0.0) == SILENCE


# --- the list in the database


class Immediately:
    """Stands for the responder's database: what is asked is done at once."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def write(self, job: Any) -> Any:
        from twisted.internet.defer import succeed

        with self.database.begin() as session:
            return succeed(job(session))

    def read(self, job: Any) -> Any:
        from twisted.internet.defer import succeed

        with self.database.read() as session:
            return succeed(job(session))


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(migrated_sqlite(tmp_path / "ivr.db"))


def test_bans_are_written_lifted_excepted_and_outlast_a_restart(
    tmp_path: Path, database: Database
) -> None:
    door, deadlines = keeper(tmp_path), Deadlines()
    book = BanBook(door.gate, Immediately(database), deadlines)  # type: ignore[arg-type]
    for host in (STRANGER, "2001:db8::1", "198.51.100.1"):
        door.gate.offence(host, Offence.SCANNER, deadlines.now, proven=True)
    book.start()
    with database.begin() as session:
        seen = {ban.source for ban in protection.running(session, utc_now())}
        assert seen == {STRANGER, "2001:db8::/64", "198.51.100.1"}
        protection.lift(session, STRANGER, who="a", now=utc_now())
        protection.add_exempt(session, "2001:db8::/32", "", who="a", now=utc_now())
    deadlines.tick(deadlines.now + 10)
    assert [ban.source for ban in door.gate.bans.running(deadlines.now)] == ["198.51.100.1"]
    assert "2001:db8:ffff::1" in door.gate.exempt

    anew = keeper(tmp_path)
    with database.read() as session:
        again = BanBook(anew.gate, Immediately(database), deadlines)  # type: ignore[arg-type]
        again.begin_with(session, deadlines.now)
    (ban,) = anew.gate.bans.running(deadlines.now)
    assert ban.source == "198.51.100.1"
    assert timedelta(0) < timedelta(seconds=ban.until - deadlines.now) <= timedelta(minutes=1)


# --- TCP, with a clock turned by hand


class Connected:
    """A connection to a line, without a socket."""

    def __init__(self, sip: SipTransport, clock: Any, host: str = STRANGER) -> None:
        self.wire = StringTransport(peerAddress=IPv4Address("TCP", host, 40_000 + id(self) % 9999))
        self.wire.setTcpNoDelay = self.wire.setTcpKeepAlive = lambda _on: None  # type: ignore[attr-defined]
        self.protocol: Any = transport._Connection(sip)
        self.protocol.callLater = clock.callLater
        self.protocol.makeConnection(self.wire)

    @property
    def closed(self) -> bool:
        return bool(self.wire.disconnecting or self.wire.disconnected)


@pytest.fixture
def clock() -> Any:
    return MemoryReactorClock()


@pytest.fixture
def sip(tmp_path: Path, clock: Any) -> SipTransport:
    door = keeper(tmp_path)
    agent = UserAgent(UserAgentConfig(), os.urandom, door)
    made = SipTransport(clock, agent, LocalAddresses("192.0.2.1", None), 5060)
    made.gate = door.gate
    return made


def test_who_connects_and_says_nothing_is_shown_out(sip: SipTransport, clock: Any) -> None:
    one = Connected(sip, clock)
    clock.advance(transport.FIRST_MESSAGE_S + 1)
    assert one.closed


def test_a_message_that_drips_in_is_not_waited_for(sip: SipTransport, clock: Any) -> None:
    one = Connected(sip, clock)
    for byte in request("OPTIONS", transport="TCP"):
        if one.closed:
            break
        one.protocol.dataReceived(bytes([byte]))
        clock.advance(0.5)
    assert one.closed
    assert clock.seconds() < transport.ONE_MESSAGE_S + 2


def test_keep_alives_keep_a_connection(sip: SipTransport, clock: Any) -> None:
    one = Connected(sip, clock)
    for _ in range(100):
        one.protocol.dataReceived(b"\r\n\r\n")
        clock.advance(60)
    assert not one.closed
    clock.advance(transport.IDLE_S + 1)
    assert one.closed


def test_a_flood_by_tcp_closes_its_connection(sip: SipTransport, clock: Any) -> None:
    one = Connected(sip, clock)
    asked = request("OPTIONS", transport="TCP")
    for _ in range(200):
        if one.closed:
            break
        one.protocol.dataReceived(asked)
    assert one.closed


def test_a_source_holds_so_many_connections(sip: SipTransport, clock: Any) -> None:
    many = [Connected(sip, clock) for _ in range(25)]
    assert sum(one.closed for one in many) == 5
    assert not Connected(sip, clock, "203.0.113.99").closed
