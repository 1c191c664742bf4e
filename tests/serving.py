"""The desk's own web server in a thread of the test, on a port that the system chooses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ivr.web_server.asgi import Application
from ivr.web_server.server import Server, server

LIMIT_S = 30.0


@contextmanager
def served(
    application: Application, *, when_stopping: Callable[[], None] = lambda: None
) -> Iterator[tuple[str, int]]:
    """Serve until the end of the block, which waits for the server to have stopped."""
    with running(application, when_stopping=when_stopping) as (_, address, _thread):
        yield address


@contextmanager
def running(
    application: Application, *, when_stopping: Callable[[], None] = lambda: None
) -> Iterator[tuple[Server, tuple[str, int], threading.Thread]]:
    """The same, with the server itself, for tests of how it stops."""
    listening = threading.Event()
    one = server(
        application,
        "127.0.0.1",
        0,
        when_listening=listening.set,
        when_stopping=when_stopping,
    )
    thread = threading.Thread(target=one.run)
    thread.start()
    try:
        assert listening.wait(LIMIT_S)
        host, port = one.servers[0].sockets[0].getsockname()[:2]
        yield one, (host, port), thread
    finally:
        one.should_exit = True
        thread.join(LIMIT_S)
        assert not thread.is_alive()
