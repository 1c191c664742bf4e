"""The responder alone, for tests that need it set up in their own way, started in two seconds."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from ivr.serving import open_database
from tests.line import wire
from tests.line.harness import ROOT, RTP_BLOCK, START_LIMIT_S, RunningLine
from tests.line.jobs import Town

_blocks = count()  # the first three blocks of a worker are those of other tests


LANGUAGE = "zh-CN"  # what is spoken to callers who choose none
_migrating = threading.Lock()  # Alembic's context is one for the whole process


class Responder(RunningLine):
    """`python -m ivr serve --only responder`; `start` returns once it answers OPTIONS."""

    def __init__(
        self, folder: Path, clauses: Path, rtp_low: int, *, toml: str = "", **variables: str
    ) -> None:
        low = rtp_low + (3 + next(_blocks) % 6) * RTP_BLOCK
        super().__init__(folder / "var", clauses, low, **variables)
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ivr.toml").write_text(toml, encoding="utf-8")
        self.environment["PYTHONPATH"] = str(ROOT)
        self.host = "::1" if ":" in self.environment["IVR_SIP_HOST"] else "127.0.0.1"

    def start(self) -> float:
        began = time.monotonic()
        with _migrating:
            open_database(self.settings, datetime.now(UTC))
        with self.log.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ivr", "serve", "--only", "responder"],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                text=True,
            )
        while options(self.host, self.sip_port) != 200:
            assert self.process.poll() is None, f"the responder ended:\n{self.tail()}"
            assert time.monotonic() - began < START_LIMIT_S, self.tail()
        return time.monotonic() - began

    def terminate(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)

    def sockets(self) -> int:
        """Open sockets of the process."""
        assert self.process is not None
        found = 0
        for descriptor in Path(f"/proc/{self.process.pid}/fd").iterdir():
            try:
                found += os.readlink(descriptor).startswith("socket:")
            except OSError:
                continue
        return found


def options(host: str, port: int, wait_s: float = 0.2) -> int:
    """The status of an OPTIONS; 0 where nobody answers in time."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as udp:
        udp.bind(("::1" if ":" in host else "127.0.0.1", 0))
        own = udp.getsockname()[1]
        bare = f"[{host}]" if ":" in host else host
        udp.settimeout(wait_s)
        fields = [
            ("Via", f"SIP/2.0/UDP {bare}:{own};branch=z9hG4bK{time.monotonic_ns()};rport"),
            ("From", f"<sip:probe@{bare}>;tag=1"),
            ("To", f"<sip:line@{bare}>"),
            ("Call-ID", f"{time.monotonic_ns()}@probe"),
            ("CSeq", "1 OPTIONS"),
            ("Max-Forwards", "70"),
        ]
        try:
            udp.sendto(wire.write(f"OPTIONS sip:line@{bare} SIP/2.0", fields), (host, port))
            return wire.read(udp.recv(65535)).status
        except OSError:
            time.sleep(0.02)  # refused at once: the port is not open yet
            return 0


def rendered_town(served: Responder, *numbers: str) -> Town:
    """What it should say; what varies is rendered here and now, for it has no voice of its own."""
    town = Town(served.settings)
    found = town.lookup("bills.find", LANGUAGE, account="880123")
    town.clips("bill_found", LANGUAGE, found)
    for number in numbers:
        town.clips("complaint_check_number", LANGUAGE, {"phone": number})
        town.clips("message_check_number", LANGUAGE, {"phone": number})
    return town


@contextmanager
def responder(
    folder: Path, clauses: Path, rtp_low: int, *, toml: str = "", **variables: str
) -> Iterator[Responder]:
    """Start one and stop it, whatever happens."""
    one = Responder(folder, clauses, rtp_low, toml=toml, **variables)
    try:
        one.start()
        yield one
    finally:
        one.stop()
