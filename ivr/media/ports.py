"""UDP port pairs for legs: RTP on an even port, RTCP on the odd one above it (RFC 3550 §11).

Pairs go round: one given back is taken again only after every other free pair,
so that packets still on their way to a call that has ended do not reach the
next one. The round begins at a random place, for the same reason after a
restart.
"""

import errno
import socket
from collections import deque


class MediaError(Exception):
    """The family of this room's errors."""


class PortsExhausted(MediaError):  # noqa: N818 - a name of the door
    """Every port pair is in use: more calls at once than IVR_RTP_PORTS has room for."""


# Both mean: somebody else's, try the next pair.
_taken = frozenset({errno.EADDRINUSE, errno.EACCES})
_receive_buffer_bytes = 32_768  # a second of G.711 with its headers, and no more per call


class PortPool:
    """The port pairs of a range."""

    def __init__(self, ports: range, start: int) -> None:
        pairs = [port for port in ports if port % 2 == 0 and port + 1 in ports]
        if not pairs:
            raise MediaError(f"no even/odd port pair in {ports}; widen IVR_RTP_PORTS")
        self._free = deque(pairs)
        self._free.rotate(-(start % len(pairs)))

    def take(self, host: str) -> tuple[socket.socket, socket.socket]:
        """Bind the next free pair on `host`; PortsExhausted, or OSError for a bad host."""
        for _ in range(len(self._free)):
            port = self._free.popleft()
            try:
                return _bind_pair(host, port)
            except OSError as error:
                self._free.append(port)
                if error.errno not in _taken:
                    raise
        raise PortsExhausted("every RTP port pair is in use; widen IVR_RTP_PORTS")

    def give_back(self, port: int) -> None:
        """Return the pair whose even port this is."""
        self._free.append(port)


def _bind_pair(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    rtp = _bind(family, host, port)
    try:
        return rtp, _bind(family, host, port + 1)
    except OSError:
        rtp.close()
        raise


def _bind(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    udp = socket.socket(family, socket.SOCK_DGRAM)
    try:
        udp.setblocking(False)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _receive_buffer_bytes)
        udp.bind((host, port))
    except OSError:
        udp.close()
        raise
    return udp
