"""A child's two pipes to its supervisor: one that tells of its death, one to say "ready, alive".

The supervisor holds the write end of the lifeline and never writes. When it
dies, even by SIGKILL, the kernel closes that end, the child's blocking read
returns, and the child ends at once: no orphan keeps the SIP port. The other
pipe carries a byte from the child when it serves, and from then on one a second out of the loop
that does its work: a child that beats no more hangs, and is ended and started again. One that
never began to beat is not watched.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

LIFELINE_VARIABLE = "IVR_LIFELINE_FD"
READY_VARIABLE = "IVR_READY_FD"
READY_BYTE = b"\n"
BEAT_BYTE = b"."
BEAT_EVERY_S = 1.0
_ORPHANED_STATUS = 70  # EX_SOFTWARE of sysexits.h


def supervised() -> bool:
    """Whether this process was started by a supervisor."""
    return LIFELINE_VARIABLE in os.environ


def end_with_supervisor() -> None:
    """End this process, without ceremony, when the supervisor's end of the pipe closes."""
    number = os.environ.pop(LIFELINE_VARIABLE, None)
    if number is None:
        return
    lifeline = int(number)
    os.set_inheritable(lifeline, False)

    def watch() -> None:
        while os.read(lifeline, 1):
            pass
        os._exit(_ORPHANED_STATUS)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()


_ready_pipe: list[int] = []


def announce_ready() -> None:
    """Tell the supervisor, once, that this process serves."""
    number = os.environ.pop(READY_VARIABLE, None)
    if number is None:
        return
    pipe = int(number)
    os.set_inheritable(pipe, False)
    # A supervisor that does not read must not hold up a loop that callers wait for.
    os.set_blocking(pipe, False)
    _ready_pipe.append(pipe)
    _say(READY_BYTE)


def beat() -> None:
    """Tell the supervisor that this process's loop goes round; does nothing without one."""
    _say(BEAT_BYTE)


def keep_beating(call_later: Callable[[float, Callable[[], None]], object]) -> None:
    """Beat now and every second, by the clock of the loop that does the work."""
    if _ready_pipe:
        beat()
        call_later(BEAT_EVERY_S, lambda: keep_beating(call_later))


def _say(word: bytes) -> None:
    for pipe in _ready_pipe:
        try:
            os.write(pipe, word)
        except BlockingIOError:
            pass  # there is plenty to read already
        except BrokenPipeError:
            pass  # the lifeline ends this process
