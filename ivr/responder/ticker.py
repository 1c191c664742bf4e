"""The one 20 ms clock of all calls: a timerfd read by the reactor.

Twisted's `callLater` follows the wall clock and drifts by what each turn takes; the kernel's
timer (`ivr.media.timer`) does neither. Everything timed in the responder hangs on it: SIP
timers, waiting for keys, listening in. The sound has one of its own, in its own process.
"""

import heapq
import itertools
import logging
import os
import time
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from ivr.media.timer import TICK_NS, TICK_S, Lateness, expirations, open_timer

log = logging.getLogger(__name__)


@implementer(IReadDescriptor)
class Ticker:
    """Calls each of `ticks` with the monotonic time, every 20 ms."""

    def __init__(self, reactor: Any, ticks: list[Callable[[float], None]]) -> None:
        self._reactor = reactor
        self._ticks = ticks
        self._fd = -1
        self.lateness = Lateness(0.0)

    def start(self) -> None:
        """Begin ticking."""
        self._fd = open_timer(TICK_NS)
        self.lateness = Lateness(time.monotonic() + TICK_S)
        self._reactor.addReader(self)

    def stop(self) -> None:
        """Tick no more."""
        if self._fd >= 0:
            self._reactor.removeReader(self)
            os.close(self._fd)
            self._fd = -1

    # --- what the reactor asks of a reader
    def fileno(self) -> int:
        """Return the descriptor the reactor watches."""
        return self._fd

    def logPrefix(self) -> str:  # noqa: N802 - the reactor's name for it
        """Return the name under which the reactor logs."""
        return "ticker"

    def connectionLost(self, reason: Failure) -> None:  # noqa: N802 - the reactor's name for it
        """The reactor is closing."""
        self.stop()

    def doRead(self) -> None:  # noqa: N802 - the reactor's name for it
        """Run one tick for however many expirations there were."""
        expired = expirations(self._fd)
        if not expired:
            return
        now = time.monotonic()
        self.lateness.note(now, expired)
        for tick in self._ticks:
            try:
                tick(now)
            except Exception:  # noqa: BLE001 - a fault in one tick must not end every call
                log.error("A tick failed: %s", Failure().getTraceback())


class Deadline:
    """A wait that can be called off."""

    __slots__ = ("action", "due")

    def __init__(self, due: float, action: Callable[[], None]) -> None:
        self.due = due
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Do not act; harmless when it already has."""
        self.action = None


class Deadlines:
    """Everything that waits for a time, driven by the ticker (20 ms steps)."""

    def __init__(self) -> None:
        self.now = time.monotonic()
        """The time of the tick that runs, or of the last one."""
        self._heap: list[tuple[float, int, Deadline]] = []
        self._order = itertools.count()

    def at(self, due: float, action: Callable[[], None]) -> Deadline:
        """Run `action` once the monotonic time reaches `due`."""
        deadline = Deadline(due, action)
        heapq.heappush(self._heap, (due, next(self._order), deadline))
        return deadline

    def tick(self, now: float) -> None:
        """Run what is due."""
        self.now = now
        while self._heap and self._heap[0][0] <= now:
            deadline = heapq.heappop(self._heap)[2]
            action, deadline.action = deadline.action, None
            if action is not None:
                action()
