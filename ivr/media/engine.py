"""All calls' media on one clock."""

from collections.abc import Callable
from typing import Final

from ivr.media.events import MediaEvent
from ivr.media.leg import Leg
from ivr.media.ports import PortPool

slot_s: Final = 0.02
slot_samples: Final = 160
_early_s: Final = 0.005
_max_made_up: Final = 10


class MediaEngine:
    """Opens legs and moves all of them at each tick."""

    def __init__(
        self,
        ports: range,
        *,
        wall_clock: Callable[[], float],
        entropy: Callable[[int], bytes],
        writer: object = None,
    ) -> None:
        self.entropy = entropy
        self.wall_clock = wall_clock
        self.clock = 0  # samples of 8 kHz since the first tick
        self._ports = PortPool(ports, int.from_bytes(entropy(4), "big"))
        self._origin: float | None = None
        self._slot = 0
        self._legs: set[Leg] = set()
        self._talking: dict[Leg, None] = {}
        self._posted: list[tuple[Leg, MediaEvent]] = []

    def open(self, host: str) -> Leg:
        """A leg on a port pair of its own, on `host`; PortsExhausted."""
        leg = Leg(self, *self._ports.take(host))
        self._legs.add(leg)
        return leg

    def tick(self, now: float) -> None:
        """Do all that is due; call it every 20 ms, `now` in monotonic seconds."""
        if self._origin is None:
            self._origin = now
        slot = int((now - self._origin + _early_s) / slot_s)
        if slot - self._slot > _max_made_up:
            self._slot = slot - _max_made_up
        self._slot = max(self._slot, slot)
        self.clock = self._slot * slot_samples
        self._tell()
        self._send()
        if self._posted:
            self._tell()
            self._send()

    def close(self) -> None:
        """Close every leg."""
        for leg in list(self._legs):
            leg.close()

    def started(self, leg: Leg) -> None:
        """A leg has something to send."""
        self._talking[leg] = None

    def stopped(self, leg: Leg) -> None:
        """A leg has nothing more to send."""
        self._talking.pop(leg, None)

    def forget(self, leg: Leg) -> None:
        """A leg has closed."""
        self._legs.discard(leg)
        self._ports.give_back(leg.address[1])

    def post(self, leg: Leg, event: MediaEvent) -> None:
        """Tell a leg's listener within this tick, or the next."""
        self._posted.append((leg, event))

    def _send(self) -> None:
        until = self.clock + slot_samples
        for leg in list(self._talking):
            if not leg.send_due(until):
                del self._talking[leg]

    def _tell(self) -> None:
        posted, self._posted = self._posted, []
        for leg, event in posted:
            leg.listener(event)
