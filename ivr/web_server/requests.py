"""A request as Flask wants it (PEP 3333), complete before a thread is taken for it.

The body is read here, on the event loop: a browser on a bad network that needs minutes for an
upload holds a file, not one of the few threads. Large bodies lie on disk, and all of them together
have a limit.
"""

from __future__ import annotations

import asyncio
import io
import sys
import tempfile
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from ivr.web_server.asgi import Receive, Scope

IN_MEMORY = 512 * 1024
BODIES_IN_ALL = 1024**3
BODY_IDLE_S = 20.0
# A body comes at this many bytes a second at least, after a first half minute.
BODY_RATE = 4096
BODY_START_S = 30.0


class RefusedRequestError(Exception):
    """The request is not answered by a page: `status` and one line that says why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class ClientGoneError(Exception):
    """Whoever asked has closed the connection."""


@dataclass(slots=True)
class Bodies:
    """Reads bodies; knows how much of all of them is held now."""

    largest: int
    in_all: int = BODIES_IN_ALL
    held: int = 0

    async def read(self, scope: Scope, receive: Receive) -> Body:
        """The whole body. Raises RefusedRequestError before more than is allowed is taken."""
        headers = dict(scope["headers"])
        length = headers.get(b"content-length")
        if length is None and b"transfer-encoding" not in headers:
            return Body(self, io.BytesIO())
        announced = int(length) if length is not None else 0
        if announced > self.largest:
            raise RefusedRequestError(413, "This is larger than can be taken.")
        body = Body(self, tempfile.SpooledTemporaryFile(max_size=IN_MEMORY))  # noqa: SIM115 - Body closes it
        try:
            async with asyncio.timeout(BODY_START_S + (announced or self.largest) / BODY_RATE):
                await self._fill(body, receive)
        except TimeoutError:
            body.close()
            raise RefusedRequestError(408, "The request took too long.") from None
        except BaseException:
            body.close()
            raise
        body.file.seek(0)
        return body

    async def _fill(self, body: Body, receive: Receive) -> None:
        while True:
            async with asyncio.timeout(BODY_IDLE_S):
                message = await receive()
            if message["type"] != "http.request":
                raise ClientGoneError
            piece = message.get("body", b"")
            if body.length + len(piece) > self.largest:
                raise RefusedRequestError(413, "This is larger than can be taken.")
            if self.held + len(piece) > self.in_all:
                raise RefusedRequestError(503, "Too much is being sent at once; try again.")
            body.add(piece)
            if not message.get("more_body", False):
                return


@dataclass(slots=True)
class Body:
    """One body; its bytes count among those held until it is closed."""

    bodies: Bodies
    file: IO[bytes]
    length: int = 0

    def add(self, piece: bytes) -> None:
        """Keep a piece."""
        self.file.write(piece)
        self.length += len(piece)
        self.bodies.held += len(piece)

    def close(self) -> None:
        """Forget it; any number of times."""
        self.file.close()
        self.bodies.held -= self.length
        self.length = 0


def environ_of(scope: Scope, body: IO[bytes], length: int) -> dict[str, Any]:
    """The WSGI environment of a request; a WebSocket's opening is the GET that it is."""
    host, port = scope.get("server") or ("localhost", None)
    client = scope.get("client")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.get("method", "GET"),
        "SCRIPT_NAME": "",
        # Bytes as latin-1 (PEP 3333); from the raw path, so that no byte is replaced.
        "PATH_INFO": unquote_to_bytes(scope.get("raw_path") or scope["path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 80),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0] if client else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": {"ws": "http", "wss": "https"}.get(scope["scheme"], scope["scheme"]),
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }
    for raw, value in scope["headers"]:
        name = raw.decode("latin-1")
        # `X_Forwarded_For` would become the same variable as the header a proxy sets.
        if "_" in name or name in ("content-length", "transfer-encoding"):
            continue
        variable = name.upper().replace("-", "_")
        if variable != "CONTENT_TYPE":
            variable = f"HTTP_{variable}"
        said = value.decode("latin-1")
        if variable in environ:
            # RFC 9110 §5.3; cookies are parted as RFC 9113 §8.2.3 says.
            said = f"{environ[variable]}{'; ' if name == 'cookie' else ', '}{said}"
        environ[variable] = said
    if length or scope.get("method", "GET") in ("POST", "PUT", "PATCH"):
        environ["CONTENT_LENGTH"] = str(length)
    return environ
