"""A PJSIP telephone in a process of its own, commanded by a test."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.line.heard import Samples

SCRIPT = Path(__file__).parent / "callers" / "pjsip_phone.py"


class PjsipPhone:
    """`refer`: what it answers to a REFER; `answers`: what to a call."""

    def __init__(
        self,
        folder: Path,
        number: str,
        *,
        port: int = 0,
        refer: int = 202,
        answers: int = 200,
        **more: object,
    ) -> None:
        self.wav = folder / f"{number}.wav"
        self.errors = (folder / f"{number}.log").open("wb")
        given = {"number": number, "port": port, "refer": refer, "answers": answers, **more}
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), json.dumps({**given, "heard": str(self.wav)})],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )
        self.told: list[dict[str, Any]] = []
        self._read_to = 0
        self._changed = threading.Condition()
        threading.Thread(target=self._run, daemon=True).start()
        self.until(lambda told: told.get("ready"), "PJSIP to start")

    def _run(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{"):
                with self._changed:
                    self.told.append(json.loads(line))
                    self._changed.notify_all()

    def do(self, **what: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def until(
        self, matches: Callable[[dict[str, Any]], Any], what: str, limit_s: float = 15.0
    ) -> dict[str, Any]:
        """The next thing told that matches; what was waited for before is passed over."""

        def look() -> int:
            for place in range(self._read_to, len(self.told)):
                if matches(self.told[place]):
                    return place + 1
            return 0

        with self._changed:
            place = self._changed.wait_for(look, limit_s)
            assert place, f"PJSIP waited {limit_s} s for {what}: {self.told}"
            self._read_to = place
            return self.told[place - 1]

    def until_state(self, state: str) -> dict[str, Any]:
        return self.until(lambda told: told.get("state") == state, state)

    def heard(self) -> Samples:
        """What it has heard so far: PJSIP writes four times a second, and the header last."""
        written = self.wav.read_bytes()[44:] if self.wav.exists() else b""
        return np.frombuffer(written[: len(written) // 2 * 2], "<i2").astype(np.float64)

    def _end(self) -> None:
        if self.process.poll() is None:
            self.do(quit=True)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.errors.close()

    def __enter__(self) -> "PjsipPhone":
        return self

    def __exit__(self, *_exc: object) -> None:
        self._end()
