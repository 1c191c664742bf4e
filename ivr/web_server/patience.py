"""Connections that make no progress are closed: in the head of a request, and in its answer.

uvicorn limits only how long an idle connection is kept after an answer. A browser that sends its
head a byte at a time, or takes nothing of what it asked for, would stay for ever (slow loris,
slow read).
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

HEAD_S = 15.0
# For every 48 KiB between asyncio's two water marks: about 800 bytes a second are enough.
UNREAD_S = 60.0
FLUSH_S = 10.0


class _Reader:
    """Breaks a connection off when what was written to it is not taken in time."""

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    _unread: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()  # type: ignore[misc]
        self._unread = self.loop.call_later(UNREAD_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()  # type: ignore[misc]
        self._taken()

    def connection_lost(self, exc: Exception | None) -> None:
        self._taken()
        super().connection_lost(exc)  # type: ignore[misc]

    def _taken(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None


class PatientHttp(_Reader, H11Protocol):
    """HTTP/1.1; the head of a request must be complete in time."""

    _head: asyncio.TimerHandle | None = None
    _upgraded = False

    def connection_made(self, transport: Any) -> None:
        """The first request is due."""
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """A piece of a head does not prolong its time; a complete one ends it."""
        super().data_received(data)
        if self._upgraded or (self.cycle is not None and not self.cycle.response_complete):
            self._head_has_come()
        elif self._head is None and not self.transport.is_closing():
            self._expect_head()

    def handle_websocket_upgrade(self, event: Any) -> None:
        """From here on it is a WebSocket."""
        self._upgraded = True
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._head_has_come()
        super().connection_lost(exc)

    def timeout_keep_alive_handler(self) -> None:
        """As uvicorn's, and what is still to be written has a limit, too."""
        super().timeout_keep_alive_handler()
        self.loop.call_later(FLUSH_S, self.transport.abort)

    def _expect_head(self) -> None:
        self._head = self.loop.call_later(HEAD_S, self.transport.abort)

    def _head_has_come(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None


class PatientWebSocket(_Reader, WebSocketsSansIOProtocol):
    """A WebSocket; pings tell whether the other side is there."""
