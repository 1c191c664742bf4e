"""Kamailio with rtpengine in front of a line, as an operator would set them up.

Both are ordinary processes on free ports of an address of loopback that neither the callers nor
the line have, so that what went past them would show. rtpengine carries the sound in user space.
"""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from tests.line.responder import options

HOST = "127.0.0.3"
CONFIG = Path(__file__).parent / "proxy" / "kamailio.cfg"
MODULES = Path("/usr/lib/x86_64-linux-gnu/kamailio/modules")
START_LIMIT_S = 30.0
STOP_LIMIT_S = 10.0
MISSING = [name for name in ("kamailio", "rtpengine") if shutil.which(name) is None]


class Front:
    """The two processes; `target` is what callers dial."""

    def __init__(self, folder: Path, line_port: int, rtp_low: int) -> None:
        self.folder = folder
        self.sip_port, self._control = _free_port(), _free_port()
        self._rtp = (rtp_low, rtp_low + 199)
        self._line_port = line_port
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def target(self) -> str:
        return f"sip:line@{HOST}:{self.sip_port}"

    def start(self) -> None:
        """rtpengine first: Kamailio asks for it once as it starts."""
        low, high = self._rtp
        self._run(
            *("rtpengine", "--config-file=none", "--table=-1", f"--interface={HOST}"),
            *(f"--listen-ng={HOST}:{self._control}", f"--port-min={low}", f"--port-max={high}"),
            *("--foreground", "--log-stderr", "--log-level=6", "--num-threads=2"),
            "--delete-delay=300",  # so that it can still be asked what it carried
        )
        self._until(lambda: self.ask("ping") is not None, "rtpengine")
        written = CONFIG.read_text(encoding="utf-8")
        for name, value in {
            "MODULES": str(_modules()),
            "PROXY": f"{HOST}:{self.sip_port}",
            "ENGINE": f"{HOST}:{self._control}",
            "LINE": f"127.0.0.1:{self._line_port}",
        }.items():
            written = written.replace(f"@{name}@", value)
        config = self.folder / "kamailio.cfg"
        config.write_text(written, encoding="utf-8")
        self._run(
            *("kamailio", "-f", str(config), "-DD", "-E", "-m", "32", "-M", "4"),
            *("-w", str(self.folder), "-Y", str(self.folder)),
        )
        self._until(lambda: options(HOST, self.sip_port) == 200, "Kamailio")

    def _run(self, *command: str) -> None:
        with (self.folder / f"{command[0]}.log").open("wb") as log:
            self._processes.append(
                subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder
                )
            )

    def _until(self, ready: Callable[[], bool], what: str) -> None:
        limit = time.monotonic() + START_LIMIT_S
        while not ready():
            assert self._processes[-1].poll() is None, f"{what} ended:\n{self.tail()}"
            assert time.monotonic() < limit, f"{what} does not answer:\n{self.tail()}"

    def ask(self, command: str, **given: str) -> bytes | None:
        """What rtpengine says to a command of its control protocol; None where it is silent."""
        words = {"command": command, **{name.replace("_", "-"): v for name, v in given.items()}}
        text = "".join(f"{len(w)}:{w}" for pair in sorted(words.items()) for w in pair)
        with socket.socket(type=socket.SOCK_DGRAM) as udp:
            udp.bind((HOST, 0))
            udp.settimeout(0.3)
            try:
                # A cookie that was there before is answered as before.
                udp.sendto(f"{uuid4().hex} d{text}e".encode(), (HOST, self._control))
                return udp.recv(65535)
            except OSError:
                time.sleep(0.02)  # refused at once: the port is not open yet
                return None

    def carried(self, call_id: str) -> int:
        """RTP packets that rtpengine has carried in a call, both ways together."""
        told = self.ask("query", call_id=call_id) or b""
        totals = re.search(rb"6:totalsd3:RTPd.*?7:packetsi(\d+)e", told)
        return int(totals[1]) if totals else 0

    def tail(self) -> str:
        """The end of what both printed, for a failure's report."""
        logs = [self.folder / "rtpengine.log", self.folder / "kamailio.log"]
        texts = [log.read_text(errors="replace") for log in logs if log.exists()]
        return "\n".join("\n".join(text.splitlines()[-40:]) for text in texts)

    def stop(self) -> None:
        """End both by their ids."""
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def fronted(folder: Path, line_port: int, rtp_low: int) -> Iterator[Front]:
    """Start both, and stop them whatever happens."""
    front = Front(folder, line_port, rtp_low)
    try:
        front.start()
        yield front
    finally:
        front.stop()


def _modules() -> Path:
    if MODULES.is_dir():
        return MODULES
    return next(Path("/usr").glob("lib*/**/kamailio/modules"), MODULES)


def _free_port() -> int:
    """A port that is free on UDP and TCP of the front's address."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind((HOST, 0))
            port = int(tcp.getsockname()[1])
            try:
                udp.bind((HOST, port))
            except OSError:
                continue
            return port
