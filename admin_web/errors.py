"""One page for each thing that can go wrong, in both languages, saying what to do."""

from __future__ import annotations

import logging

from flask import Flask, Response, render_template, request
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from admin_web.api.guard import speak_as_asked
from admin_web.api.problems import problem

log = logging.getLogger(__name__)

# status: (heading, what to do)
EXPLANATIONS = {
    400: (
        _l("The request was not understood"),
        _l("Go back, check what you entered and send it again."),
    ),
    403: (
        _l("Your role may not do this"),
        _l("Ask an administrator if you need it for your work."),
    ),
    404: (
        _l("This page does not exist"),
        _l("It may have been removed. Use the menu to find what you are looking for."),
    ),
    405: (
        _l("This page cannot be used that way"),
        _l("Use the menu to find what you are looking for."),
    ),
    413: (
        _l("The file is too large"),
        _l("Split it into smaller files, or ask an administrator to raise the limit."),
    ),
    416: (
        _l("This part of the recording does not exist"),
        _l("Load the page again and play the recording from its start."),
    ),
    500: (
        _l("Something failed on our side"),
        _l("The fault has been written to the log. Try again; if it stays, tell your operator."),
    ),
    503: (
        _l("Part of the service is not running"),
        _l("Try again in a minute; if it stays, tell your operator."),
    ),
}
STALE_FORM = (
    _l("This form is out of date"),
    _l("Load the page again and send the form once more. Nothing was changed."),
)


def explained(status: int) -> ResponseReturnValue:
    """Return the page (or JSON under /api) for ``status``."""
    heading, advice = EXPLANATIONS.get(status, EXPLANATIONS[400 if status < 500 else 500])
    return _answer(status, str(heading), str(advice))


def _for_programs() -> bool:
    return request.path.startswith("/api/") and request.path != "/api/"


def _answer(status: int, heading: str, advice: str) -> ResponseReturnValue:
    if _for_programs():
        return problem(status, advice)
    if request_ctx.url_adapter is None:
        # A Host that is none, so that no address can be made for the links of a page.
        return Response(f"{heading}\n{advice}\n", status, mimetype="text/plain")
    return render_template("templates/error.html", heading=heading, advice=advice), status


def attach(app: Flask) -> None:
    """Give ``app`` these pages."""

    @app.errorhandler(CSRFError)
    def stale_form(error: CSRFError) -> ResponseReturnValue:
        return _answer(400, str(STALE_FORM[0]), str(STALE_FORM[1]))

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> ResponseReturnValue:
        status = error.code or 500
        if status < 400:  # a redirect that Werkzeug raises
            return error
        if _for_programs():
            speak_as_asked()
            allowed = getattr(error, "valid_methods", None)  # RFC 9110 §15.5.6
            return problem(status, headers={"Allow": ", ".join(allowed)} if allowed else None)
        return explained(status)

    @app.errorhandler(Exception)
    def failure(error: Exception) -> ResponseReturnValue:
        log.error("%s %s failed", request.method, request.path, exc_info=error)
        return explained(500)
