"""A responder under test: started on free ports in a state folder of its own, ended by its id."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
START_LIMIT_S = 60.0


def free_port() -> int:
    """Return a UDP and TCP port that is free now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def options(port: int, own_port: int) -> bytes:
    """Return a SIP request that any user agent answers."""
    return (
        f"OPTIONS sip:line@127.0.0.1:{port} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 127.0.0.1:{own_port};branch=z9hG4bK{time.monotonic_ns()};rport\r\n"
        f"From: <sip:bench@127.0.0.1>;tag=bench\r\nTo: <sip:line@127.0.0.1:{port}>\r\n"
        f"Call-ID: {time.monotonic_ns()}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n"
        "Content-Length: 0\r\n\r\n"
    ).encode()


def wait_until_answered(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Ask until the line answers; RuntimeError where it ends or stays silent."""
    limit = time.monotonic() + START_LIMIT_S
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.bind(("127.0.0.1", 0))
        asking.settimeout(0.25)
        while time.monotonic() < limit and process.poll() is None:
            asking.sendto(options(port, asking.getsockname()[1]), ("127.0.0.1", port))
            try:
                if asking.recv(4096).startswith(b"SIP/2.0 200"):
                    return
            except OSError:
                continue
    raise RuntimeError(f"the responder did not answer (status {process.poll()})")


@contextmanager
def served(*, whole: bool = False, **settings: str) -> Iterator[tuple[int, int]]:
    """Serve the load-test flows; gives the SIP port and the process id.

    `whole` starts the voice and the desk too, and gives the id of their supervisor.
    """
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as state:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("IVR_")},
            "IVR_STATE_DIR": state,
            "IVR_SIP_HOST": "127.0.0.1",
            "IVR_SIP_PORT": str(port),
            "IVR_RTP_PORTS": "32000-59999",
            "IVR_MAX_CALLS": "5000",
            "IVR_MAX_LATE_MS": "0",
            "IVR_BENCH_FLOWS": "1",
            "IVR_LOG_LEVEL": "warning",
            "IVR_DRAIN_SECONDS": "1",
            "IVR_WEB_PORT": str(free_port()),
            **settings,
        }
        command = [sys.executable, "-m", "ivr"]
        subprocess.run([*command, "migrate", "--quiet"], env=environment, cwd=ROOT, check=True)
        only = [] if whole else ["--only", "responder"]
        process = subprocess.Popen([*command, "serve", *only], env=environment, cwd=ROOT)
        try:
            wait_until_answered(port, process)
            yield port, process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
