"""A real line for tests: `python -m ivr serve` on free ports of loopback, with the sample town."""

import json
import os
import queue
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ivr.settings import Settings, load

ROOT = Path(__file__).parents[2]
START_LIMIT_S = 180.0
STOP_LIMIT_S = 20.0
# Two lines of one test run must not share RTP ports; each worker takes its own block.
RTP_BLOCK = 400


def free_port() -> int:
    """A port that is free on UDP and TCP of loopback."""
    for _ in range(100):
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port = int(tcp.getsockname()[1])
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no port is free on both UDP and TCP")


class RunningLine:
    """One supervisor and its children; what they print is kept in `log`."""

    def __init__(self, state_dir: Path, clauses: Path, rtp_low: int, **variables: str) -> None:
        self.state_dir = state_dir
        state_dir.mkdir(parents=True, exist_ok=True)
        # Rendered once and kept between runs: a clause's key covers all it depends on.
        if not (state_dir / "clauses").exists():
            (state_dir / "clauses").symlink_to(clauses)
        self.sip_port, self.web_port = free_port(), free_port()
        own = {
            "IVR_STATE_DIR": str(state_dir),
            "IVR_SIP_HOST": "127.0.0.1",
            "IVR_SIP_PORT": str(self.sip_port),
            "IVR_WEB_PORT": str(self.web_port),
            "IVR_RTP_PORTS": f"{rtp_low}-{rtp_low + RTP_BLOCK - 1}",
            "IVR_SAMPLE_DATA": "1",
            "IVR_ADMIN_PASSWORD": "a long one for tests",
            "IVR_DRAIN_SECONDS": "1",
            "IVR_MAX_LATE_MS": "0",  # a busy machine for tests is no reason to turn calls away
            **variables,
        }
        outside = {k: v for k, v in os.environ.items() if not k.startswith(("IVR_", "LC_", "LANG"))}
        self.environment = {**outside, **own}
        self.settings: Settings = load(own, state_dir)
        self.log = state_dir / "line.log"
        self.process: subprocess.Popen[str] | None = None
        self.lines: list[str] = []

    @property
    def target(self) -> str:
        return f"sip:line@127.0.0.1:{self.sip_port}"

    def start(self, limit_s: float = START_LIMIT_S) -> float:
        """Start it; returns the seconds until it said that it answers."""
        began = time.monotonic()
        errors = self.log.open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ivr", "serve"],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        errors.close()
        said: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, args=(self.process, said), daemon=True).start()
        while True:
            line = said.get(timeout=max(0.1, began + limit_s - time.monotonic()))
            assert line is not None, f"the line did not start:\n{self.tail()}"
            if line.startswith("The line answers"):
                return time.monotonic() - began

    def _read(self, process: subprocess.Popen[str], said: "queue.Queue[str | None]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.lines.append(line.rstrip("\n"))
            said.put(line)
        said.put(None)

    def stop(self) -> int:
        """End it by its id; returns the exit status."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode

    def tail(self) -> str:
        """The end of what it printed, for a failure's report."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return "\n".join([*self.lines[-20:], *text.splitlines()[-40:]])

    def child(self, part: str) -> int:
        """The process id of one part."""
        assert self.process is not None
        for children in Path(f"/proc/{self.process.pid}/task").glob("*/children"):
            for pid in children.read_text().split():
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if part.encode() in words:
                    return int(pid)
        raise AssertionError(f"no process runs {part}:\n{self.tail()}")

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of its database, read from outside by plain SQL."""
        with closing(sqlite3.connect(f"file:{self.state_dir}/ivr.db?mode=ro", uri=True)) as reader:
            reader.row_factory = sqlite3.Row
            return [dict(row) for row in reader.execute(query, values)]

    def until_row(self, query: str, *values: Any, limit_s: float = 10.0) -> dict[str, Any]:
        """The first row, once there is one: the line writes after the caller has gone."""
        limit = time.monotonic() + limit_s
        while time.monotonic() < limit:
            found = self.rows(query, *values)
            if found:
                return found[0]
            # SQLite tells no other process of a commit; this is a poll, not a guess.
            time.sleep(0.05)
        raise AssertionError(f"no row for {query} {values}:\n{self.tail()}")

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m ivr WORDS` with this line's settings."""
        return subprocess.run(
            [sys.executable, "-m", "ivr", *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def probe(self, timeout_s: float = 5.0) -> dict[str, Any]:
        """`ivr call --probe`."""
        done = self.command("call", self.target, "--probe", "--timeout", str(timeout_s))
        found: dict[str, Any] = json.loads(done.stdout)
        assert done.returncode == (0 if found["ok"] else 1)
        return found


@contextmanager
def running(line: RunningLine) -> Iterator[RunningLine]:
    """Render what is missing, start, and stop at the end whatever happens."""
    rendered = line.command("render")
    assert rendered.returncode == 0, rendered.stderr
    try:
        line.start()
        yield line
    finally:
        line.stop()
