"""The supervisor with small children: restart, drain, second signal, orphans, bad settings."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
from contextlib import suppress
from pathlib import Path

import pytest

from ivr.supervisor import FIRST_DELAY_S, LONGEST_DELAY_S, STABLE_AFTER_S, Backoff, parts

ROOT = Path(__file__).parents[2]
LIMIT_S = 20.0
START_LIMIT_S = 120.0  # of a Python on a machine that does much else

CHILD = r"""
import os, signal, sys
from ivr.lifeline import announce_ready, end_with_supervisor, keep_beating
end_with_supervisor()
name, behaviour = sys.argv[1:]
def say(*words):
    # One write a line: several children share the pipe, and print may write word by word.
    os.write(1, (" ".join(map(str, words)) + "\n").encode())
def stop(*_):
    say(name, "stops")
    if behaviour != "stubborn":
        sys.exit(0)
signal.signal(signal.SIGTERM, stop)
if behaviour == "renews":
    signal.signal(signal.SIGHUP, lambda *_: say(name, "renewed"))
if behaviour == "misset":
    print("IVR_X=1: mend it", file=sys.stderr, flush=True)
    sys.exit(2)
if behaviour == "dies":
    sys.exit(1)
say(name, "runs", os.getpid())
announce_ready()
if behaviour in ("beats", "hangs", "deaf"):
    import faulthandler, sched
    clock = sched.scheduler()
    keep_beating(lambda after, do: clock.enter(0.01, 0, do))
    if behaviour == "deaf":
        signal.signal(signal.SIGABRT, signal.SIG_IGN)
    elif behaviour == "hangs":
        faulthandler.enable(1)
    def hang():
        while True:
            pass
    if behaviour != "beats":
        clock.enter(0.05, 0, hang)
    clock.run()
while True:
    signal.pause()
"""

SUPERVISOR = """
import os, sys
from ivr import supervisor
from ivr.supervisor import Part, Supervisor
supervisor.LAST_WORDS_S = {last_words_s}
child = {child!r}
parts = [
    Part(
        name,
        (sys.executable, "-c", child, name, behaviour),
        rank,
        limit,
        optional=name == "optional",
        renews=behaviour == "renews",
        hang_limit_s={hang_limit_s},
    )
    for name, behaviour, rank, limit in {parts!r}
]
ready = lambda: os.write(1, b"ready\\n")
manager = supervisor.ServiceManager()
sys.exit(Supervisor(parts, on_ready=ready, manager=manager, again_after_s={again_after_s}).run())
"""


class Running:
    """A supervisor process whose lines are read as they come."""

    def __init__(
        self,
        *parts: tuple[str, str, int, float],
        again_after_s: float,
        hang_limit_s: float,
        last_words_s: float,
        environment: dict[str, str],
    ) -> None:
        script = SUPERVISOR.format(
            child=textwrap.dedent(CHILD),
            parts=list(parts),
            again_after_s=again_after_s,
            hang_limit_s=hang_limit_s,
            last_words_s=last_words_s,
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", script],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | environment,
        )
        self.lines: list[str] = []

    def read_until(self, *wanted: str) -> None:
        """Read lines until each of the wanted beginnings has been seen."""
        missing = set(wanted)
        while missing:
            line = self.process.stdout.readline()
            assert line, f"ended before {missing}; saw {self.lines}"
            self.lines.append(line.strip())
            missing -= {word for word in missing if line.startswith(word)}

    def pid_of(self, name: str) -> int:
        return int([line for line in self.lines if line.startswith(f"{name} runs")][-1].split()[-1])

    def rest(self) -> list[str]:
        output, _ = self.process.communicate(timeout=LIMIT_S)
        return output.splitlines()


@pytest.fixture
def start():
    started: list[Running] = []

    def start(
        *parts: tuple[str, str, int, float],
        again_after_s: float = 0.0,
        hang_limit_s: float = 600.0,
        last_words_s: float = 600.0,
        **environment: str,
    ) -> Running:
        started.append(
            Running(
                *parts,
                again_after_s=again_after_s,
                hang_limit_s=hang_limit_s,
                last_words_s=last_words_s,
                environment=environment,
            )
        )
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()


def ended(pid: int) -> bool:
    """Wait for a process that is not our child to be gone."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    import select

    try:
        return bool(select.select([watched], [], [], LIMIT_S)[0])
    finally:
        os.close(watched)


def test_it_says_ready_when_every_part_has(start):
    running = start(("a", "good", 0, 5.0), ("b", "good", 1, 5.0))
    running.read_until("ready")
    assert {line.split()[0] for line in running.lines[:-1]} == {"a", "b"}


def test_what_is_optional_is_started_and_not_waited_for(start):
    running = start(("a", "good", 0, 5.0), ("optional", "dies", 0, 5.0))
    running.read_until("ready")
    assert any(line.startswith("a ") for line in running.lines)


def test_what_transcribes_is_a_part_only_where_asked_for_and_stops_with_the_first():
    assert [part.name for part in parts(60.0)] == ["responder", "voice", "desk"]
    scribe = parts(60.0, transcripts=True)[-1]
    assert (scribe.name, scribe.optional) == ("transcripts", True)
    assert scribe.stops == min(part.stops for part in parts(60.0))


def test_a_killed_child_is_started_again_and_the_other_left_alone(start):
    running = start(("a", "good", 0, 5.0), ("b", "good", 1, 5.0))
    running.read_until("ready")
    first = running.pid_of("a")
    os.kill(first, signal.SIGKILL)
    running.read_until("a runs")
    assert running.pid_of("a") != first
    assert sum(line.startswith("b runs") for line in running.lines) == 1


def test_a_signal_stops_the_parts_in_their_order_and_ends_with_status_0(start):
    running = start(("b", "good", 1, 5.0), ("a", "good", 0, 5.0))
    running.read_until("ready")
    running.process.send_signal(signal.SIGTERM)
    assert running.rest() == ["a stops", "b stops"]
    assert running.process.returncode == 0


def test_a_second_signal_ends_what_is_still_draining(start):
    running = start(("a", "stubborn", 0, 600.0), ("b", "good", 1, 600.0))
    running.read_until("ready")
    running.process.send_signal(signal.SIGTERM)
    running.read_until("a stops")
    running.process.send_signal(signal.SIGTERM)
    assert "b stops" not in running.rest()
    assert running.process.returncode == 0


def test_the_same_signal_to_the_process_and_to_its_group_is_one_request(start):
    running = start(("a", "good", 0, 5.0), ("b", "good", 1, 5.0), again_after_s=600.0)
    running.read_until("ready")
    running.process.send_signal(signal.SIGTERM)
    running.process.send_signal(signal.SIGTERM)
    assert running.rest() == ["a stops", "b stops"]


def test_a_child_that_does_not_stop_within_its_limit_is_killed(start):
    running = start(("a", "stubborn", 0, 0.2))
    running.read_until("ready")
    running.process.send_signal(signal.SIGINT)
    assert running.rest() == ["a stops"]
    assert running.process.returncode == 0


def test_a_child_with_bad_settings_stops_all_with_status_2(start):
    running = start(("a", "good", 0, 5.0), ("b", "misset", 1, 5.0))
    running.rest()
    assert running.process.returncode == 2


def test_children_end_when_the_supervisor_is_killed(start):
    running = start(("a", "stubborn", 0, 5.0), ("b", "good", 1, 5.0))
    running.read_until("ready", "a runs", "b runs")
    pids = [running.pid_of("a"), running.pid_of("b")]
    running.process.kill()
    running.process.wait()
    assert all(ended(pid) for pid in pids)


def test_the_delay_doubles_up_to_a_limit_and_is_forgotten_after_a_stable_run():
    backoff = Backoff()
    delays = [backoff.after_run_of(0.1) for _ in range(12)]
    assert delays[0] == FIRST_DELAY_S
    assert delays[1] == 2 * FIRST_DELAY_S
    assert delays[-1] == LONGEST_DELAY_S
    assert backoff.after_run_of(STABLE_AFTER_S) == FIRST_DELAY_S


def test_a_hang_up_signal_without_a_terminal_is_for_the_parts_that_have_certificates(start):
    running = start(("a", "renews", 0, 5.0), ("b", "good", 1, 5.0))
    running.read_until("ready")
    running.process.send_signal(signal.SIGHUP)
    running.read_until("a renewed")  # b, which does not know the signal, would have ended by it
    running.process.send_signal(signal.SIGTERM)
    assert {"a stops", "b stops"} <= set(running.rest())
    assert running.process.returncode == 0


def test_a_child_that_hangs_says_where_and_is_started_again_and_the_other_left_alone(start):
    running = start(("a", "hangs", 0, 5.0), ("b", "good", 1, 5.0), hang_limit_s=1.0)
    running.read_until("ready")
    first = running.pid_of("a")
    running.read_until("a runs")
    assert running.pid_of("a") != first
    assert ended(first)
    assert any("in hang" in line for line in running.lines), "where it hung"
    assert sum(line.startswith("b runs") for line in running.lines) == 1


def test_one_that_hangs_and_does_not_listen_is_killed(start):
    running = start(("a", "deaf", 0, 5.0), hang_limit_s=1.0, last_words_s=0.2)
    running.read_until("ready")
    first = running.pid_of("a")
    running.read_until("a runs")
    assert running.pid_of("a") != first
    assert ended(first)


def test_who_beats_is_left_alone_and_who_never_began_to_is_not_watched(start):
    # The third hangs once it is there: what it takes to be found out has passed for all three.
    running = start(
        ("a", "beats", 0, 5.0), ("b", "good", 0, 5.0), ("c", "hangs", 0, 5.0), hang_limit_s=5.0
    )
    running.read_until("ready")
    running.read_until("c runs")
    assert sum(line.startswith(("a runs", "b runs")) for line in running.lines) == 2


class Ear:
    """The service manager: the socket that $NOTIFY_SOCKET names."""

    def __init__(self, folder: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(folder / "notify"))
        self.socket.settimeout(START_LIMIT_S)
        self.heard: list[list[str]] = []

    def drain(self) -> None:
        self.socket.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                self.socket.recv(4096)

    def until(self, wanted: str) -> list[str]:
        while True:
            self.heard.append(self.socket.recv(4096).decode().splitlines())
            if wanted in self.heard[-1]:
                return self.heard[-1]


def test_systemd_is_told_when_the_line_answers_that_it_is_watched_and_when_it_stops(
    start, tmp_path
):
    ear = Ear(tmp_path)
    running = start(
        ("a", "good", 0, 5.0),
        ("b", "good", 1, 7.0),
        NOTIFY_SOCKET=str(tmp_path / "notify"),
        WATCHDOG_USEC="200000",
    )
    ear.until("READY=1")
    running.read_until("ready")
    for _ in range(3):
        ear.until("WATCHDOG=1")
    running.process.send_signal(signal.SIGTERM)
    said = ear.until("STOPPING=1")
    assert "EXTEND_TIMEOUT_USEC=22000000" in said
    running.rest()
    assert running.process.returncode == 0


def test_a_supervisor_that_hangs_says_nothing_to_systemd(start, tmp_path):
    ear = Ear(tmp_path)
    running = start(
        ("a", "good", 0, 5.0), NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="200000"
    )
    ear.until("READY=1")
    ear.until("WATCHDOG=1")
    running.process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, running.process.pid, os.WSTOPPED)
    ear.drain()  # what was said before
    ear.socket.settimeout(0.5)
    with pytest.raises(TimeoutError):
        ear.socket.recv(4096)
    running.process.send_signal(signal.SIGCONT)
