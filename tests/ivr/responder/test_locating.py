"""Finding servers by SRV (RFC 3263, RFC 2782), asked of a name server of the test's own."""

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

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.names import dns

from ivr.responder.locating import Service, is_address, ordered

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
    return succeed(found) if found else fail(DNSLookupError(name))
resolver = client.Resolver(servers=[("127.0.0.1", port)])
def told(result):
    failed = hasattr(result, "getErrorMessage")
    print(json.dumps(result.getErrorMessage() if failed else result))
    reactor.stop()
def begin():
    looking = Locator(address, resolver, lambda: 0.0).find(transport, host, given or None)
    looking.addBoth(told)
reactor.callWhenRunning(begin)
reactor.run()
"""


class NameServer:
    """Answers SRV questions from a table; what is not there does not exist, or gets no answer."""

    def __init__(self, records: dict[str, list[Service]], *, silent: bool = False) -> None:
        self.records, self.silent = records, silent
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
            found = self.records.get(name.lower(), [])
            reply = dns.Message(asked.id, answer=1, rCode=dns.OK if found else dns.ENAME)
            reply.queries = asked.queries
            reply.answers = [
                dns.RRHeader(
                    name,
                    dns.SRV,
                    ttl=60,
                    payload=dns.Record_SRV(s.priority, s.weight, s.port, s.target.rstrip(".")),
                )
                for s in found
            ]
            self.socket.sendto(reply.toStr(), source)

    def close(self) -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        self.thread.join()
        self.socket.close()


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
