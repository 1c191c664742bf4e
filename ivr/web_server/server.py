"""Start and stop: uvicorn with the desk's limits, ready when it listens, stopped within seconds."""

from __future__ import annotations

import logging
import resource
import signal
import socket
from collections.abc import Callable
from contextlib import nullcontext

import uvicorn

from ivr.web_server.asgi import Application
from ivr.web_server.patience import PatientHttp, PatientWebSocket
from ivr.web_server.tls import HttpsCertificate

# As long as proxies usually keep theirs, and longer than a clerk reads.
KEEP_ALIVE_S = 75
# Beyond it the answer is 503 at once; a page open in a browser has up to six.
CONNECTIONS = 1000
# Requests in progress may finish; the supervisor waits 10 s (ivr.supervisor.STOP_LIMIT_S).
STOP_S = 5
LARGEST_MESSAGE = 64 * 1024


class Server(uvicorn.Server):
    """uvicorn's, which says when it listens and when it is about to stop."""

    def __init__(
        self,
        config: uvicorn.Config,
        when_listening: Callable[[], None],
        when_stopping: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._when_listening = when_listening
        self._when_stopping = when_stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's; what listens is said afterwards."""
        await super().startup(sockets)
        self._when_listening()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's; streams are told first, it would wait for them."""
        self._when_stopping()
        await super().shutdown(sockets)


def server(
    application: Application,
    host: str,
    port: int,
    *,
    when_listening: Callable[[], None],
    when_stopping: Callable[[], None],
    https: HttpsCertificate | None = None,
) -> Server:
    """A server with the desk's limits, not yet running."""
    config = uvicorn.Config(
        application,
        host=host,
        port=port,
        loop="asyncio",
        http=PatientHttp,
        ws=PatientWebSocket,
        ws_max_size=LARGEST_MESSAGE,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # `proxies` believes those that the settings name
        ssl_context_factory=None if https is None else lambda _config, _usual: https.context,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_S,
    )
    return Server(config, when_listening, when_stopping)


def serve(
    application: Application,
    host: str,
    port: int,
    *,
    when_listening: Callable[[], None],
    when_stopping: Callable[[], None],
    https: HttpsCertificate | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; a port that is taken ends the process with status 3."""
    _allow_connections()
    # Somebody has renewed a certificate, perhaps not ours: never a reason to end.
    signal.signal(signal.SIGHUP, lambda *_: https.renew() if https is not None else None)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    # A malformed or refused request is its sender's affair, not the operator's.
    logging.getLogger("uvicorn.error").addFilter(
        lambda record: record.getMessage() not in _NOT_OURS
    )
    # uvicorn raises the signal again when it has stopped: what follows here must still run.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    with https or nullcontext():
        server(
            application,
            host,
            port,
            when_listening=when_listening,
            when_stopping=when_stopping,
            https=https,
        ).run()


_NOT_OURS = frozenset(
    {
        "Invalid HTTP request received.",
        "Unsupported upgrade request.",
        "Exceeded concurrency limit.",
        # Said of every WebSocket that is refused with a status.
        "ASGI callable returned without completing handshake.",
    }
)


def _allow_connections() -> None:
    """Each connection is a descriptor, and the usual limit is little above `CONNECTIONS`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * CONNECTIONS
    if soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
