"""Where a named peer is (RFC 3263): by the SRV records of its domain, else by its address.

What has a port or is an address is taken as it is (§4.2). The transport is always known here,
from the settings or a URI, so that NAPTR, which would choose one, is not asked (§4.1). Records of
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
from twisted.names import client, dns
from twisted.names.error import AuthoritativeDomainError, DomainError, ResolverError
from twisted.python.failure import Failure

SRV_TIMEOUT_S = (1, 3)
"""A name server that does not answer costs four seconds; then the address is asked for."""
PLACES_MAX = 8

_services = {"udp": "_sip._udp", "tcp": "_sip._tcp", "tls": "_sips._tcp"}
_default_ports = {"udp": 5060, "tcp": 5060, "tls": 5061}

# No such record, or a name server that knows none or is silent: then the address will do.
_no_answer = (DomainError, AuthoritativeDomainError, ResolverError, TimeoutError, OSError)

Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Service:
    """One SRV record."""

    priority: int
    weight: int
    target: str
    port: int


class Locator:
    """Finds places; `addresses` looks up one address of a name (the system's way)."""

    def __init__(
        self,
        addresses: "Callable[[str], Deferred[str]]",
        resolver: Any = None,
        chance: Callable[[], float] = random.random,  # who comes first is no secret
    ) -> None:
        self._addresses = addresses
        self._resolver = resolver
        self._chance = chance

    def find(self, transport: str, host: str, port: int | None) -> "Deferred[list[Place]]":
        """Return where to go, the first choice first; fails with DNSLookupError for nowhere."""
        fallback = port or _default_ports[transport]
        if is_address(host):
            return succeed([(host, fallback)])
        if port is not None:
            return self._address(host, fallback)
        if self._resolver is None:
            self._resolver = client.createResolver()
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
        return self._addresses(host).addCallback(lambda address: [(address, port)])

    def _all(self, services: Sequence[Service]) -> "Deferred[list[Place]]":
        looking = [
            succeed(one.target) if is_address(one.target) else self._addresses(one.target)
            for one in services
        ]

        def found(results: list[tuple[bool, Any]]) -> list[Place]:
            pairs = zip(results, services, strict=True)
            places = [(address, one.port) for (known, address), one in pairs if known]
            if not places:
                raise DNSLookupError(f"no server has an address: {services[0].target}")
            return places

        return DeferredList(looking, consumeErrors=True).addCallback(found)


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
