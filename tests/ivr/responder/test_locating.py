"""Finding servers by NAPTR and SRV (RFC 3263, RFC 2782), asked of a name server of our own."""

import json
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import DNSLookupError
from twisted.names import dns

from ivr.responder.locating import Service, is_address, ordered, system_addresses
from ivr.responder.transport import LocalAddresses

ROOT = Path(__file__).parents[3]
CLIENT = """
import json, sys
from twisted.internet import reactor
from twisted.internet.error import DNSLookupError
from twisted.internet.defer import fail, succeed
from twisted.names import client
from ivr.responder.locating import Locator
port, transport, host, given = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
addresses = json.loads(sys.argv[5])
def address(name):
    found = addresses.get(name)
    return succeed(found.split()) if found else fail(DNSLookupError(name))
resolver = client.Resolver(servers=[("127.0.0.1", port)])
def told(result):
    failed = hasattr(result, "getErrorMessage")
    print(json.dumps(result.getErrorMessage() if failed else result))
    reactor.stop()
def begin():
    locator = Locator(address, resolver, lambda: 0.0)
    if transport in ("any", "any with tls"):
        looking = locator.choose(host, given or None, tls="tls" in transport)
    else:
        looking = locator.find(transport, host, given or None)
    looking.addBoth(told)
reactor.callWhenRunning(begin)
reactor.run()
"""


class NameServer:
    """Answers SRV and NAPTR questions from tables; what is not there does not exist, or gets no
    answer."""

    def __init__(self, records: dict[str, list[Service]], *, silent: bool = False) -> None:
        self.records, self.silent = records, silent
        self.pointers: dict[str, list[tuple[int, int, bytes, bytes, str]]] = {}
        self.asked: list[str] = []
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            data, source = self.socket.recvfrom(2048)
            if not data:
                return
            asked = dns.Message()
            asked.fromStr(data)
            name = asked.queries[0].name.name.decode()
            self.asked.append(name)
            if self.silent:
                continue
            kind = asked.queries[0].type
            table: dict[str, list[Any]] = {dns.SRV: self.records, dns.NAPTR: self.pointers}[kind]
            found = table.get(name.lower(), [])
            reply = dns.Message(asked.id, answer=1, rCode=dns.OK if found else dns.ENAME)
            reply.queries = asked.queries
            reply.answers = [
                dns.RRHeader(name, kind, ttl=60, payload=_payload(one)) for one in found
            ]
            self.socket.sendto(reply.toStr(), source)

    def naptr(self, name: str, order: int, preference: int, service: str, leads_to: str) -> None:
        flags = b"u" if service.startswith("E2U") else b"s"
        found = self.pointers.setdefault(name, [])
        found.append((order, preference, flags, service.encode(), leads_to))

    def close(self) -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        self.thread.join()
        self.socket.close()


def _payload(one: Any) -> Any:
    if isinstance(one, Service):
        return dns.Record_SRV(one.priority, one.weight, one.port, one.target.rstrip("."))
    order, preference, flags, service, leads_to = one
    return dns.Record_NAPTR(order, preference, flags, service, b"", leads_to)


@contextmanager
def serving(*, silent: bool = False, **records: list[Service]) -> Iterator[NameServer]:
    table = {name.replace("__", "."): found for name, found in records.items()}
    server = NameServer(table, silent=silent)
    try:
        yield server
    finally:
        server.close()


def find(
    server: NameServer, transport: str, host: str, port: int = 0, **addresses: str
) -> list[list[object]] | str:
    """What a process of its own finds; a text says why nothing."""
    known = {name.replace("__", "."): address for name, address in addresses.items()}
    asked = [str(server.port), transport, host, str(port), json.dumps(known)]
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, *asked],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.rfc("3263 §4.2")
@pytest.mark.parametrize(
    ("transport", "service"), [("udp", "_sip._udp"), ("tcp", "_sip._tcp"), ("tls", "_sips._tcp")]
)
def test_servers_are_found_by_priority_with_their_own_ports(transport: str, service: str) -> None:
    records = [
        Service(20, 0, "backup.provider.example", 5080),
        Service(10, 5, "sip.provider.example", 5071),
    ]
    with serving() as server:
        server.records[f"{service}.provider.example"] = records
        places = find(
            server,
            transport,
            "provider.example",
            sip__provider__example="192.0.2.1",
            backup__provider__example="192.0.2.2",
        )
    assert places == [["192.0.2.1", 5071], ["192.0.2.2", 5080]]


@pytest.mark.rfc("3263 §4.2")
def test_a_name_with_a_port_and_an_address_are_taken_as_they_are() -> None:
    with serving() as server:
        named = find(server, "udp", "pbx.example", 5062, pbx__example="192.0.2.3")
        numeric = find(server, "tls", "2001:db8::3")
        assert server.asked == []
    assert (named, numeric) == ([["192.0.2.3", 5062]], [["2001:db8::3", 5061]])


@pytest.mark.rfc("3263 §4.2")
def test_without_such_a_record_the_address_of_the_name_is_taken() -> None:
    with serving() as server:
        places = find(server, "udp", "pbx.example", pbx__example="192.0.2.3")
        assert server.asked == ["_sip._udp.pbx.example"]
    assert places == [["192.0.2.3", 5060]]


@pytest.mark.rfc("3263 §4.2")
def test_a_name_server_that_is_silent_costs_seconds_and_not_the_trunk() -> None:
    with serving(silent=True) as server:
        assert find(server, "tcp", "pbx.example", pbx__example="192.0.2.3") == [["192.0.2.3", 5060]]


@pytest.mark.rfc("3263 §4.2")
def test_a_server_without_an_address_is_left_out() -> None:
    records = [Service(1, 0, "gone.example", 5060), Service(2, 0, "here.example", 5061)]
    with serving() as server:
        server.records["_sip._udp.pbx.example"] = records
        assert find(server, "udp", "pbx.example", here__example="192.0.2.4") == [
            ["192.0.2.4", 5061]
        ]
        assert "no server has an address" in str(find(server, "udp", "pbx.example"))


@pytest.mark.rfc("3263 §4.2")
def test_a_service_that_is_not_offered_is_not_looked_for_elsewhere() -> None:
    with serving() as server:
        server.records["_sip._udp.pbx.example"] = [Service(0, 0, ".", 0)]
        told = find(server, "udp", "pbx.example", pbx__example="192.0.2.3")
    assert "offers no SIP by UDP" in str(told)


@pytest.mark.rfc("3263 §4.2")
def test_within_a_priority_the_heavier_comes_first_more_often() -> None:
    services = [Service(1, 75, "a", 1), Service(1, 25, "b", 1), Service(0, 0, "first", 1)]
    draws = count()
    orders = Counter(
        tuple(one.target for one in ordered(services, lambda: next(draws) % 100 / 100))
        for _ in range(300)
    )
    assert {order[0] for order in orders} == {"first"}
    leading = Counter({order[1]: 0 for order in orders})
    for order, times in orders.items():
        leading[order[1]] += times
    assert leading["a"] > 2 * leading["b"] > 0


@pytest.mark.rfc("3263 §4.2")
def test_a_name_has_all_its_addresses_of_both_versions() -> None:
    both = "2001:db8::3 192.0.2.3"
    with serving() as server:
        server.records["_sip._udp.srv.example"] = [Service(1, 0, "host.example", 5070)]
        assert find(server, "udp", "pbx.example", 5062, pbx__example=both) == [
            ["2001:db8::3", 5062],
            ["192.0.2.3", 5062],
        ]
        assert find(server, "udp", "srv.example", host__example=both) == [
            ["2001:db8::3", 5070],
            ["192.0.2.3", 5070],
        ]


def domain(server: NameServer) -> None:
    """Its servers, and what it likes best: order first, then preference."""
    server.naptr("pbx.example", 50, 20, "SIP+D2U", "udp.pbx.example")
    server.naptr("pbx.example", 50, 10, "SIP+D2T", "tcp.pbx.example")
    server.naptr("pbx.example", 10, 90, "SIPS+D2T", "tls.pbx.example")
    server.naptr("pbx.example", 1, 1, "E2U+sip", "enum.pbx.example")
    server.naptr("pbx.example", 1, 2, "SIP+D2S", "sctp.pbx.example")
    for number, kind in enumerate(("udp", "tcp", "tls"), 1):
        server.records[f"{kind}.pbx.example"] = [Service(1, 0, f"192.0.2.{number}", 5060 + number)]


@pytest.mark.rfc("3263 §4.1")
def test_where_no_transport_is_named_the_domain_says_which_it_likes_best() -> None:
    with serving() as server:
        domain(server)
        with_tls = find(server, "any with tls", "pbx.example")
        without = find(server, "any", "pbx.example")
    tcp, udp = ["tcp", ["192.0.2.2", 5062]], ["udp", ["192.0.2.1", 5061]]
    assert with_tls == [["tls", ["192.0.2.3", 5063]], tcp, udp]
    assert without == [tcp, udp]


@pytest.mark.rfc("3263 §4.1", "3263 §4.2")
def test_who_names_a_transport_a_port_or_an_address_is_not_asked_for_naptr() -> None:
    with serving() as server:
        domain(server)
        server.records["_sip._tcp.pbx.example"] = [Service(1, 0, "192.0.2.9", 5069)]
        assert find(server, "tcp", "pbx.example") == [["192.0.2.9", 5069]]
        assert server.asked == ["_sip._tcp.pbx.example"]
        assert find(server, "any", "192.0.2.8") == [["udp", ["192.0.2.8", 5060]]]
        named = find(server, "any", "pbx.example", 5062, pbx__example="192.0.2.7")
        assert named == [["udp", ["192.0.2.7", 5062]]]
        assert len(server.asked) == 1


@pytest.mark.rfc("3263 §4.1", "3263 §4.2")
def test_without_naptr_the_servers_of_udp_come_first_then_those_of_tcp_then_the_address() -> None:
    with serving() as server:
        server.records["_sip._tcp.pbx.example"] = [Service(1, 0, "192.0.2.9", 5069)]
        assert find(server, "any", "pbx.example") == [["tcp", ["192.0.2.9", 5069]]]
        server.records["_sip._udp.pbx.example"] = [Service(1, 0, "192.0.2.8", 5068)]
        assert find(server, "any", "pbx.example")[0] == ["udp", ["192.0.2.8", 5068]]
        plain = find(server, "any", "other.example", other__example="192.0.2.3")
        assert plain == [["udp", ["192.0.2.3", 5060]]]


@pytest.mark.rfc("3263 §4.1")
def test_pointers_that_lead_nowhere_leave_the_address() -> None:
    with serving() as server:
        server.naptr("pbx.example", 1, 1, "SIP+D2U", "gone.example")
        places = find(server, "any", "pbx.example", pbx__example="192.0.2.3")
    assert places == [["udp", ["192.0.2.3", 5060]]]


@pytest.mark.rfc("3263 §4.1")
def test_a_name_server_silent_about_naptr_is_asked_nothing_else() -> None:
    with serving(silent=True) as server:
        places = find(server, "any", "pbx.example", pbx__example="192.0.2.3")
        assert set(server.asked) == {"pbx.example"}
    assert places == [["udp", ["192.0.2.3", 5060]]]


def test_the_system_is_asked_for_addresses_of_the_versions_we_can_send_to() -> None:
    class Reactor:
        """Resolves one name, as Twisted's does."""

        nameResolver = property(lambda self: self)  # noqa: N815 - Twisted's name

        def resolveHostName(  # noqa: N802
            self,
            receiver: Any,
            name: str,
            *,
            addressTypes: list[type],  # noqa: N803
        ) -> None:
            receiver.resolutionBegan(None)
            known = [IPv6Address("TCP", "2001:db8::3", 0), IPv4Address("TCP", "192.0.2.3", 0)]
            for address in [*known, *known]:
                if name == "pbx.example" and type(address) in addressTypes:
                    receiver.addressResolved(address)
            receiver.resolutionComplete()

    def asked(name: str, host: str) -> list[Any]:
        found: list[Any] = []
        addresses = LocalAddresses(host, None)
        system_addresses(Reactor(), lambda: addresses.families)(name).addBoth(found.append)
        return found

    assert asked("pbx.example", "::") == [["2001:db8::3", "192.0.2.3"]]
    assert asked("pbx.example", "0.0.0.0") == [["192.0.2.3"]]
    assert asked("pbx.example", "192.0.2.1") == [["192.0.2.3"]]
    assert asked("pbx.example", "2001:db8::1") == [["2001:db8::3"]]
    (failure,) = asked("nobody.example", "::")
    assert failure.check(DNSLookupError)


@given(
    st.lists(
        st.builds(Service, st.integers(0, 3), st.integers(0, 65535), st.text("ab"), st.just(1)),
        max_size=12,
    ),
    st.floats(0, 1, exclude_max=True),
)
def test_every_server_is_in_the_order_once_and_priorities_rise(
    services: list[Service], chance: float
) -> None:
    order = ordered(services, lambda: chance)
    assert sorted(order, key=repr) == sorted(services, key=repr)
    assert [one.priority for one in order] == sorted(one.priority for one in services)


@pytest.mark.parametrize(
    ("host", "expected"), [("192.0.2.1", True), ("2001:db8::1", True), ("pbx.example", False)]
)
def test_an_address_is_told_from_a_name(host: str, expected: bool) -> None:
    assert is_address(host) is expected
