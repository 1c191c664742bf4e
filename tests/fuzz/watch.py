"""What is watched while inputs run: exceptions that are not ours, time, hangs, memory.

Time is processor time of the thread, so that a busy machine finds nothing; what looks slow is run
again before it is believed. Memory is counted in blocks of Python's allocator
(`sys.getallocatedblocks`): unlike the size of the process, that says nothing of libFuzzer's own
corpus. Both are written into a tally.
"""

from __future__ import annotations

import gc
import hashlib
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from tests.fuzz.target import Target

HANG_S = 5.0
_TRIES = 4  # of what looks slow
WARM_RUNS = 2_000
# A block is some 50 bytes. Caches of regular expressions and interned words fill up for a while;
# what leaks one block an input is far above this after a few thousand.
MOST_BLOCKS = 30_000


class Hang(BaseException):
    """An input that had run for HANG_S of processor time when it was stopped."""


class Watch:
    """Runs inputs of one target and keeps what was found, one example of each fault."""

    def __init__(self, target: Target, folder: Path | None = None) -> None:
        self.target = target
        self.folder = folder  # where inputs that found something are kept
        self.runs = 0
        self.refused = 0
        self.slowest_ms = 0.0
        self.found: dict[str, bytes] = {}
        self.times_found = 0
        self._began = 0.0
        self._first_blocks: int | None = None
        self._own_blocks = 0

    def run(self, data: bytes) -> None:
        """Run one input; what it finds is kept, nothing is raised."""
        self.runs += 1
        try:
            spent = self._timed(data)
        except Hang:
            self._keep("hang", data, f"runs for more than {HANG_S} s")
            return
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            self._keep(_place_of(error), data, traceback.format_exc())
            return
        allowed = self.target.slow_s(data)
        if spent > allowed:
            try:
                spent = min(spent, *(self._timed(data) for _ in range(_TRIES)))
            except Hang:
                spent = HANG_S
            if spent > allowed:
                self._keep("slow", data, f"takes {spent * 1000:.0f} ms of processor time")
        self.slowest_ms = max(self.slowest_ms, spent * 1000)
        if self.runs == WARM_RUNS:
            gc.collect()
            gc.freeze()  # a full collection is not the input's time
            self._first_blocks = sys.getallocatedblocks()

    def _timed(self, data: bytes) -> float:
        began = self._began = time.thread_time()
        try:
            self.target.run(data)
        except self.target.ours:
            self.refused += 1
        finally:
            self._began = 0.0
        return time.thread_time() - began

    def grown_blocks(self) -> int:
        """Blocks of memory held now that were not held when it was warm."""
        if self._first_blocks is None:
            return 0
        gc.collect()
        return sys.getallocatedblocks() - self._first_blocks - self._own_blocks

    def check_memory(self) -> None:
        """Note it as a finding where memory grows with the inputs."""
        grown = self.grown_blocks()
        if grown > MOST_BLOCKS and grown > (self.runs - WARM_RUNS) / 50:
            self._keep("memory", b"", f"{grown} blocks more after {self.runs} inputs")

    def look_for_hangs(self) -> None:
        """Have a timer stop what does not end by itself."""
        signal.signal(signal.SIGVTALRM, self._alarm)
        signal.setitimer(signal.ITIMER_VIRTUAL, HANG_S, HANG_S)

    def _alarm(self, number: int, frame: FrameType | None) -> None:
        if self._began and time.thread_time() - self._began > HANG_S - 0.5:
            raise Hang

    def _keep(self, what: str, data: bytes, said: str) -> None:
        self.times_found += 1
        if what in self.found and len(self.found[what]) <= len(data):
            return
        self.found[what] = data
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            name = f"{what}-{hashlib.sha256(what.encode()).hexdigest()[:8]}"
            (self.folder / name).write_bytes(data)
            (self.folder / f"{name}.txt").write_text(said, encoding="utf-8")
            print(f"\n{self.target.name}: {what}\n{said}", file=sys.stderr, flush=True)


def _place_of(error: BaseException) -> str:
    """Kind and last line of ours, so that one fault is kept once."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [one for one in frames if "/fuzz/" not in one.filename and ".venv" not in one.filename]
    last = (ours or list(frames))[-1]
    return f"{type(error).__name__}-{Path(last.filename).stem}-{last.name}-{last.lineno}"


def quietly(watch: Watch, step: Callable[[], Any]) -> None:
    """Do something of the fuzzer's own whose memory is not the target's."""
    before = sys.getallocatedblocks()
    step()
    watch._own_blocks += sys.getallocatedblocks() - before
