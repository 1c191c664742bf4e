"""The door for streams: finds the route, asks the page, counts, watches, and closes in time.

How a stream is refused, as a browser can tell it:

=================  ==========================  ===================================
why                EventSource                 WebSocket
=================  ==========================  ===================================
not signed in      401                         closed with 4401
not allowed        403, 404                    403, 404 before it opens
too many           event ``busy``, the end     closed with 1013
session ended      event ``signed_out``, end   closed with 4401
desk stops         the end                     closed with 1012
=================  ==========================  ===================================

An EventSource that saw the end asks again by itself, after ``busy`` more slowly; after 401 it does
not (``readyState`` is CLOSED).
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from typing import Any, cast

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from admin_web.desk import EXTENSION, Desk
from admin_web.security import HEADERS
from admin_web.streams.admission import Admission, as_the_page, ask
from admin_web.streams.stream import EventStream, Put, Route, Socket
from ivr.records import RecordsError
from ivr.services import sessions
from ivr.web_server.asgi import Receive, Scope, Send
from ivr.web_server.requests import environ_of

log = logging.getLogger(__name__)

AT_ONCE = 200
THREADS = 4
SESSIONS_EVERY_S = 5.0
HEARTBEAT_S = 15.0
# What a WebSocket may send ahead of its coroutine: five seconds of sound.
AHEAD = 256
RETRY_MS = 3000
RETRY_BUSY_MS = 30_000


class End(Enum):
    """Why a stream ends; the value is the code a WebSocket closes with and what it says."""

    DONE = (1000, "")
    STOPPING = (1012, "stopping")
    BUSY = (1013, "busy")
    FAILED = (1011, "failed")
    TOO_FAST = (1008, "too fast")
    SIGNED_OUT = (4401, "signed_out")


@dataclass(eq=False, slots=True)
class _Open:
    """A stream at work, and why it was told to end."""

    endpoint: str
    admission: Admission
    task: asyncio.Task[None]
    end: End = End.DONE

    def close(self, why: End) -> None:
        self.end = why
        self.task.cancel()


class Streams:
    """All streams of a desk; an ASGI application for the addresses it `serves`."""

    def __init__(
        self,
        app: Flask,
        routes: Mapping[str, Route],
        *,
        at_once: int = AT_ONCE,
        sessions_every_s: float = SESSIONS_EVERY_S,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        self._app = app
        self._desk = cast(Desk, app.extensions[EXTENSION])
        self._routes = routes
        self._addresses = Map(
            [
                Rule(rule.rule, endpoint=rule.endpoint)
                for rule in app.url_map.iter_rules()
                if rule.endpoint in routes
            ],
            converters=app.url_map.converters,
        ).bind("")
        self._at_once = at_once
        self._sessions_every_s = sessions_every_s
        self._heartbeat_s = heartbeat_s
        self._threads = ThreadPoolExecutor(THREADS, "stream")
        self._open: set[_Open] = set()
        self._watch: asyncio.Task[None] | None = None
        self._stopping = False

    def serves(self, scope: Scope) -> bool:
        """Whether this is for a stream: any WebSocket, and a GET of an address of events."""
        if scope["type"] == "websocket":
            return True
        if scope["type"] != "http" or scope["method"] != "GET":
            return False
        endpoint = self._endpoint(scope)
        return endpoint is not None and not self._routes[endpoint].websocket

    def _endpoint(self, scope: Scope) -> str | None:
        try:
            endpoint, _ = self._addresses.match(scope["path"])
        except HTTPException:
            return None
        return cast(str, endpoint)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Open a stream, or say why not; returns when it has ended."""
        websocket = scope["type"] == "websocket"
        endpoint = self._endpoint(scope)
        if endpoint is None or self._routes[endpoint].websocket != websocket:
            await _refuse(send, 404, websocket=websocket)
            return
        environ = environ_of(scope, io.BytesIO(), 0)
        # The page is asked as a page: Flask has no routes for WebSockets.
        environ.pop("HTTP_UPGRADE", None)
        status, admission = await self.in_thread(ask, self._app, environ, websocket=websocket)
        if admission is None:
            if status in (302, 303, 401):
                await _turn_away(send, End.SIGNED_OUT, websocket=websocket)
            else:
                await _refuse(send, status if status >= 400 else 403, websocket=websocket)
            return
        if self._stopping or not self._room_for(endpoint, admission):
            why = End.STOPPING if self._stopping else End.BUSY
            await _turn_away(send, why, websocket=websocket)
            return
        await self._run(endpoint, admission, environ, receive, send)

    def _room_for(self, endpoint: str, admission: Admission) -> bool:
        route = self._routes[endpoint]
        same = [one for one in self._open if one.endpoint == endpoint]
        theirs = sum(one.admission.person.id == admission.person.id for one in same)
        return len(self._open) < self._at_once and len(same) < route.at_once and theirs < route.each

    async def _run(
        self,
        endpoint: str,
        admission: Admission,
        environ: dict[str, Any],
        receive: Receive,
        send: Send,
    ) -> None:
        route = self._routes[endpoint]
        work = self._socket if route.websocket else self._events
        task = asyncio.create_task(work(route, admission, environ, receive, send))
        one = _Open(endpoint, admission, task)
        self._open.add(one)
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._watch_sessions())
        try:
            await asyncio.wait([task])
        finally:
            task.cancel()
            self._open.discard(one)
        if not task.cancelled() and (error := task.exception()) is not None:
            one.end = _why(error)
            if one.end is End.FAILED:
                log.error("%s: a stream failed", endpoint, exc_info=error)
        await _end(send, one.end, websocket=route.websocket)

    async def _events(
        self,
        route: Route,
        admission: Admission,
        environ: dict[str, Any],
        receive: Receive,
        send: Send,
    ) -> None:
        await send(_head(200))
        stream = EventStream(admission, environ, self, _put(send))
        await stream.write(f"retry: {RETRY_MS}\n\n")
        await _first_of(route.serve(stream), _until_gone(receive), _beat(stream, self._heartbeat_s))

    async def _socket(
        self,
        route: Route,
        admission: Admission,
        environ: dict[str, Any],
        receive: Receive,
        send: Send,
    ) -> None:
        await receive()  # websocket.connect
        await send({"type": "websocket.accept"})
        messages: asyncio.Queue[bytes | dict[str, Any]] = asyncio.Queue(AHEAD)
        socket = Socket(admission, environ, self, _put(send), messages)
        await _first_of(route.serve(socket), _take(receive, messages))

    async def _watch_sessions(self) -> None:
        """End the streams of sessions that have ended; while there are streams."""
        while self._open:
            await asyncio.sleep(self._sessions_every_s)
            tokens = {one.admission.person.token for one in self._open}
            try:
                ended = await self.in_thread(self._ended, tokens)
            except RecordsError:
                continue  # the database is away; pages say so, and what is open may stay
            for one in self._open:
                if one.admission.person.token in ended:
                    one.close(End.SIGNED_OUT)

    def _ended(self, tokens: set[str]) -> set[str]:
        limits, now = self._desk.settings.sessions, self._desk.now()
        with self._desk.database.read() as reading:
            return {one for one in tokens if sessions.find(reading, one, now, limits) is None}

    def stop(self) -> None:
        """End all streams, and open none any more."""
        self._stopping = True
        for one in self._open:
            one.close(End.STOPPING)

    async def in_thread(self, work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Do ``work`` in one of the threads of streams."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: work(*arguments, **named))

    async def in_page(self, admission: Admission, environ: Any, work: Any, *arguments: Any) -> Any:
        """The same, in the context of the page."""
        return await self.in_thread(as_the_page, self._app, environ, admission, work, *arguments)


async def _first_of(*works: Any) -> None:
    """Return when the first of them ends, having ended the others; raises what it raised."""
    tasks = [asyncio.ensure_future(one) for one in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        # What a room does in `finally` is done before the stream counts as ended.
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


async def _beat(stream: EventStream, every_s: float) -> None:
    """A comment now and then, so that proxies keep the stream and a dead reader is noticed."""
    while True:
        await asyncio.sleep(every_s)
        await stream.write(": \n\n")


class _TooFastError(Exception):
    """More came than the room takes."""


class _GoneError(Exception):
    """The other side has closed its end before we knew."""


def _why(error: BaseException) -> End:
    if isinstance(error, _TooFastError):
        return End.TOO_FAST
    return End.DONE if isinstance(error, _GoneError) else End.FAILED


def _put(send: Send) -> Put:
    async def put(message: dict[str, Any]) -> None:
        try:
            await send(message)
        except OSError:
            raise _GoneError from None

    return put


async def _take(receive: Receive, messages: asyncio.Queue[bytes | dict[str, Any]]) -> None:
    """Hand messages on until the other side leaves; what is no message of ours is passed over."""
    while (message := await receive())["type"] == "websocket.receive":
        given: Any = message.get("bytes")
        if given is None:
            try:
                given = json.loads(message.get("text") or "")
            except (ValueError, RecursionError):
                continue
            if not isinstance(given, dict):
                continue
        try:
            messages.put_nowait(given)
        except asyncio.QueueFull:
            raise _TooFastError from None


def _head(status: int, mimetype: str = "text/event-stream") -> dict[str, Any]:
    headers = {
        **HEADERS,
        "Content-Type": f"{mimetype}; charset=utf-8",
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",  # nginx would gather events into its buffer
    }
    pairs = [(name.lower().encode(), said.encode()) for name, said in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": pairs}


async def _refuse(send: Send, status: int, *, websocket: bool) -> None:
    """Answer with a status before anything is open."""
    prefix = "websocket." if websocket else ""
    head = _head(status, "text/plain")
    await send({**head, "type": prefix + head["type"]})
    body = {"type": f"{prefix}http.response.body", "body": b"", "more_body": False}
    await send(body)


async def _turn_away(send: Send, why: End, *, websocket: bool) -> None:
    """Say why a stream is not opened, so that the page can tell its user."""
    if websocket:
        await send({"type": "websocket.accept"})
        await _end(send, why, websocket=True)
    elif why is End.SIGNED_OUT:
        await _refuse(send, 401, websocket=False)
    else:
        await send(_head(200))
        await _end(send, why, websocket=False)


async def _end(send: Send, why: End, *, websocket: bool) -> None:
    code, word = why.value
    try:
        if websocket:
            await send({"type": "websocket.close", "code": code, "reason": word})
            return
        said = f"event: {word}\ndata: {{}}\n\n" if why in (End.BUSY, End.SIGNED_OUT) else ""
        if why is End.BUSY:
            said = f"retry: {RETRY_BUSY_MS}\n{said}"
        await send({"type": "http.response.body", "body": said.encode(), "more_body": False})
    except (OSError, RuntimeError):
        return  # closed meanwhile, by the other side or by the server that stops
