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

    transport: Literal["udp", "tcp"]
    local: tuple[str, int]
    remote: tuple[str, int]
