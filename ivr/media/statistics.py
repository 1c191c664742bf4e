"""What is known of a leg's path, for the call record."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LegStatistics:
    """Both directions of a leg since it was opened; None where the peer has not reported."""

    packets_sent: int = 0
    octets_sent: int = 0
    packets_received: int = 0
    lost: int = 0
    lost_fraction: float = 0.0
    jitter_ms: float = 0.0
    remote_lost: int | None = None
    remote_jitter_ms: float | None = None
    round_trip_ms: float | None = None

    @property
    def octets(self) -> int:
        """Octets of payload sent."""
        return self.octets_sent
