"""What the user agent is told once: limits, names and durations; and what a trunk is."""

from __future__ import annotations

from dataclasses import dataclass, field

from ivr.sip.address import Flow
from ivr.sip.timers import Durations


@dataclass(frozen=True, slots=True)
class UserAgentConfig:
    """Settings of the whole user agent; every default is fit to serve."""

    contact_user: str = "line"  # user part of our Contact where the peer's request names none
    max_calls: int = 1000  # more are refused with 503 and Retry-After
    retry_after_s: int = 10  # what the 503 says
    product: str | None = None  # Server and User-Agent; None: neither is sent, so that a
    # stranger learns no version from us
    min_session_s: int = 90  # RFC 4028 §5: below 90 is not allowed
    session_s: int | None = 1800  # what we ask of peers that know session timers; None: nothing
    durations: Durations = field(default_factory=Durations)
    max_transactions: int = 100_000  # memory bound under a flood; above it 503, statelessly
    max_held_bytes: int = 64 << 20  # the same for requests held until their transactions end
    datagram_max_bytes: int | None = 1300  # §18.1.1: what is larger goes by TCP; None: by UDP


@dataclass(frozen=True, slots=True)
class Trunk:
    """A PBX or provider we register with, or only watch.

    `flow` is the resolved path to its registrar or proxy: names are looked up by whoever opens
    the sockets. The password is kept out of every representation.
    """

    name: str
    flow: Flow
    aor: str  # address of record, e.g. "sip:88001234@pbx.example"
    username: str = ""  # for digest; empty: the user part of `aor`
    password: str = field(default="", repr=False)
    expires_s: int = 600
    register: bool = True
    keepalive_s: float | None = 60.0  # OPTIONS this often; None: never
    registrar: str = ""  # Request-URI of REGISTER; empty: the domain of `aor`
