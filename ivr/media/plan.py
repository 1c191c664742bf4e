"""What signalling has agreed for a leg."""

from dataclasses import dataclass
from typing import Literal, Protocol

from ivr.media.srtp import SrtpPlan


class Plan(Protocol):
    """Anything with these fields will do: LegPlan, or what an SDP negotiation returns."""

    @property
    def remote(self) -> tuple[str, int]: ...
    @property
    def remote_rtcp(self) -> tuple[str, int] | None: ...
    @property
    def codec(self) -> Literal["PCMU", "PCMA"]: ...
    @property
    def payload_type(self) -> int: ...
    @property
    def telephone_event(self) -> int | None: ...
    @property
    def comfort_noise(self) -> int | None: ...
    @property
    def ptime_ms(self) -> int: ...
    @property
    def send(self) -> bool: ...
    @property
    def receive(self) -> bool: ...
    @property
    def srtp(self) -> SrtpPlan | None: ...
    @property
    def blind_packets(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class LegPlan:
    """One agreed audio stream, as seen from us."""

    remote: tuple[str, int]
    remote_rtcp: tuple[str, int] | None = None
    codec: Literal["PCMU", "PCMA"] = "PCMU"
    payload_type: int = 0
    telephone_event: int | None = 101
    comfort_noise: int | None = None
    ptime_ms: int = 20
    send: bool = True
    receive: bool = True
    srtp: SrtpPlan | None = None
    #: How many packets go out before the peer has been heard; None: as many as there are.
    blind_packets: int | None = None
