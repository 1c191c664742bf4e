"""Who may open a stream is asked of Flask: the same cookie, sessions, roles and first things first.

The door calls the page of the stream's address; the page answers by ``admit``. So a stream is
a route like any other to the table of roles and its tests. Browsers do not keep WebSockets of
other sites out, and send them the cookie: where one comes from is looked at here (RFC 6455 §10.2).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Flask, abort, g, request
from flask.wrappers import Response
from flask_login import current_user

from admin_web.languages import page_language
from admin_web.sign_in.person import Person

OPENING = "minsheng.opening"


@dataclass(frozen=True, slots=True)
class Admission:
    """What the page let in: who, in which language, and what it says the stream is about."""

    person: Person
    language: str
    address: str
    about: dict[str, Any]


@dataclass(slots=True)
class Opening:
    """A stream that is being opened, in the environment of its request."""

    websocket: bool
    admission: Admission | None = field(default=None)


def admit(**about: Any) -> Response:
    """Let the stream of this address be opened; ``about`` is what its coroutine finds there.

    Asked for as a page (there is no stream then) the answer is 426.
    """
    opening = cast("Opening | None", request.environ.get(OPENING))
    if opening is None:
        return Response("This address is for streams.\n", 426, mimetype="text/plain")
    origin = request.headers.get("Origin")
    if not _is_ours(origin) if origin else opening.websocket:
        abort(403)
    person = cast(Person, current_user._get_current_object())
    opening.admission = Admission(person, page_language(), request.remote_addr or "", about)
    return Response(status=204)


def _is_ours(origin: str) -> bool:
    theirs = urlsplit(origin)
    return (theirs.scheme, theirs.netloc.lower()) == (request.scheme, request.host.lower())


def ask(app: Flask, environ: dict[str, Any], *, websocket: bool) -> tuple[int, Admission | None]:
    """Ask the page of ``environ``; in a thread. Returns its status and what it lets in."""
    opening = Opening(websocket)
    environ[OPENING] = opening
    status = 500

    def start_response(line: str, *_: object) -> None:
        nonlocal status
        status = int(line.split(" ", 1)[0])

    pieces = app.wsgi_app(environ, start_response)  # type: ignore[arg-type]
    getattr(pieces, "close", lambda: None)()
    return status, opening.admission


def as_the_page(
    app: Flask, environ: dict[str, Any], admission: Admission, work: Any, *arguments: Any
) -> Any:
    """Do ``work`` as the page would: ``current_user``, language and ``url_for`` are its own.

    Whether the session lasts is not asked again, nor counted as use: the door looks after that.
    """
    with app.request_context(environ):
        g._login_user = admission.person
        return work(*arguments)
