"""An answer on its way from a page's thread to the event loop, a bounded piece at a time.

The thread may be `HELD` bytes ahead of the browser; then it waits, so that a file of any length
takes the same memory. When the browser is gone, the thread hears of it at its next piece: an
export that nobody takes any more ends.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable

from ivr.web_server.requests import ClientGoneError

# A page and most recordings are ready at once, so that no thread waits for a slow browser.
HELD = 4 * 2**20
PIECE = 64 * 1024
Start = tuple[int, list[tuple[bytes, bytes]]]


class Answer:
    """One answer: `start`, `write` and `end` are the thread's, the rest the loop's."""

    def __init__(self, loop: asyncio.AbstractEventLoop, when_waiting: Callable[[], None]) -> None:
        self._loop = loop
        self._when_waiting = when_waiting
        self._room = threading.Condition()
        self._news = asyncio.Event()
        self._pieces: deque[bytes] = deque()
        self._held = 0
        self._start: Start | None = None
        self._ended = False
        self._error: BaseException | None = None
        self.abandoned = False

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
        """What WSGI calls start_response; its `write` is not offered, Flask has no use for it."""
        self._start = (
            int(status.split(" ", 1)[0]),
            [(name.lower().encode("latin-1"), said.encode("latin-1")) for name, said in headers],
        )

    def write(self, piece: bytes) -> None:
        """Hand a piece on; waits while too much is held. Raises ClientGoneError."""
        with self._room:
            if self._held >= HELD and not self.abandoned:
                self._loop.call_soon_threadsafe(self._when_waiting)
                self._room.wait_for(lambda: self._held < HELD or self.abandoned)
            if self.abandoned:
                raise ClientGoneError
            if not piece:
                return
            self._pieces.append(piece)
            self._held += len(piece)
        self._tell()

    def end(self, error: BaseException | None = None) -> None:
        """Nothing follows; with an error the connection is broken off."""
        with self._room:
            self._ended = True
            self._error = error
        self._tell()

    def _tell(self) -> None:
        if not self._news.is_set():
            try:
                self._loop.call_soon_threadsafe(self._news.set)
            except RuntimeError:
                # The loop has ended before this thread did.
                raise ClientGoneError from None

    def abandon(self) -> None:
        """Nobody waits for the rest; the loop says so."""
        with self._room:
            self.abandoned = True
            self._pieces.clear()
            self._room.notify_all()
        self._news.set()

    async def next(self) -> tuple[Start | None, bytes, bool]:
        """The head of the answer if it is new, the next bytes, and whether they are the last.

        Raises what the page raised, once all before it is given, and ClientGoneError.
        """
        while True:
            with self._room:
                if self.abandoned:
                    raise ClientGoneError
                self._news.clear()
                gathered = []
                size = 0
                while self._pieces and size < PIECE:
                    gathered.append(self._pieces.popleft())
                    size += len(gathered[-1])
                self._held -= size
                if self._held < HELD:
                    self._room.notify_all()
                last = self._ended and not self._pieces
                if last and self._error is not None and not gathered:
                    raise self._error
                if gathered or (last and self._error is None):
                    head, self._start = self._start, None
                    return head, b"".join(gathered), last and self._error is None
            await self._news.wait()
