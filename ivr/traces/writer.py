"""The thread that puts SIP messages on the disk, so that the reactor never waits for one.

It looks for messages a few times a second and is not woken by each: at 400 calls a second, waking
it for every message cost the reactor a sixth of its time.

Files are named by the second they begin at, and closed at `FILE_BYTES`; the oldest go when all of
them together are larger than allowed. What a flood brings is not kept: beyond `QUEUE_LIMIT`
messages that wait, new ones are counted and left out. A disk that fails costs traces, nothing else.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Final

from ivr.traces.blanking import blanked
from ivr.traces.message import TracedMessage, call_id_of, relation

FILE_BYTES: Final = 8 << 20
QUEUE_LIMIT: Final = 5000
WRITE_EVERY_S: Final = 0.25
SUFFIX: Final = ".sip"

Place = tuple[str, int]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Said:
    at: float
    incoming: bool
    transport: str
    local: Place
    remote: Place
    data: bytes


@dataclass(frozen=True, slots=True)
class _Related:
    at: float
    call_id: str
    other: str


class TraceWriter:
    """Takes messages by `note`, from any thread; `start` and `stop` begin and end its own."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._file_bytes = min(FILE_BYTES, max(1, most_bytes // 4))
        self._waiting: deque[_Said | _Related] = deque()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._file: IO[bytes] | None = None
        self._failing = False
        self.left_out = 0
        """Messages that were not kept: a flood, or a disk that fails."""

    def start(self) -> None:
        """Begin to write; does nothing where no traces are wanted."""
        if self._most_bytes and self._thread is None:
            self._ending.clear()
            self._thread = threading.Thread(target=self._run, name="traces", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Write what waits, and end."""
        if self._thread is not None:
            self._ending.set()
            self._thread.join()
            self._thread = None

    def note(
        self, incoming: bool, transport: str, local: Place, remote: Place, data: bytes
    ) -> None:
        """Keep one message; costs the caller microseconds."""
        self._put(_Said(time.time(), incoming, transport, local, remote, data))

    def relate(self, call_id: str, other: str) -> None:
        """Say that a dialog belongs to the call of another: the person who was called for it."""
        self._put(_Related(time.time(), call_id, other))

    def _put(self, one: _Said | _Related) -> None:
        if self._thread is None:
            return
        if len(self._waiting) >= QUEUE_LIMIT:
            self.left_out += 1
            return
        self._waiting.append(one)

    # --- the thread
    def _run(self) -> None:
        ending = False
        while not ending:
            ending = self._ending.wait(WRITE_EVERY_S)
            self._write_waiting()
        self._close()

    def _write_waiting(self) -> None:
        while self._waiting:
            one = self._waiting.popleft()
            line = _line(one)
            if line is not None:
                self._write(one.at, line)
        if self._file is not None:
            self._guarded(self._file.flush)

    def _write(self, at: float, line: bytes) -> None:
        def write() -> None:
            if self._file is None:
                self._file = self._open(at)
            self._file.write(line)
            if self._file.tell() >= self._file_bytes:
                self._close()

        self._guarded(write)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except OSError as error:
            self.left_out += 1
            self._close()
            if not self._failing:
                log.error("SIP traces cannot be kept: %s", error)
            self._failing = True
        else:
            self._failing = False

    def _open(self, at: float) -> IO[bytes]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._make_room()
        path = self._folder / f"{at:018.6f}{SUFFIX}"
        return path.open("ab")

    def _make_room(self) -> None:
        files = sorted(self._folder.glob("*" + SUFFIX), reverse=True)
        kept = self._file_bytes
        for path in files:
            kept += path.stat().st_size
            if kept > self._most_bytes:
                path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._file is not None:
            try:
                self._file.close()
            except OSError as error:
                log.error("A SIP trace is cut short: %s", error)
            self._file = None


def _line(one: _Said | _Related) -> bytes | None:
    """The line of a trace file; None for a message that belongs to no call."""
    if isinstance(one, _Related):
        return relation(one.call_id, one.other)
    call_id = call_id_of(one.data)
    if not call_id:
        return None
    data = blanked(one.data)
    return TracedMessage(
        one.at, one.incoming, one.transport, one.local, one.remote, call_id, data
    ).line()


def older(folder: Path, before: datetime) -> Iterator[Path]:
    """The files nothing was written to since `before`."""
    for path in folder.glob("*" + SUFFIX):
        if path.stat().st_mtime < before.timestamp():
            yield path
