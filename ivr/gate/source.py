"""What counts as one source, and which sources are known.

An IPv4 address is one source; of IPv6 a /64 is, since that is what one customer has at the
least (RFC 6177), and anybody can speak from each of its 2**64 addresses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

IPV6_PREFIX = 64
_REMEMBERED = 16_384


def source_of(host: str) -> str:
    """The source an address belongs to, as text; what is no address is its own source."""
    return host if ":" not in host else _of_ipv6(host)


@lru_cache(maxsize=_REMEMBERED)
def _of_ipv6(host: str) -> str:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), IPV6_PREFIX), strict=False))


class Networks:
    """A set of networks that is asked for every packet: answers are remembered, within bounds."""

    def __init__(self, networks: Iterable[Network] = ()) -> None:
        self._known: dict[str, bool] = {}
        self.replace(networks)

    def __contains__(self, host: str) -> bool:
        known = self._known.get(host)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[host] = self._look(host)
        return known

    def __iter__(self) -> Iterator[Network]:
        return iter(self._networks)

    def add(self, network: Network) -> None:
        """Take one more in; one that is there already changes nothing."""
        if network not in self._networks:
            self.replace((*self._networks, network))

    def replace(self, networks: Iterable[Network]) -> None:
        """Hold these instead."""
        self._networks = tuple(networks)
        # A flood of forged addresses asks for each of them once: as numbers that costs a
        # microsecond, by `ipaddress` ten.
        self._ipv4 = tuple(
            (int(network.network_address), int(network.netmask))
            for network in self._networks
            if isinstance(network, IPv4Network)
        )
        self._known.clear()

    def _look(self, host: str) -> bool:
        parts = host.split(".")
        if len(parts) == 4 and ":" not in host and all(map(str.isdecimal, parts)):
            first, second, third, fourth = map(int, parts)
            number = first << 24 | second << 16 | third << 8 | fourth
            return any(number & mask == network for network, mask in self._ipv4)
        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            return any(address.ipv4_mapped in network for network in self._networks)
        return any(address in network for network in self._networks)
