"""From kill -9 of the responder to the next caller's first sound.

    python -m bench.again_after_crash [times]

The whole line runs; its responder is killed in a call, as by a crash. Told are the seconds until
OPTIONS is answered again, and until a caller who then dials has the first packet of a prompt.
Each crash is followed by a run long enough for the supervisor to restart without a delay.
"""

import os
import signal
import socket
import statistics
import sys
import time
from pathlib import Path

from bench.key_to_answer import Caller
from bench.served import options, served

LIMIT_S = 60.0
WAIT_S = 0.02
SETTLED_S = 11.0  # after this the supervisor's delay is the shortest again


def responder_of(supervisor: int) -> int:
    """Return the process id of the supervisor's responder."""
    for children in Path(f"/proc/{supervisor}/task").glob("*/children"):
        for pid in children.read_text().split():
            if b"responder" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                return int(pid)
    raise RuntimeError("no responder runs")


def until_answered(port: int) -> None:
    """Ask by OPTIONS again and again until one is answered."""
    limit = time.monotonic() + LIMIT_S
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.bind(("127.0.0.1", 0))
        asking.settimeout(WAIT_S)
        while time.monotonic() < limit:
            asking.sendto(options(port, asking.getsockname()[1]), ("127.0.0.1", port))
            try:
                if asking.recv(4096).startswith(b"SIP/2.0 200"):
                    return
            except OSError:
                continue
    raise RuntimeError(f"no answer within {LIMIT_S} s")


def main(times: int) -> None:
    """Measure and print."""
    answered, heard = [], []
    with served(whole=True) as (port, supervisor):
        for number in range(times):
            if number:
                time.sleep(SETTLED_S)
            interrupted = Caller(port, "listen")
            killed = time.monotonic()
            os.kill(responder_of(supervisor), signal.SIGKILL)
            until_answered(port)
            answered.append(time.monotonic() - killed)
            following = Caller(port, "listen")
            following.rtp.settimeout(LIMIT_S)
            following.rtp.recv(2048)
            heard.append(time.monotonic() - killed)
            following.hang_up()
            interrupted.sip.close()
    for what, taken in (("answers again", answered), ("next caller hears", heard)):
        print(
            f"{what}: median {statistics.median(taken):.2f} s, longest {max(taken):.2f} s"
            f" of {times}; wanted 5 s"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
