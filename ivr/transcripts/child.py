"""The scribe's end of the listener: starts it, asks, holds it still, ends it.

Nothing here waits: `poll` gives what has come, and `fileno` is for a selector.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ivr.records.tables import TranscriptFault
from ivr.services.transcript_queue import Written

END_LIMIT_S = 2.0


@dataclass(frozen=True, slots=True)
class Ready:
    """The model is loaded."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The listener cannot work at all: nothing is installed, or the model is damaged."""

    why: str


@dataclass(frozen=True, slots=True)
class Failed:
    """One recording could not be transcribed."""

    fault: TranscriptFault
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """The listener is no more; `status` as subprocess has it, negative for a signal."""

    status: int


Answer = Ready | Refused | Failed | Ended | Written


class Listener(Protocol):
    """What the scribe needs of a listener."""

    def ask(self, path: Path, language: str | None) -> None: ...
    def poll(self) -> Answer | None: ...
    def hold(self) -> None: ...
    def go_on(self) -> None: ...
    def close(self) -> None: ...
    def fileno(self) -> int: ...


class ListenerProcess:
    """A listener in a process of its own."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        self._answers = self._process.stdout
        os.set_blocking(self._answers.fileno(), False)
        self._come = b""
        self._over = False

    def ask(self, path: Path, language: str | None) -> None:
        """Ask for the words of one recording; the answer comes by `poll`."""
        line = json.dumps({"path": str(path), "language": language}) + "\n"
        assert self._process.stdin is not None  # noqa: S101
        # One that has just died is told of by `poll`.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()

    def poll(self) -> Answer | None:
        """The next thing that it said, or None."""
        while b"\n" not in self._come:
            # A pipe at its end gives b"", one with nothing in it None.
            part = self._answers.read(65536)
            if part is None:
                return None
            if not part:
                if self._over:
                    return None
                self._over = True
                return Ended(self._status())
            self._come += part
        line, _, self._come = self._come.partition(b"\n")
        return _answer(json.loads(line))

    def hold(self) -> None:
        """Stand still, memory kept."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Work on after `hold`."""
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        """End it at once; what it was at is lost.

        Not waited for: at its priority even dying takes seconds on a busy machine.
        `subprocess` collects it when the next one is started, or init does.
        """
        self._signal(signal.SIGKILL)
        for pipe in (self._process.stdin, self._answers):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def fileno(self) -> int:
        """The pipe on which answers come."""
        return self._answers.fileno()

    def _status(self) -> int:
        """How it ended; one that takes its time to is ended by us."""
        try:
            return self._process.wait(END_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            return -signal.SIGKILL

    def _signal(self, number: signal.Signals) -> None:
        if self._process.poll() is None:
            self._process.send_signal(number)


def start(cache: Path) -> ListenerProcess:
    """A listener whose model is kept in `cache`."""
    return ListenerProcess((sys.executable, "-m", "ivr.transcripts.listener", str(cache)))


def _answer(said: dict[str, Any]) -> Answer:
    if "missing" in said:
        return Refused(str(said["missing"]))
    if "fault" in said:
        return Failed(TranscriptFault(said["fault"]), str(said.get("detail", "")))
    if "text" in said:
        return Written(said["text"], said["engine"], said["language"], said["confidence"])
    return Ready()
