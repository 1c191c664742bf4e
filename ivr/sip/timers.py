"""Time: the constants of RFC 3261 §17.1.1.1, and one queue for everything that waits.

A heap of deadlines: setting a timer costs O(log n), cancelling one costs O(1) because the entry
stays where it is with its action taken out, and is thrown away when it comes to the top. So that
cancelled entries (nearly all timers are cancelled) cannot outnumber the living ones for long, the
heap is rebuilt when they do.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

Action = Callable[[float], None]

_rebuild_above = 64  # below this many cancelled entries a rebuild saves nothing


@dataclass(frozen=True, slots=True)
class Durations:
    """RFC 3261 table 4 and its companions; seconds."""

    t1_s: float = 0.5  # round trip estimate
    t2_s: float = 4.0  # longest interval between retransmissions of a non-INVITE request
    t4_s: float = 5.0  # how long a message may stay in the network
    timer_d_s: float = 32.0  # INVITE client over UDP: how long to absorb final responses
    invite_expires_s: float = 180.0  # §13.3.1.1: an INVITE we left unanswered is given up
    extension_s: float = 60.0  # §13.3.1.1: a 1xx a minute keeps proxies from giving up
    cancel_grace_s: float = 32.0  # §9.1: 64*T1 after CANCEL the INVITE is taken as dead

    @property
    def transaction_s(self) -> float:
        """64*T1: timers B, F, H, J, L and M, and the wait for an ACK (§13.3.1.4)."""
        return 64 * self.t1_s


class Timer:
    """One entry of the queue; `cancel` is harmless at any time."""

    __slots__ = ("_action", "_queue", "deadline")

    def __init__(self, queue: TimerQueue, deadline: float, action: Action) -> None:
        self._queue = queue
        self.deadline = deadline
        self._action: Action | None = action

    @property
    def pending(self) -> bool:
        return self._action is not None

    def cancel(self) -> None:
        if self._action is not None:
            self._action = None
            self._queue._forget_one()

    def _take(self) -> Action | None:
        action, self._action = self._action, None
        return action


class TimerQueue:
    """Deadlines in order of time, and of setting where the times are equal."""

    __slots__ = ("_cancelled", "_heap", "_order")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = count()
        self._cancelled = 0

    def __len__(self) -> int:
        return len(self._heap) - self._cancelled

    def set(self, deadline: float, action: Action) -> Timer:
        """Run `action(now)` at the first `run` whose time is not before `deadline`."""
        timer = Timer(self, deadline, action)
        heapq.heappush(self._heap, (deadline, next(self._order), timer))
        return timer

    def next_deadline(self) -> float | None:
        heap = self._heap
        while heap and not heap[0][2].pending:
            heapq.heappop(heap)
            self._cancelled -= 1
        return heap[0][0] if heap else None

    def run(self, now: float) -> None:
        """Run what is due, each once; what an action sets for `now` or before runs too."""
        while (deadline := self.next_deadline()) is not None and deadline <= now:
            action = heapq.heappop(self._heap)[2]._take()
            if action is not None:
                action(now)

    def _forget_one(self) -> None:
        self._cancelled += 1
        if self._cancelled > _rebuild_above and self._cancelled * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].pending]
            heapq.heapify(self._heap)
            self._cancelled = 0
