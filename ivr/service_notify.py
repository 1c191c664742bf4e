"""What systemd is told of the line: that it serves, that it is stopping, that it is alive.

A datagram of `NAME=value` lines to the socket that $NOTIFY_SOCKET names (sd_notify(3)); a name
that begins with "@" is an abstract one. Where no service manager asked, nothing is said. The
variables are taken out of the environment: the children have a supervisor of their own to tell.
"""

from __future__ import annotations

import logging
import os
import socket
from collections import deque
from collections.abc import MutableMapping

_SOCKET_VARIABLE = "NOTIFY_SOCKET"
_WATCHDOG_VARIABLE = "WATCHDOG_USEC"
_WATCHED_VARIABLE = "WATCHDOG_PID"
_ALIVE = b"WATCHDOG=1"
_MOST_UNSAID = 16

log = logging.getLogger(__name__)


class ServiceManager:
    """The service manager's ear, or nobody's."""

    def __init__(self, environment: MutableMapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        address = environment.pop(_SOCKET_VARIABLE, "")
        limit = environment.pop(_WATCHDOG_VARIABLE, "")
        watched = environment.pop(_WATCHED_VARIABLE, "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket: socket.socket | None = None
        self._unsaid: deque[bytes] = deque(maxlen=_MOST_UNSAID)
        self.alive_every_s: float | None = None
        """How often `alive` is to be said, in seconds: half of WatchdogSec. None: never."""
        if not address.startswith(("/", "@")):
            return
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)
        if limit.isascii() and limit.isdigit() and watched in ("", str(os.getpid())):
            self.alive_every_s = int(limit) / 2_000_000 or None

    def ready(self) -> None:
        """The line answers."""
        self._say("READY=1", "STATUS=The line answers")

    def alive(self) -> None:
        """Whoever supervises the parts is not hanging."""
        self._say(_ALIVE.decode())

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._say(f"STATUS={text}")

    def stopping(self, limit_s: float) -> None:
        """Running calls may finish; that takes so many seconds at most."""
        self._say(
            "STOPPING=1",
            "STATUS=No new calls; running calls may finish",
            f"EXTEND_TIMEOUT_USEC={int(limit_s * 1_000_000)}",
        )

    def _say(self, *lines: str) -> None:
        if self._socket is None:
            return
        self._unsaid.append("\n".join(lines).encode())
        try:
            while self._unsaid:
                self._socket.sendto(self._unsaid[0], self._address)
                self._unsaid.popleft()
        except OSError as error:  # a manager that is busy is told the next time
            log.debug("The service manager was not told %s: %s", lines[0], error)
            if _ALIVE in self._unsaid:
                self._unsaid.remove(_ALIVE)  # the next says as much
