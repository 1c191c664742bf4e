"""A child's two pipes to its supervisor: one that tells of its death, one to say "ready".

The supervisor holds the write end of the lifeline and never writes. When it
dies, even by SIGKILL, the kernel closes that end, the child's blocking read
returns, and the child ends at once: no orphan keeps the SIP port. The other
pipe carries one byte from the child when it serves.
"""

from __future__ import annotations

import os
import threading

LIFELINE_VARIABLE = "IVR_LIFELINE_FD"
READY_VARIABLE = "IVR_READY_FD"
READY_BYTE = b"\n"
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


def announce_ready() -> None:
    """Tell the supervisor, once, that this process serves."""
    number = os.environ.pop(READY_VARIABLE, None)
    if number is None:
        return
    try:
        os.write(int(number), READY_BYTE)
    finally:
        os.close(int(number))
