"""What a room's coroutine holds: an open stream of events, or an open WebSocket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec, Protocol, TypeVar

from admin_web.sign_in.person import Person
from admin_web.streams.admission import Admission

P = ParamSpec("P")
T = TypeVar("T")
Put = Callable[[dict[str, Any]], Awaitable[None]]


class Hands(Protocol):
    """The door's threads: the event loop may wait for nothing but them."""

    async def in_thread(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Do it in a thread."""

    async def in_page(self, admission: Admission, environ: Any, work: Any, *arguments: Any) -> Any:
        """Do it in a thread, as the page would."""


class Stream:
    """An open stream: whose it is, and threads to work in."""

    def __init__(self, admission: Admission, environ: dict[str, Any], hands: Hands) -> None:
        self.person: Person = admission.person
        self.language = admission.language
        self.address = admission.address
        self.about: Mapping[str, Any] = admission.about
        self._admission = admission
        self._environ = environ
        self._hands = hands

    async def in_thread(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Do ``work`` in a thread: whatever touches the disk or the database."""
        found: T = await self._hands.in_thread(lambda: work(*arguments, **named))
        return found

    async def in_page(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """The same with the page's context: ``desk()``, ``current_user``, ``render_template``."""
        found: T = await self._hands.in_page(
            self._admission, self._environ, lambda: work(*arguments, **named)
        )
        return found


class EventStream(Stream):
    """Server-sent events (WHATWG HTML §9.2); an EventSource opens it again by itself."""

    def __init__(
        self, admission: Admission, environ: dict[str, Any], hands: Hands, put: Put
    ) -> None:
        super().__init__(admission, environ, hands)
        self._put = put

    async def send(self, event: str, data: Any) -> None:
        """Send ``data`` as JSON under the name of ``event``; waits for a slow reader."""
        await self.write(f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n")

    async def write(self, text: str) -> None:
        """Send lines of the format itself."""
        await self._put({"type": "http.response.body", "body": text.encode(), "more_body": True})


class Socket(Stream):
    """A WebSocket: bytes for sound, JSON objects for the rest."""

    def __init__(
        self,
        admission: Admission,
        environ: dict[str, Any],
        hands: Hands,
        put: Put,
        messages: asyncio.Queue[bytes | dict[str, Any]],
    ) -> None:
        super().__init__(admission, environ, hands)
        self._put = put
        self._messages = messages

    async def send(self, message: bytes | Mapping[str, Any]) -> None:
        """Send one message; waits for a slow reader."""
        if isinstance(message, bytes):
            await self._put({"type": "websocket.send", "bytes": message})
        else:
            text = json.dumps(message, ensure_ascii=False)
            await self._put({"type": "websocket.send", "text": text})

    async def receive(self) -> bytes | dict[str, Any]:
        """The next message, in order."""
        return await self._messages.get()


@dataclass(frozen=True, slots=True)
class Route:
    """A row of the table: what serves the stream of an endpoint, and how many at once.

    The kind of stream is what ``serve`` takes. Beyond ``each`` for one person or ``at_once`` in
    all, the answer is "busy".
    """

    serve: Callable[[Any], Awaitable[None]]
    websocket: bool
    each: int = 4
    at_once: int = 60
