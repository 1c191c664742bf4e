"""The numbers of the gate, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass

# RFC 3261 has a telephone send an INVITE, an ACK and a BYE for a call, seven copies each where
# packets are lost: ten requests a second are more than any telephone needs.


@dataclass(frozen=True, slots=True)
class Limits:
    """What a stranger may do; trusted networks and trunks have no limits here."""

    requests_a_second: float = 20.0
    """Of one source, in the long run."""
    burst: float = 60.0
    """Requests one source may send at once after it was quiet."""
    strangers_a_second: float = 1000.0
    """Of all unproven sources together: forged addresses are each a new source."""
    strangers_burst: float = 2000.0
    calls: int = 20
    """At once from one source: an office behind one address."""
    calls_a_minute: float = 60.0
    """New calls of one source, with `calls` at once after it was quiet."""
    connections: int = 20
    """Open at once from one source."""
    stranger_connections: int = 800
    """Of all strangers together: the rest is kept for trunks."""
    sources: int = 50_000
    """Remembered; what was heard of longest ago is forgotten (about 200 bytes each)."""
    bans: int = 5_000
    """Kept; the one that ends first goes where there are more."""
    proof_lasts_s: float = 300.0
    """How long a source that has heard us may be answered without counting bytes."""
    good_name_lasts_s: float = 3600.0
    """How long a source that has heard us is not banned for what a forger could have sent."""
    credit_bytes: int = 16_384
    """The most that a source not proven can be owed in answers."""
