"""Flask under an event loop: pages run in a few threads, everything that waits does so outside.

Bridges there are (a2wsgi, asgiref, uvicorn's own) fall short of waitress, which served the desk
before: they hold a thread while a body is sent to them, run an export to its end when its reader
has gone, or hold the whole of it in memory. So this is our own, and small.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import IO
from wsgiref.types import WSGIApplication

from werkzeug.wsgi import FileWrapper

from ivr.web_server.answer import PIECE, Answer
from ivr.web_server.asgi import Receive, Scope, Send
from ivr.web_server.requests import (
    Bodies,
    Body,
    ClientGoneError,
    RefusedRequestError,
    environ_of,
)

AT_WORK = 8
# With those that wait for a slow browser to take more of a long answer.
THREADS = 40


class Pages:
    """A WSGI application as an ASGI one, for HTTP alone."""

    def __init__(self, application: WSGIApplication, largest_request: int) -> None:
        self._application = application
        self._bodies = Bodies(largest_request)
        self._turns = asyncio.Semaphore(AT_WORK)
        self._threads = ThreadPoolExecutor(THREADS, "page")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            body = await self._bodies.read(scope, receive)
        except RefusedRequestError as refused:
            await refuse(send, refused.status, refused.reason)
            return
        except ClientGoneError:
            return
        try:
            await self._turns.acquire()
        except BaseException:
            body.close()
            raise
        turn = _Turn(self._turns)
        loop = asyncio.get_running_loop()
        answer = Answer(loop, turn.give_up)
        work = loop.run_in_executor(self._threads, self._work, scope, body, answer)
        work.add_done_callback(lambda _: turn.give_up())
        work.add_done_callback(lambda _: body.close())
        watch = asyncio.ensure_future(_abandon_when_gone(receive, answer))
        try:
            await _send_all(answer, send)
        except ClientGoneError:
            return
        finally:
            watch.cancel()
            answer.abandon()

    def _work(self, scope: Scope, body: Body, answer: Answer) -> None:
        """The page's thread, from the request to the last piece."""
        environ = environ_of(scope, body.file, body.length)
        environ["wsgi.file_wrapper"] = _in_large_pieces
        try:
            pieces = self._application(environ, answer.start)  # type: ignore[arg-type]
            try:
                for piece in pieces:
                    answer.write(piece)
            finally:
                getattr(pieces, "close", lambda: None)()
            answer.end()
        except ClientGoneError:
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends this answer alone
            answer.end(error)

    def close(self) -> None:
        """Begin no page any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class _Turn:
    """One of the few places at work; given up once, at the end or when waiting for the browser."""

    def __init__(self, turns: asyncio.Semaphore) -> None:
        self._turns: asyncio.Semaphore | None = turns

    def give_up(self) -> None:
        turns, self._turns = self._turns, None
        if turns is not None:
            turns.release()


async def _abandon_when_gone(receive: Receive, answer: Answer) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
    answer.abandon()


async def _send_all(answer: Answer, send: Send) -> None:
    while True:
        head, piece, last = await answer.next()
        if head is not None:
            status, headers = head
            await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": piece, "more_body": not last})
        if last:
            return


def _in_large_pieces(file: IO[bytes], size: int = PIECE) -> Iterable[bytes]:
    return FileWrapper(file, max(size, PIECE))


async def refuse(send: Send, status: int, reason: str) -> None:
    """A short plain answer, after which the connection is closed: its body may still be coming."""
    text = f"{reason}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(text)),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text, "more_body": False})
