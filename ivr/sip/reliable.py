"""Reliable ringing (RFC 3262, server side).

A peer that requires `100rel` gets its 180 with an RSeq; it is repeated at T1, doubling, until a
PRACK names it. The 2xx waits for that. Nobody answers within 64*T1: the INVITE is refused with 504.
"""

from __future__ import annotations

from collections.abc import Callable

from ivr.sip.message import Request, Response
from ivr.sip.timers import Timer
from ivr.sip.transaction import ServerTransaction, Surroundings


class ReliableProvisional:
    """One provisional response on its way."""

    __slots__ = (
        "_cseq",
        "_done",
        "_give_up",
        "_interval",
        "_layer",
        "_on_done",
        "_on_lost",
        "_repeat",
        "_response",
        "_rseq",
        "_transaction",
    )

    def __init__(
        self,
        layer: Surroundings,
        transaction: ServerTransaction,
        response: Response,
        rseq: int,
        now: float,
        on_lost: Callable[[float], None],
    ) -> None:
        self._layer = layer
        self._transaction = transaction
        self._response = response
        self._rseq = rseq
        self._cseq = response.cseq
        self._on_lost = on_lost
        self._on_done: Callable[[float], None] | None = None
        self._done = False
        self._interval = layer.durations.t1_s
        transaction.respond(response, now)
        self._repeat: Timer = layer.timers.set(now + self._interval, self._again)
        self._give_up: Timer = layer.timers.set(now + layer.durations.transaction_s, self._lost)

    @property
    def done(self) -> bool:
        return self._done

    def then(self, action: Callable[[float], None]) -> None:
        """What to do when the PRACK has come."""
        self._on_done = action

    def acknowledges(self, prack: Request) -> bool:
        """Whether a PRACK names this response (§3: RSeq, and number and method of the CSeq)."""
        rack = prack.rack
        return (
            not self._done
            and rack is not None
            and rack.response_number == self._rseq
            and rack.cseq == self._cseq
        )

    def receive(self, now: float) -> None:
        """The PRACK came."""
        self.stop()
        self._done = True
        if self._on_done is not None:
            self._on_done(now)

    def stop(self) -> None:
        self._repeat.cancel()
        self._give_up.cancel()

    def _again(self, now: float) -> None:
        self._transaction.respond(self._response, now)
        self._interval *= 2  # §3: no upper limit
        self._repeat = self._layer.timers.set(now + self._interval, self._again)

    def _lost(self, now: float) -> None:
        self.stop()
        self._on_lost(now)
