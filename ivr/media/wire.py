"""What the responder and the media process say to each other: lists of tuples over a socket pair.

One end writes a list at a time (all that one turn of its loop had to say), pickled, behind four
bytes of length and two that say how many descriptors belong to it; the other reads whole lists.
Descriptors travel beside the bytes (unix(7), SCM_RIGHTS) and are taken in the order in which they
were sent; in the place of one that the receiver had no room for is -1. Pickle is right here and
nowhere else: both ends are one program, joined by a pair of sockets that has no name, and neither
passes on what it did not make itself.

Nothing blocks: what the socket does not take waits, and `send` says whether something does.
"""

import array
import pickle
import socket
import struct
from collections import deque
from typing import Any, Final

_length = struct.Struct("!IH")
_read_bytes: Final = 1 << 18
_most_descriptors: Final = 64
"""In one list: the kernel passes 253 at most (SCM_MAX_FD)."""
_buffer_bytes: Final = 4 << 20
_most_waiting: Final = 64 << 20

Message = tuple[Any, ...]


class WireClosed(Exception):  # noqa: N818 - it is no error where the line is being stopped
    """The other end is gone, or does not read any more."""


class Wire:
    """One end of the pair."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            end.setsockopt(socket.SOL_SOCKET, option, _buffer_bytes)
        self._end = end
        self._said: list[Message] = []
        self._descriptors: list[int] = []
        self._out: deque[tuple[memoryview, list[int]]] = deque()
        self._waiting = 0
        self._in = bytearray()
        self._beside: deque[list[int]] = deque()  # descriptors of lists that are not whole yet
        self.received: deque[int] = deque()
        """Descriptors that have come, oldest first, -1 for one lost; who takes one closes it."""

    def fileno(self) -> int:
        """The socket's descriptor, -1 once it is closed."""
        return self._end.fileno()

    @property
    def pending(self) -> bool:
        """Whether something has been said and not yet sent."""
        return bool(self._said or self._out)

    @property
    def at_end(self) -> bool:
        """Whether the other end has closed and everything it said has been received."""
        try:
            return not self._end.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def say(self, *message: Any) -> None:
        """Add a message to the list that the next `send` takes."""
        self._said.append(message)

    def give(self, *descriptors: int) -> None:
        """Send descriptors with the list; they must stay open until it has gone."""
        self._descriptors.extend(descriptors)
        if len(self._descriptors) >= _most_descriptors:
            self._seal()

    def send(self) -> bool:
        """Send what has been said; False where something has to wait. Raises WireClosed."""
        self._seal()
        while self._out:
            data, descriptors = self._out[0]
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
            try:
                sent = self._end.sendmsg([data], rights if descriptors else [])
            except BlockingIOError:
                if self._waiting > _most_waiting:
                    raise WireClosed("the other end does not read") from None
                return False
            except OSError as error:
                raise WireClosed(str(error)) from error
            self._waiting -= sent
            if sent == len(data):
                self._out.popleft()
            else:
                self._out[0] = (data[sent:], [])
        return True

    def receive(self) -> list[Message]:
        """What has come since last asked, in order. Raises WireClosed at the end of it."""
        found: list[Message] = []
        for _ in range(8):  # then others are to have their turn
            try:
                data, rights, flags, _ = self._end.recvmsg(_read_bytes, socket.CMSG_SPACE(256 * 4))
            except BlockingIOError:
                break
            except OSError as error:
                raise WireClosed(str(error)) from error
            for _, kind, packed in rights:
                if kind == socket.SCM_RIGHTS:
                    came = array.array("i")
                    came.frombytes(packed[: len(packed) - len(packed) % came.itemsize])
                    self._beside.append(came.tolist())
            if flags & socket.MSG_CTRUNC and not rights:
                self._beside.append([])  # there was room for none
            if not data:
                if found:
                    break  # the end is found again the next time
                raise WireClosed("closed")
            self._in += data
            self._unpack(found)
            if len(data) < _read_bytes:
                break
        return found

    def close(self) -> None:
        """Close this end."""
        self._end.close()

    def _seal(self) -> None:
        """Make a list of what has been said."""
        if not self._said:
            return
        body = pickle.dumps(self._said, pickle.HIGHEST_PROTOCOL)
        data = memoryview(_length.pack(len(body), len(self._descriptors)) + body)
        self._out.append((data, self._descriptors))
        self._waiting += len(data)
        self._said = []
        self._descriptors = []

    def _unpack(self, found: list[Message]) -> None:
        at = 0
        while len(self._in) - at >= _length.size:
            size, descriptors = _length.unpack_from(self._in, at)
            end = at + _length.size + size
            if end > len(self._in):
                break
            if descriptors:
                came = self._beside.popleft() if self._beside else []
                self.received.extend(came + [-1] * (descriptors - len(came)))
            # Made by the other end of an unnamed pair of sockets of our own.
            found += pickle.loads(self._in[at + _length.size : end])
            at = end
        del self._in[:at]
