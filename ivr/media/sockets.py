"""Three things the kernel does for a leg's sockets that Python has no name for (Linux)."""

import ctypes
import fcntl
import os
import socket
import struct
from ipaddress import ip_address
from typing import Final

_libc = ctypes.CDLL(None, use_errno=True)
_unspecified: Final = struct.pack("=H14x", socket.AF_UNSPEC)
_siocgstampns: Final = 0x8907  # linux/sockios.h: SIOCGSTAMPNS, a timespec of two longs
_timespec = struct.Struct("@ll")


def dissolve(udp: socket.socket) -> None:
    """Undo `connect` on a UDP socket, its port kept (connect(2): AF_UNSPEC)."""
    if _libc.connect(udp.fileno(), _unspecified, len(_unspecified)) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def arrival_ns(udp: socket.socket) -> int | None:
    """When the packet read last reached the machine, by the wall clock; None if not known."""
    try:
        stamp = fcntl.ioctl(udp, _siocgstampns, bytes(_timespec.size))
    except OSError:
        return None
    seconds, nanoseconds = _timespec.unpack(stamp)
    return int(seconds) * 1_000_000_000 + int(nanoseconds)


def is_numeric(host: str) -> bool:
    """True for an address; a name would have to be looked up, which no tick can wait for."""
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
