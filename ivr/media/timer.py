"""A timer in the kernel on an absolute grid, which counts the expirations that were missed.

CLOCK_MONOTONIC does not jump when the wall clock is set. `os.timerfd_create` exists from Python
3.13 only; the C library has it everywhere we run (timerfd_create(2)).
"""

import ctypes
import os
import struct
import time
from collections import deque
from typing import Final

TICK_S: Final = 0.020
TICK_NS: Final = 20_000_000
LATENESS_KEPT: Final = 1500
"""Ticks whose lateness is remembered: the last 30 s."""

_TFD_NONBLOCK: Final = os.O_NONBLOCK
_TFD_CLOEXEC: Final = os.O_CLOEXEC


class _Itimerspec(ctypes.Structure):
    """`struct itimerspec` of timerfd_settime(2)."""

    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("value_s", ctypes.c_long),
        ("value_ns", ctypes.c_long),
    )


def open_timer(interval_ns: int) -> int:
    """Return a timerfd on CLOCK_MONOTONIC that expires every `interval_ns`. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor: int = libc.timerfd_create(time.CLOCK_MONOTONIC, _TFD_NONBLOCK | _TFD_CLOEXEC)
    spec = _Itimerspec(0, interval_ns, 0, interval_ns)
    if descriptor < 0 or libc.timerfd_settime(descriptor, 0, ctypes.byref(spec), None) < 0:
        raise OSError(ctypes.get_errno(), "no timer: " + os.strerror(ctypes.get_errno()))
    return descriptor


def expirations(descriptor: int) -> int:
    """How often the timer has expired since last asked; 0 where it has not."""
    try:
        count: int = struct.unpack("=Q", os.read(descriptor, 8))[0]
    except BlockingIOError:
        return 0
    return count


class Lateness:
    """How late the ticks of one timer began, over the last half minute."""

    def __init__(self, first_due_s: float) -> None:
        self._due_s = first_due_s
        self._kept_ms: deque[float] = deque(maxlen=LATENESS_KEPT)
        self.missed = 0
        """Expirations that no tick answered in time."""

    def note(self, now_s: float, expired: int) -> float:
        """Take a tick that began at `now_s` for so many expirations; returns ms it was late."""
        self._due_s += (expired - 1) * TICK_S
        late_ms = max(0.0, now_s - self._due_s) * 1000
        self._kept_ms.append(late_ms)
        self._due_s += TICK_S
        self.missed += expired - 1
        return late_ms

    def quantile_ms(self, quantile: float, *, last: int = LATENESS_KEPT) -> float:
        """How late, at a quantile (0 to 1) of the `last` ticks, in ms."""
        kept = list(self._kept_ms)[-last:]
        kept.sort()
        return kept[min(len(kept) - 1, int(quantile * len(kept)))] if kept else 0.0
