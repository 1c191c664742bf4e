"""Where a named peer is (RFC 3263): by the SRV records of its domain, else by its addresses.

What has a port or is an address is taken as it is (§4.2). Where the settings or a URI name the
transport it is that one; otherwise the domain says by NAPTR what it likes best (§4.1). Addresses
are of both IP versions where we are bound to both, in the system's order (RFC 6724). Records of
one priority are taken in an order left to chance by their weights, so that many lines share a
provider's servers (RFC 2782).
"""

import random
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import accumulate
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, TimeoutError, succeed
from twisted.internet.error import DNSLookupError
from twisted.internet.interfaces import IResolutionReceiver
from twisted.names import client, dns
from twisted.names.error import AuthoritativeDomainError, DomainError, ResolverError
from twisted.python.failure import Failure
from zope.interface import implementer

SRV_TIMEOUT_S = (1, 3)
"""A name server that does not answer costs four seconds; then the address is asked for."""
PLACES_MAX = 8
POINTERS_MAX = 4

_services = {"udp": "_sip._udp", "tcp": "_sip._tcp", "tls": "_sips._tcp"}
_default_ports = {"udp": 5060, "tcp": 5060, "tls": 5061}

# No such record, or a name server that knows none or is silent: then the address will do.
_no_answer = (DomainError, AuthoritativeDomainError, ResolverError, TimeoutError, OSError)

_transports = {"SIP+D2U": "udp", "SIP+D2T": "tcp", "SIPS+D2T": "tls"}

Place = tuple[str, int]
Way = tuple[str, Place]
"""A transport, and where it leads."""


@dataclass(frozen=True, slots=True)
class Service:
    """One SRV record."""

    priority: int
    weight: int
    target: str
    port: int


@dataclass(frozen=True, slots=True)
class Pointer:
    """One NAPTR record that leads to SRV records of SIP."""

    order: int
    preference: int
    transport: str
    replacement: str


class Locator:
    """Finds places; `addresses` looks up the addresses of a name (the system's way)."""

    def __init__(
        self,
        addresses: "Callable[[str], Deferred[list[str]]]",
        resolver: Any = None,
        chance: Callable[[], float] = random.random,  # who comes first is no secret
    ) -> None:
        self._addresses = addresses
        self._given = resolver
        self._chance = chance

    @property
    def _resolver(self) -> Any:
        if self._given is None:
            self._given = client.createResolver()
        return self._given

    def choose(self, host: str, port: int | None, *, tls: bool = False) -> "Deferred[list[Way]]":
        """Return the ways there where no transport is named; `tls`: that one is among ours."""
        if port is not None or is_address(host):
            return self.find("udp", host, port).addCallback(_by_udp)
        asking: Deferred[Any] = self._resolver.lookupNamingAuthorityPointer(
            host, timeout=SRV_TIMEOUT_S
        )

        def found(answer: Any) -> Any:
            wanted = [one for one in pointers_of(answer[0]) if tls or one.transport != "tls"]
            if not wanted:
                names = [(kind, f"{_services[kind]}.{host}") for kind in ("udp", "tcp")]
                return self._first_served(names)
            return self._first_served(
                [(one.transport, one.replacement) for one in wanted[:POINTERS_MAX]]
            )

        def failed(failure: Failure) -> "Deferred[list[Way]]":
            failure.trap(*_no_answer)
            if failure.check(TimeoutError):
                return succeed([])  # who is silent about this is silent about the rest
            return self._first_served([("udp", f"_sip._udp.{host}"), ("tcp", f"_sip._tcp.{host}")])

        def otherwise(ways: list[Way]) -> Any:
            return ways or self._address(host, _default_ports["udp"]).addCallback(_by_udp)

        return asking.addCallbacks(found, failed).addCallback(otherwise)

    def _first_served(self, names: "Sequence[tuple[str, str]]") -> "Deferred[list[Way]]":
        """The servers of all these SRV names, in this order."""
        looking = [self._served(name) for _, name in names]

        def found(results: list[tuple[bool, Any]]) -> list[Way]:
            ways = [
                (transport, place)
                for (transport, _), (known, places) in zip(names, results, strict=True)
                if known
                for place in places
            ]
            return ways[:PLACES_MAX]

        return DeferredList(looking, consumeErrors=True).addCallback(found)

    def _served(self, name: str) -> "Deferred[list[Place]]":
        """The servers of an SRV name; fails where there are none."""
        asking: Deferred[Any] = self._resolver.lookupService(name, timeout=SRV_TIMEOUT_S)

        def found(answer: Any) -> Any:
            services = [one for one in ordered(services_of(answer[0]), self._chance) if one.target]
            return self._all(services[:PLACES_MAX]) if services else []

        return asking.addCallback(found)

    def find(self, transport: str, host: str, port: int | None) -> "Deferred[list[Place]]":
        """Return where to go, the first choice first; fails with DNSLookupError for nowhere."""
        fallback = port or _default_ports[transport]
        if is_address(host):
            return succeed([(host, fallback)])
        if port is not None:
            return self._address(host, fallback)
        name = f"{_services[transport]}.{host}"
        asking: Deferred[Any] = self._resolver.lookupService(name, timeout=SRV_TIMEOUT_S)

        def found(answer: Any) -> Any:
            services = services_of(answer[0])
            if not services:
                return self._address(host, fallback)
            wanted = [one for one in ordered(services, self._chance) if one.target]
            if not wanted:  # a target of "." says: not offered here (RFC 2782)
                raise DNSLookupError(f"{host} offers no SIP by {transport.upper()}")
            return self._all(wanted[:PLACES_MAX])

        def failed(failure: Failure) -> Any:
            failure.trap(*_no_answer)
            return self._address(host, fallback)

        return asking.addCallbacks(found, failed)

    def _address(self, host: str, port: int) -> "Deferred[list[Place]]":
        return self._addresses(host).addCallback(
            lambda addresses: [(address, port) for address in addresses][:PLACES_MAX]
        )

    def _all(self, services: Sequence[Service]) -> "Deferred[list[Place]]":
        looking = [
            succeed([one.target]) if is_address(one.target) else self._addresses(one.target)
            for one in services
        ]

        def found(results: list[tuple[bool, Any]]) -> list[Place]:
            pairs = zip(results, services, strict=True)
            places = [
                (address, one.port)
                for (known, addresses), one in pairs
                if known
                for address in addresses
            ]
            if not places:
                raise DNSLookupError(f"no server has an address: {services[0].target}")
            return places[:PLACES_MAX]

        return DeferredList(looking, consumeErrors=True).addCallback(found)


def _by_udp(places: list[Place]) -> list[Way]:
    return [("udp", place) for place in places]


def system_addresses(
    reactor: Any, families: Callable[[], Sequence[type]]
) -> "Callable[[str], Deferred[list[str]]]":
    """Look names up as every program of the machine does: its files, then its name servers."""

    def look(name: str) -> "Deferred[list[str]]":
        done: Deferred[list[str]] = Deferred()
        reactor.nameResolver.resolveHostName(_Addresses(name, done), name, addressTypes=families())
        return done

    return look


@implementer(IResolutionReceiver)
class _Addresses:
    """Collects what a name resolves to."""

    def __init__(self, name: str, done: "Deferred[list[str]]") -> None:
        self._name, self._done = name, done
        self._found: list[str] = []

    def resolutionBegan(self, resolution: Any) -> None:  # noqa: N802 - Twisted's name
        """Nothing is to be done."""

    def addressResolved(self, address: Any) -> None:  # noqa: N802 - Twisted's name
        if address.host not in self._found:
            self._found.append(address.host)

    def resolutionComplete(self) -> None:  # noqa: N802 - Twisted's name
        if self._found:
            self._done.callback(self._found)
        else:
            self._done.errback(DNSLookupError(f"no address for {self._name}"))


def is_address(host: str) -> bool:
    """Whether this is a numeric address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def services_of(records: Sequence[Any]) -> list[Service]:
    """The SRV records of an answer."""
    return [
        Service(
            record.payload.priority,
            record.payload.weight,
            record.payload.target.name.decode("ascii", "replace").rstrip("."),
            record.payload.port,
        )
        for record in records
        if record.type == dns.SRV
    ]


def pointers_of(records: Sequence[Any]) -> list[Pointer]:
    """The NAPTR records of an answer that lead to SIP servers, the one to be used first first."""
    found = [
        Pointer(
            record.payload.order,
            record.payload.preference,
            transport,
            record.payload.replacement.name.decode("ascii", "replace").rstrip("."),
        )
        for record in records
        if record.type == dns.NAPTR
        and record.payload.flags.string.lower() == b"s"  # it ends in SRV records (§4.1)
        and (
            transport := _transports.get(
                record.payload.service.string.decode("ascii", "replace").upper()
            )
        )
    ]
    return sorted(found, key=lambda one: (one.order, one.preference))


def ordered(services: Sequence[Service], chance: Callable[[], float]) -> list[Service]:
    """In the order to be tried: by priority, within it by chance and weight (RFC 2782)."""
    order: list[Service] = []
    for priority in sorted({one.priority for one in services}):
        left = [one for one in services if one.priority == priority]
        while left:
            # What weighs nothing has a small chance all the same.
            weights = list(accumulate(max(one.weight, 0.1) for one in left))
            at = bisect_right(weights, chance() * weights[-1])
            order.append(left.pop(min(at, len(left) - 1)))
    return order
