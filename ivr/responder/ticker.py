"""The one 20 ms clock of all calls: a timerfd read by the reactor.

A timer in the kernel keeps an absolute grid and counts the expirations that
were missed, and CLOCK_MONOTONIC does not jump when the wall clock is set
(Twisted's `callLater` follows the wall clock). Everything timed in the
responder hangs on it: media, SIP timers, waiting for keys.
"""

import ctypes
import heapq
import itertools
import logging
import os
import struct
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

TICK_S = 0.020
TICK_NS = 20_000_000
LATENESS_KEPT = 1500
"""Ticks whose lateness is remembered: the last 30 s."""

_TFD_NONBLOCK = os.O_NONBLOCK
_TFD_CLOEXEC = os.O_CLOEXEC

log = logging.getLogger(__name__)


class _Itimerspec(ctypes.Structure):
    """`struct itimerspec` of timerfd_settime(2)."""

    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("value_s", ctypes.c_long),
        ("value_ns", ctypes.c_long),
    )


def open_timer(interval_ns: int) -> int:
    """Return a timerfd on CLOCK_MONOTONIC that expires every `interval_ns`.

    `os.timerfd_create` exists from Python 3.13 only; the C library has it everywhere we run.
    Raises OSError.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor: int = libc.timerfd_create(time.CLOCK_MONOTONIC, _TFD_NONBLOCK | _TFD_CLOEXEC)
    spec = _Itimerspec(0, interval_ns, 0, interval_ns)
    if descriptor < 0 or libc.timerfd_settime(descriptor, 0, ctypes.byref(spec), None) < 0:
        raise OSError(ctypes.get_errno(), "no timer: " + os.strerror(ctypes.get_errno()))
    return descriptor


@implementer(IReadDescriptor)
class Ticker:
    """Calls each of `ticks` with the monotonic time, every 20 ms."""

    def __init__(self, reactor: Any, ticks: list[Callable[[float], None]]) -> None:
        self._reactor = reactor
        self._ticks = ticks
        self._fd = -1
        self._due = 0.0
        self._lateness_ms: deque[float] = deque(maxlen=LATENESS_KEPT)
        self.missed = 0
        """Expirations of the timer that no tick answered in time."""

    def start(self) -> None:
        """Begin ticking."""
        self._fd = open_timer(TICK_NS)
        self._due = time.monotonic() + TICK_S
        self._reactor.addReader(self)

    def stop(self) -> None:
        """Tick no more."""
        if self._fd >= 0:
            self._reactor.removeReader(self)
            os.close(self._fd)
            self._fd = -1

    def lateness_ms(self, quantile: float) -> float:
        """Return how late ticks were over the last 30 s, at a quantile (0 to 1), in ms."""
        ordered = sorted(self._lateness_ms)
        return ordered[min(len(ordered) - 1, int(quantile * len(ordered)))] if ordered else 0.0

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
        try:
            (expired,) = struct.unpack("=Q", os.read(self._fd, 8))
        except BlockingIOError:
            return
        now = time.monotonic()
        self._due += (expired - 1) * TICK_S
        self._lateness_ms.append(max(0.0, now - self._due) * 1000)
        self._due += TICK_S
        self.missed += expired - 1
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
