"""Waiting for the ACK of a 2xx (RFC 3261 §13.3.1.4).

The transaction layer does not repeat a 2xx: whoever answered does, over any transport, at T1
doubling up to T2, until the ACK comes or 64*T1 have passed.
"""

from __future__ import annotations

from collections.abc import Callable

from ivr.sip.message import Request
from ivr.sip.timers import Timer
from ivr.sip.transaction import ServerTransaction, Surroundings


class AwaitedAck:
    """One unacknowledged 2xx. `on_ack` gets the body of the ACK, None where it has none."""

    __slots__ = (
        "_give_up",
        "_interval",
        "_layer",
        "_on_ack",
        "_on_lost",
        "_repeat",
        "_transaction",
        "cseq",
    )

    def __init__(
        self,
        layer: Surroundings,
        transaction: ServerTransaction,
        cseq: int,
        now: float,
        on_ack: Callable[[bytes | None, float], None],
        on_lost: Callable[[float], None],
    ) -> None:
        self._layer = layer
        self._transaction = transaction
        self.cseq = cseq
        self._on_ack = on_ack
        self._on_lost = on_lost
        self._interval = layer.durations.t1_s
        self._repeat: Timer = layer.timers.set(now + self._interval, self._again)
        self._give_up: Timer = layer.timers.set(now + layer.durations.transaction_s, self._lost)

    def receive(self, ack: Request, now: float) -> None:
        """The ACK."""
        self.stop()
        self._on_ack(ack.body or None, now)

    def stop(self) -> None:
        """Wait no longer."""
        self._repeat.cancel()
        self._give_up.cancel()

    def _again(self, now: float) -> None:
        self._transaction.repeat(now)
        self._interval = min(self._interval * 2, self._layer.durations.t2_s)
        self._repeat = self._layer.timers.set(now + self._interval, self._again)

    def _lost(self, now: float) -> None:
        self.stop()
        self._on_lost(now)
