"""Cut a byte stream into messages (RFC 3261 §18.3, RFC 5626 §3.5.1).

On a stream only Content-Length says where a message ends. If it cannot be trusted, all
that follows is noise, and the connection has to be closed. The buffer never grows past
the largest message.
"""

from __future__ import annotations

import re

from ivr.sip.errors import SipParseError
from ivr.sip.message import MESSAGE_MAX_BYTES, content_length, salvage

_FOLD = re.compile(rb"\r\n[ \t]++")
_LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*+:([^\r]*+)", re.IGNORECASE)


class StreamFramer:
    """Takes the bytes of one connection in any pieces; gives whole messages.

    After a fault nothing more comes out: `failed` holds it, and every later `feed`
    raises it. `rejected` is then the message at fault, as far as it came: given to the
    user agent it is answered, for `parse` refuses it too. Then close the connection.
    """

    def __init__(self) -> None:
        self.failed: SipParseError | None = None
        self.rejected = b""
        self._buffer = bytearray()
        self._searched = 0  # no end of header begins before this
        self._needed: int | None = None  # length of the message at the front, once known
        self._line_ends = 0  # bytes of CR LF seen since the last message
        self._pings = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The messages these bytes complete.

        Raises SipParseError for a fault of framing. Where messages before the fault
        were completed by the same bytes, they are handed back, and `failed` is set.
        """
        if self.failed is not None:
            raise self.failed
        self._buffer += data
        messages: list[bytes] = []
        try:
            while (message := self._next()) is not None:
                messages.append(message)
        except SipParseError as error:
            self.failed = error
            self.rejected = bytes(self._buffer[: MESSAGE_MAX_BYTES + 1])
            self._buffer.clear()
            if not messages:
                raise
        return messages

    def take_pings(self) -> int:
        """Keep-alive pings (CR LF CR LF) since last asked; answer each with one CR LF."""
        pings, self._pings = self._pings, 0
        return pings

    @property
    def begun(self) -> bool:
        """A message has begun and is not complete."""
        return bool(self._buffer)

    def _next(self) -> bytes | None:
        buffer = self._buffer
        if self._needed is None:
            self._pass_line_ends()
            end = buffer.find(b"\r\n\r\n", self._searched)
            if end < 0 or end + 4 > MESSAGE_MAX_BYTES:
                if len(buffer) > MESSAGE_MAX_BYTES:
                    raise SipParseError(513, "the message is too large", salvage(bytes(buffer)))
                self._searched = max(0, len(buffer) - 3)
                return None
            self._needed = end + 4 + self._length(bytes(buffer[: end + 4]))
        if len(buffer) < self._needed:
            return None
        message = bytes(buffer[: self._needed])
        del buffer[: self._needed]
        self._needed, self._searched = None, 0
        return message

    def _pass_line_ends(self) -> None:
        """Drop CR LF before a message (§7.5); two in a row are a ping (RFC 5626 §3.5.1)."""
        buffer = self._buffer
        taken = 0
        while taken < len(buffer) and buffer[taken] == b"\r\n"[self._line_ends % 2]:
            taken += 1
            self._line_ends += 1
            if self._line_ends == 4:
                self._pings += 1
                self._line_ends = 0
        if taken:
            del buffer[:taken]
        if buffer:
            if self._line_ends % 2:
                buffer[:0] = b"\r"  # what is rejected begins with it
                raise SipParseError(400, "a line does not end with CR LF")
            self._line_ends = 0

    def _length(self, head: bytes) -> int:
        text = _FOLD.sub(b" ", head) if b"\r\n " in head or b"\r\n\t" in head else head
        values = [v.decode("latin-1").strip(" \t") for v in _LENGTH.findall(text)]
        try:
            length = content_length(values, stream=True) or 0
        except SipParseError as error:
            raise SipParseError(error.status, error.reason, salvage(head)) from None
        if len(head) + length > MESSAGE_MAX_BYTES:
            raise SipParseError(513, "the message is too large", salvage(head))
        return length
