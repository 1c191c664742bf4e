"""One look at the calls in progress a second, however many pages show them.

While somebody watches, the hub asks the database once a second. What it saw stands as the newest
`Sight`, numbered; whoever watches is woken when it differs from the one before, and compares it
with what they have been sent themselves. So a slow reader skips sights, but never a row, and
gets none twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ivr.records import RecordsError
from ivr.services.live_calls import Live, LiveCall

EVERY_S = 1.0

log = logging.getLogger(__name__)

Look = Callable[[], tuple[Live, bool]]
"""What is asked in a thread: the calls in progress, and whether the line answers."""
InThread = Callable[[Look], Awaitable[tuple[Live, bool]]]


@dataclass(frozen=True, slots=True)
class Sight:
    """What the last look saw. `calls` is None where the records could not be read."""

    number: int
    calls: Sequence[LiveCall] | None = None
    total: int = 0
    by_place: Sequence[tuple[tuple[str, str], int]] = ()
    answering: bool = False

    def same(self, other: Sight) -> bool:
        """Say whether there is nothing to tell who has seen `other`."""
        return (self.calls, self.total, self.by_place, self.answering) == (
            other.calls,
            other.total,
            other.by_place,
            other.answering,
        )


@dataclass(frozen=True, slots=True)
class Change:
    """What differs between two sights: rows to be drawn anew, and the order if it is another."""

    rows: Sequence[LiveCall]
    order: Sequence[str] | None
    head: bool


def change(before: Sight | None, now: Sight) -> Change:
    """Return what somebody who was shown `before` must be told to see `now`."""
    new = list(now.calls or ())
    known = {call.id: call for call in before.calls or ()} if before else {}
    order = [call.id for call in new]
    return Change(
        rows=[call for call in new if known.get(call.id) != call],
        order=None if before and order == [call.id for call in before.calls or ()] else order,
        head=before is None
        or (before.total, before.by_place, before.answering)
        != (now.total, now.by_place, now.answering),
    )


class LiveHub:
    """Shared by all streams of a desk; lives in its event loop."""

    def __init__(self, look: Look, *, every_s: float = EVERY_S) -> None:
        self._look = look
        self._every_s = every_s
        self._newest: Sight | None = None
        self._numbers = 0
        self._watching = 0
        self._task: asyncio.Task[None] | None = None
        self._seen = asyncio.Event()
        self.looks = 0

    async def after(self, number: int, timeout_s: float) -> Sight | None:
        """Return the newest sight once it is later than `number`; None where nothing changed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self._newest is None or self._newest.number <= number:
                    await self._seen.wait()
        newest = self._newest
        return newest if newest is not None and newest.number > number else None

    def enter(self, in_thread: InThread) -> None:
        """Somebody watches: look from now on."""
        self._watching += 1
        if self._task is None or self._task.done():
            self._newest = None  # what was seen when somebody watched last is old
            self._task = asyncio.create_task(self._run(in_thread))

    def leave(self) -> None:
        """They watch no longer; nobody looks for nobody."""
        self._watching -= 1
        if not self._watching and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self, in_thread: InThread) -> None:
        while True:
            self.looks += 1
            self._show(await self._sight(in_thread))
            await asyncio.sleep(self._every_s)

    async def _sight(self, in_thread: InThread) -> dict[str, Any]:
        try:
            live, answering = await in_thread(self._look)
        except RecordsError as error:
            log.warning("The calls in progress cannot be read: %s", error)
            return {}
        except Exception:  # one look that fails must not end all that follow
            log.exception("Looking at the calls in progress failed")
            return {}
        return {
            "calls": live.calls,
            "total": live.total,
            "by_place": live.by_place,
            "answering": answering,
        }

    def _show(self, seen: dict[str, Any]) -> None:
        found = Sight(self._numbers + 1, **seen)
        if self._newest is not None and found.same(self._newest):
            return
        self._numbers = found.number
        self._newest = found
        waiting, self._seen = self._seen, asyncio.Event()
        waiting.set()
