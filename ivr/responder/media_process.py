"""The media process as the responder sees it: started, listened to, started again when it dies.

Its state is the legs' (`ivr.media.remote`); here are the pair of sockets on the reactor and the
life of the process. It is taken for dead when the socket closes or when it has said nothing for
five seconds, though it should twice a second (until its first word it has longer: a busy machine
starts it slowly): then it is killed and a successor gets every call. Nobody waits for its death on
the reactor: a process whose thread hangs on a disk dies when the disk lets it.
The first restart is at once; one that dies young is waited for a little longer each time.
"""

import logging
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from twisted.internet.interfaces import IReadWriteDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from ivr import logs
from ivr.media.remote import RemoteEngine
from ivr.media.wire import Wire, WireClosed
from ivr.responder.ticker import Deadlines

SILENCE_S: Final = 5.0
START_LIMIT_S: Final = 30.0
LET_DIE_S: Final = 2.0
"""How long a successor waits for the one before to be gone: both would write the recordings."""
STABLE_AFTER_S: Final = 10.0
FIRST_DELAY_S: Final = 0.2
LONGEST_DELAY_S: Final = 5.0
STOP_LIMIT_S: Final = 6.0
_CHECK_EVERY_S: Final = 0.5
_LOOK_AGAIN_S: Final = 0.02

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pulse:
    """How late the media's ticks were: over half a minute, and (`late_ms`) over the last second."""

    p50_ms: float = 0.0
    p99_ms: float = 0.0
    late_ms: float = 0.0
    missed: int = 0


@implementer(IReadWriteDescriptor)
class MediaProcess:
    """The process, its socket and the engine that speaks through it."""

    def __init__(
        self,
        reactor: Any,
        deadlines: Deadlines,
        ports: range,
        *,
        entropy: Callable[[int], bytes],
        silent_after_s: float,
        log_format: logs.Format = "text",
    ) -> None:
        self._reactor = reactor
        self._log_format = log_format
        self._deadlines = deadlines
        self._silent_after_s = silent_after_s
        self.engine = RemoteEngine(
            ports, entropy=entropy, wake=self._wake, monotonic=time.monotonic
        )
        self.pulse = Pulse()
        """What was last heard of its ticks."""
        self.restarts = 0
        self.on_pulse: Callable[[Pulse], None] = lambda pulse: None
        self._process: subprocess.Popen[bytes] | None = None
        self._wire: Wire | None = None
        self._woken = False
        self._writing = False
        self._began_s = 0.0
        self._heard_s = 0.0
        self._heard = False
        self._delay_s = 0.0
        self._dying: list[subprocess.Popen[bytes]] = []
        self._died_s = 0.0
        self._stopping = False

    @property
    def running(self) -> bool:
        """Whether there is a process."""
        return self._wire is not None

    @property
    def silent_s(self) -> float:
        """Seconds since it last said something; 0 while it has not begun to."""
        return time.monotonic() - self._heard_s if self._heard else 0.0

    @property
    def pid(self) -> int | None:
        """The process's number; None while there is none."""
        return None if self._process is None else self._process.pid

    # --- life
    def start(self) -> None:
        """Start the process; legs opened before it serves wait for it."""
        self._spawn()
        self._check()

    def stop(self) -> None:
        """End the process; what it still has to tell (recordings, figures) is told first."""
        self._stopping = True
        wire = self._wire
        if wire is None:
            return
        self.engine.close_all()
        wire.say("end")
        self._detach()
        limit_s = time.monotonic() + STOP_LIMIT_S
        try:
            while True:
                wire.send()
                left_s = limit_s - time.monotonic()
                if left_s <= 0:
                    break
                _wait(wire, left_s)
                for message in wire.receive():
                    self._take(message)
        except WireClosed:
            pass  # it has said all there was
        self._reap(left_s=max(0.0, limit_s - time.monotonic()))
        self.engine.lost()

    def _spawn(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        command = [
            sys.executable,
            "-m",
            "ivr.media.process",
            str(theirs.fileno()),
            str(self._silent_after_s),
            logging.getLevelName(logging.getLogger().getEffectiveLevel()),
            self._log_format,
        ]
        try:
            self._process = subprocess.Popen(
                command, pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL
            )
        except OSError as error:
            log.error("The sound's process cannot be started: %s", error)
            ours.close()
            self._again()
            return
        finally:
            theirs.close()
        self._began_s = self._heard_s = time.monotonic()
        self._wire = Wire(ours)
        self._writing = self._heard = False
        self._reactor.addReader(self)
        self.engine.begin(self._wire)

    def _detach(self) -> None:
        self._reactor.removeReader(self)
        self._reactor.removeWriter(self)
        self._wire = None
        self._writing = False

    def _died(self, why: str) -> None:
        wire, process = self._wire, self._process
        if wire is None:
            return
        self._detach()
        wire.close()
        if process is not None:
            process.kill()  # where it has not ended already
            self._dying.append(process)
            self._process = None
        self._died_s = time.monotonic()
        self.engine.lost()
        if self._stopping:
            return
        log.error(
            "The sound's process is gone (%s); %d calls are handed to a new one",
            why,
            self.engine.legs,
        )
        self.restarts += 1
        if time.monotonic() - self._began_s >= STABLE_AFTER_S:
            self._delay_s = 0.0
        self._again()

    def _again(self) -> None:
        delay_s = self._delay_s
        self._delay_s = min(max(2 * delay_s, FIRST_DELAY_S), LONGEST_DELAY_S)
        # Never within the turn that found it dead: who called us may be in the middle of a word.
        # And not by the reactor's clock, which stands still where the wall clock is set back.
        due_s = self._deadlines.now + max(delay_s, _LOOK_AGAIN_S)
        self._deadlines.at(due_s, self._begin_again)

    def _begin_again(self) -> None:
        if self._stopping or self._wire is not None:
            return
        self._bury()
        if self._dying and time.monotonic() - self._died_s < LET_DIE_S:
            self._deadlines.at(self._deadlines.now + _LOOK_AGAIN_S, self._begin_again)
        else:
            self._spawn()

    def _bury(self) -> None:
        for process in self._dying:
            if process.poll() is not None:
                log.info("The sound's process before ended with status %s", process.returncode)
        self._dying = [process for process in self._dying if process.returncode is None]

    def _reap(self, left_s: float) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.wait(left_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _check(self) -> None:
        self._bury()
        if self._too_silent():
            self.doRead()  # it may be we who had no time to listen
        if self._too_silent():
            self._died(f"it said nothing for {self._silence_limit_s:.0f} s")
        if not self._stopping:
            self._deadlines.at(self._deadlines.now + _CHECK_EVERY_S, self._check)

    @property
    def _silence_limit_s(self) -> float:
        return SILENCE_S if self._heard else START_LIMIT_S

    def _too_silent(self) -> bool:
        return self._wire is not None and (time.monotonic() - self._heard_s > self._silence_limit_s)

    # --- the wire
    def _wake(self) -> None:
        if not self._woken:
            self._woken = True
            self._reactor.callLater(0, self._flush)

    def _flush(self) -> None:
        """Send what this turn had to say."""
        self._woken = False
        if self._wire is None:
            return
        try:
            sent = self._wire.send()
        except WireClosed as error:
            self._died(str(error))
            return
        if sent == self._writing:
            self._writing = not sent
            (self._reactor.removeWriter if sent else self._reactor.addWriter)(self)

    def _take(self, message: tuple[Any, ...]) -> None:
        try:
            if message[0] == "pulse":
                self.pulse = Pulse(*message[1:])
                self.on_pulse(self.pulse)
            else:
                self.engine.take(message)
        except Exception:  # noqa: BLE001 - one call's fault must not keep the others from hearing
            log.error("What the sound's process told was not done: %s", Failure().getTraceback())

    # --- what the reactor asks of a reader and writer
    def fileno(self) -> int:
        """Return the descriptor the reactor watches."""
        return -1 if self._wire is None else self._wire.fileno()

    def logPrefix(self) -> str:  # noqa: N802 - the reactor's name for it
        """Return the name under which the reactor logs."""
        return "media"

    def connectionLost(self, reason: Failure) -> None:  # noqa: N802 - the reactor's name for it
        """The reactor found the socket dead; or it is closing, and then `stop` has a last word."""
        if self._wire is not None and self._wire.at_end:
            self._died("the socket is gone")

    def doWrite(self) -> None:  # noqa: N802 - the reactor's name for it
        """Send on."""
        self._flush()

    def doRead(self) -> None:  # noqa: N802 - the reactor's name for it
        """Take what has come, and answer at once."""
        wire = self._wire
        if wire is None:
            return
        try:
            messages = wire.receive()
        except WireClosed as error:
            self._died(str(error))
            return
        if messages:
            self._heard_s = time.monotonic()
            self._heard = True
        for message in messages:
            self._take(message)
        if self._woken:
            self._flush()
            self._woken = True  # the one that is already asked for finds nothing left


def _wait(wire: Wire, limit_s: float) -> None:
    """Until something comes, or may be sent."""
    writers = [wire.fileno()] if wire.pending else []
    select.select([wire.fileno()], writers, [], limit_s)
