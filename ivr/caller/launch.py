"""Starting the caller's process and reading what it tells.

`place` runs one scripted call and hands each event on as it comes; `probe`
is the short call of a monitoring system.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_STOP_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class CallPlan:
    """What `ivr call` was asked to do."""

    target: str
    keys: str = ""
    record: Path | None = None
    duration_s: float | None = None
    timeout_s: float = 10.0
    caller: str = ""
    play: Path | None = None
    play_at_s: float = 0.0
    probe: bool = False

    def arguments(self) -> Sequence[str]:
        """The command line of the process; flag and value are one word each, so that no
        value can be taken for a flag."""
        words = [f"--keys={self.keys}", f"--timeout={self.timeout_s}", f"--caller={self.caller}"]
        if self.record is not None:
            words.append(f"--record={self.record.absolute()}")
        if self.duration_s is not None:
            words.append(f"--duration={self.duration_s}")
        if self.play is not None:
            words += [f"--play={self.play.absolute()}", f"--play-at={self.play_at_s}"]
        if self.probe:
            words.append("--probe")
        return (*words, "--", self.target)


def place(plan: CallPlan) -> Iterator[dict[str, Any]]:
    """Run the call; yields its events. The last is `end`, or `error` where none was placed."""
    # Found whatever the working folder is: the project need not be installed.
    paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    process = subprocess.Popen(
        [sys.executable, "-m", "ivr.caller", *plan.arguments()],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert process.stdout is not None  # noqa: S101 - asked for above
    last: dict[str, Any] = {}
    try:
        for line in process.stdout:
            last = json.loads(line)
            yield last
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(_STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if last.get("event") not in ("end", "error"):
        yield {"event": "error", "reason": f"the caller's process ended ({process.returncode})"}


def probe(target: str, *, timeout_s: float) -> dict[str, Any]:
    """One short call: `ok`, `answer_ms`, `first_packet_ms`, `first_audio_ms`, `how`."""
    plan = CallPlan(target, timeout_s=timeout_s, duration_s=timeout_s, probe=True)
    last = list(place(plan))[-1]
    kept = ("answer_ms", "first_packet_ms", "first_audio_ms")
    return {
        "ok": bool(last.get("ok")),
        "target": target,
        "how": last.get("how") or last.get("reason"),
        **{name: last.get(name) for name in kept},
    }


def described(event: dict[str, Any]) -> str:
    """An event as a line for people."""
    rest = " ".join(
        f"{name}={value}" for name, value in event.items() if name not in ("t", "event")
    )
    return f"{event.get('t', 0.0):7.2f} s  {event['event']}  {rest}".rstrip()
