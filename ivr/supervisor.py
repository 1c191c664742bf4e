"""`ivr serve`: three children or four, restarted when they die, drained when asked to stop.

One thread, one selector, no polling: signals arrive through a wakeup
descriptor, "ready" and a beat a second through a pipe per child, and time only
as the selector's time-out until the next restart or the next limit. A child
that has begun to beat and stops hangs: it is told to say where (SIGABRT, see
`faulthandler`), ended, and started again. The children are processes
of their own groups, so that Ctrl-C in the terminal reaches the supervisor
alone and it decides the order: the line first (no new calls, running calls
finish up to `IVR_DRAIN_SECONDS`), then the desk and the voice. A second
signal ends everything at once.
"""

from __future__ import annotations

import enum
import logging
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ivr.lifeline import BEAT_BYTE, LIFELINE_VARIABLE, READY_BYTE, READY_VARIABLE
from ivr.service_notify import ServiceManager

log = logging.getLogger(__name__)

BAD_SETTINGS_STATUS = 2
FIRST_DELAY_S = 0.1
# A part that dies soon after each start costs its start, two seconds of a processor, as often as
# this; callers of a line that is down would rather dial again than wait for half a minute.
LONGEST_DELAY_S = 10.0
STABLE_AFTER_S = 10.0
STOP_LIMIT_S = 10.0
# Ending the responder ends every call: twenty beats missed are no busy machine any more.
HANG_LIMIT_S = 20.0
# To say where it hangs; then it is killed.
LAST_WORDS_S = 3.0
# We were away ourselves so long (a machine that was halted): nobody's silence counts.
AWAY_S = 2.0
# `timeout` and some service managers send a signal to the process and to its
# group: two of them this close together are one request.
AGAIN_AFTER_S = 0.3
# Beyond the drain limit, for the last BYEs and records to be written.
DRAIN_GRACE_S = 5.0


@dataclass(slots=True)
class Backoff:
    """How long to wait before the next restart: at once at first, then doubling.

    A child that ran for `STABLE_AFTER_S` has earned a fresh start.
    """

    delay_s: float = 0.0

    def after_run_of(self, seconds: float) -> float:
        """The delay in seconds before a child that lived `seconds` is started again."""
        if seconds >= STABLE_AFTER_S or not self.delay_s:
            self.delay_s = FIRST_DELAY_S
        else:
            self.delay_s = min(self.delay_s * 2, LONGEST_DELAY_S)
        return self.delay_s


@dataclass(frozen=True, slots=True)
class Part:
    """One child: its name, its command, and when it stops (lower first) and for how long.

    The line counts as ready without those that are `optional`.
    """

    name: str
    command: Sequence[str]
    stops: int
    stop_limit_s: float = STOP_LIMIT_S
    optional: bool = False
    renews: bool = False  # it has certificates, and looks at them on SIGHUP
    hang_limit_s: float = HANG_LIMIT_S


def parts(drain_seconds: float, *, transcripts: bool = False) -> tuple[Part, ...]:
    """The children of a line; the one that transcribes ends at once when the line is stopped."""

    def command(name: str) -> tuple[str, ...]:
        return (sys.executable, "-m", "ivr", "serve", "--only", name)

    needed = (
        Part("responder", command("responder"), 0, drain_seconds + DRAIN_GRACE_S, renews=True),
        Part("voice", command("voice"), 1),
        Part("desk", command("desk"), 1, renews=True),
    )
    if not transcripts:
        return needed
    return (*needed, Part("transcripts", command("transcripts"), 0, optional=True))


class State(enum.Enum):
    """Where a child stands."""

    RUNNING = "running"
    WAITING = "waiting to be restarted"
    HANGING = "hanging, and being ended"
    STOPPING = "stopping"
    ENDED = "ended"


@dataclass(slots=True)
class Child:
    """One part and its present process."""

    part: Part
    state: State = State.ENDED
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0  # WAITING: when to restart; STOPPING, HANGING: when to kill
    beat: float | None = None  # when it last beat; None: it has not begun to
    ready_fd: int = -1
    ready: bool = False
    backoff: Backoff = field(default_factory=Backoff)


class Supervisor:
    """Runs `parts` until told to stop; `run` returns the exit status.

    `on_ready` is called once, when every part has said for the first time that it serves;
    `manager` is told of that, of the end, and that we are alive.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        on_ready: Callable[[], None] = lambda: None,
        manager: ServiceManager | None = None,
        again_after_s: float = AGAIN_AFTER_S,
    ) -> None:
        self._children = [Child(part) for part in parts]
        self._on_ready = on_ready
        self._manager = manager or ServiceManager({})
        self._alive_due = time.monotonic()
        self._selector = selectors.DefaultSelector()
        self._lifeline_read, self._lifeline_write = os.pipe()
        self._again_after_s = again_after_s
        self._stop_asked_at: float | None = None
        self._status = 0

    def run(self) -> int:
        """Start, watch and stop the children; returns the exit status."""
        wakeup_read, wakeup_write = os.pipe()
        os.set_blocking(wakeup_read, False)
        os.set_blocking(wakeup_write, False)
        self._selector.register(wakeup_read, selectors.EVENT_READ, None)
        previous_fd = signal.set_wakeup_fd(wakeup_write)
        watched = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
        # The wakeup descriptor does the work; the handler is there so that Python takes notice.
        previous = {number: signal.signal(number, lambda *_: None) for number in watched}
        try:
            for child in self._children:
                self._start(child)
            while any(child.state is not State.ENDED for child in self._children):
                self._wait(wakeup_read)
        finally:
            signal.set_wakeup_fd(previous_fd)
            for number, handler in previous.items():
                signal.signal(number, handler)
            self._kill_all()
            self._selector.close()
            for descriptor in (
                wakeup_read,
                wakeup_write,
                self._lifeline_read,
                self._lifeline_write,
            ):
                os.close(descriptor)
        return self._status

    def _wait(self, wakeup_read: int) -> None:
        now = time.monotonic()
        due = min(self._dues(), default=None)
        ready = self._selector.select(None if due is None else max(0.0, due - now))
        if due is not None and time.monotonic() - max(due, now) > AWAY_S:
            for child in self._children:
                child.beat = child.beat and time.monotonic()
        for key, _ in ready:
            if key.data is None:
                for number in os.read(wakeup_read, 512):
                    if number == signal.SIGHUP and not sys.stdin.isatty():
                        self._renew_asked()
                    elif number != signal.SIGCHLD:
                        self._stop_asked(signal.Signals(number))
            else:
                self._heard_from(key.data)
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                self._ended(child, child.process.returncode)
        self._keep_times(time.monotonic())

    def _dues(self) -> list[float]:
        """The times at which something is to be done though nothing happens."""
        found = [
            child.due
            for child in self._children
            if child.state in (State.WAITING, State.STOPPING, State.HANGING)
        ]
        found += [
            child.beat + child.part.hang_limit_s
            for child in self._children
            if child.state is State.RUNNING and child.beat is not None
        ]
        if self._manager.alive_every_s is not None:
            found.append(self._alive_due)
        return found

    def _keep_times(self, now: float) -> None:
        if self._manager.alive_every_s is not None and self._alive_due <= now:
            self._manager.alive()
            self._alive_due = now + self._manager.alive_every_s
        for child in self._children:
            if child.state is State.WAITING and child.due <= now:
                self._start(child)
            elif child.state is State.STOPPING and child.due <= now:
                log.warning("%s did not stop in time and is killed", child.part.name)
                self._signal(child, signal.SIGKILL)
                child.due = now + STOP_LIMIT_S
            elif child.state is State.HANGING and child.due <= now:
                self._signal(child, signal.SIGKILL)
                child.due = now + STOP_LIMIT_S
            elif (
                child.state is State.RUNNING
                and child.beat is not None
                and now - child.beat >= child.part.hang_limit_s
            ):
                self._hangs(child, now)
        if self._stop_asked_at is not None or self._status:
            self._stop_next()

    def _hangs(self, child: Child, now: float) -> None:
        log.error(
            "%s has given no sign of life for %.0f s: it says where it hangs, is ended and "
            "started again",
            child.part.name,
            now - (child.beat or now),
        )
        child.state, child.due = State.HANGING, now + LAST_WORDS_S
        if child.process is not None:
            child.process.send_signal(signal.SIGABRT)

    def _start(self, child: Child) -> None:
        ready_read, ready_write = os.pipe()
        environment = dict(os.environ)
        environment[LIFELINE_VARIABLE] = str(self._lifeline_read)
        environment[READY_VARIABLE] = str(ready_write)
        try:
            child.process = subprocess.Popen(
                child.part.command,
                stdin=subprocess.DEVNULL,
                env=environment,
                pass_fds=(self._lifeline_read, ready_write),
                process_group=0,
            )
        finally:
            os.close(ready_write)
        child.state = State.RUNNING
        child.beat = None
        child.started = time.monotonic()
        child.ready_fd = ready_read
        self._selector.register(ready_read, selectors.EVENT_READ, child)
        log.debug("%s started as process %d", child.part.name, child.process.pid)

    def _heard_from(self, child: Child) -> None:
        said = os.read(child.ready_fd, 512)
        if not said:
            self._forget_ready_pipe(child)
            child.beat = None
            return
        if BEAT_BYTE in said:
            child.beat = time.monotonic()
        if READY_BYTE not in said or child.ready:
            return
        child.ready = True
        if child.part.optional:
            return
        if all(c.ready for c in self._children if not c.part.optional):
            self._on_ready()
            self._manager.ready()

    def _forget_ready_pipe(self, child: Child) -> None:
        if child.ready_fd >= 0:
            self._selector.unregister(child.ready_fd)
            os.close(child.ready_fd)
            child.ready_fd = -1

    def _ended(self, child: Child, status: int) -> None:
        now = time.monotonic()
        # What the child itself started goes with it.
        self._signal(child, signal.SIGKILL)
        child.process = None
        self._forget_ready_pipe(child)
        if child.state is State.STOPPING or self._stop_asked_at is not None or self._status:
            child.state = State.ENDED
            return
        if status == BAD_SETTINGS_STATUS:
            # It has said in one line what is wrong; starting it again would say it again.
            self._status = BAD_SETTINGS_STATUS
            child.state = State.ENDED
            return
        delay_s = child.backoff.after_run_of(now - child.started)
        child.state, child.due = State.WAITING, now + delay_s
        log.warning(
            "%s ended (%s) and is started again in %.1f s",
            child.part.name,
            f"signal {-status}" if status < 0 else f"status {status}",
            delay_s,
        )

    def _renew_asked(self) -> None:
        """Certificates are new: each part that has one looks at it.

        From a terminal the same signal says that the terminal has gone, and ends the line.
        """
        log.info("SIGHUP: certificates are looked at again")
        for child in self._children:
            if child.process is None or child.state is not State.RUNNING:
                continue
            if child.ready and child.part.renews:
                os.kill(child.process.pid, signal.SIGHUP)

    def _stop_asked(self, number: signal.Signals) -> None:
        now = time.monotonic()
        if self._stop_asked_at is None:
            self._stop_asked_at = now
            log.info("%s: no new calls; running calls may finish", number.name)
            limits = {child.part.stops: child.part.stop_limit_s for child in self._children}
            self._manager.stopping(sum(limits.values()) + STOP_LIMIT_S)
        elif now - self._stop_asked_at >= self._again_after_s:
            log.warning("%s again: ending at once", number.name)
            self._kill_all()

    def _stop_next(self) -> None:
        """Stop the parts whose turn it is: all of one rank together, ranks in order."""
        for child in self._children:
            if child.state is State.WAITING:
                child.state = State.ENDED
        alive = [c for c in self._children if c.state is not State.ENDED]
        if not alive:
            return
        rank = min(child.part.stops for child in alive)
        for child in alive:
            if child.part.stops == rank and child.state is State.RUNNING:
                child.state = State.STOPPING
                child.due = time.monotonic() + child.part.stop_limit_s
                self._signal(child, signal.SIGTERM)

    def _kill_all(self) -> None:
        for child in self._children:
            self._signal(child, signal.SIGKILL)

    @staticmethod
    def _signal(child: Child, number: signal.Signals) -> None:
        """Send to the child's whole group; gone already is as good."""
        if child.process is None:
            return
        try:
            os.killpg(child.process.pid, number)
        except ProcessLookupError:
            pass
