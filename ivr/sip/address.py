"""The path on which a message came or leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Flow:
    """One path to a peer (RFC 5626 §2): a transport and both its ends.

    `local` is our address on this path as the peer should see it. IPv6 addresses
    stand without brackets.
    """

    transport: Literal["udp", "tcp", "tls"]
    local: tuple[str, int]
    remote: tuple[str, int]

    @property
    def reliable(self) -> bool:
        """Whether this is a connection (RFC 3261 §18): TCP, or TLS over it."""
        return self.transport != "udp"

    @property
    def secure(self) -> bool:
        """Whether nobody between us and the neighbour can read it (RFC 3261 §26.3)."""
        return self.transport == "tls"
