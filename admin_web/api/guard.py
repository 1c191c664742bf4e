"""What every request of a program passes first: its rate, its token, its role and scopes."""

from __future__ import annotations

import logging
import math

from flask import Response, current_app, g, request
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException

from admin_web.api.limits import Limits, Standing
from admin_web.api.operation import OPERATIONS, blueprint
from admin_web.api.problems import ProblemError, problem
from admin_web.api.program import Program, given_token, let_in, program_of
from admin_web.desk import EXTENSION, desk
from admin_web.languages import DEFAULT
from ivr.records import DatabaseUnavailable

log = logging.getLogger(__name__)

_LIMITS = "minsheng_api_limits"
_CHALLENGE = 'Bearer realm="Minsheng Line"'


@blueprint.record_once
def _attach(state: BlueprintSetupState) -> None:
    settings = state.app.extensions[EXTENSION].settings
    state.app.extensions[_LIMITS] = Limits.of(settings.api_rate)


def limits() -> Limits:
    """Return what limits programs in the application at work."""
    found = current_app.extensions[_LIMITS]
    assert isinstance(found, Limits)  # noqa: S101 - put there above
    return found


@blueprint.before_request
def check() -> None:
    """Refuse who asks too often, has no token, or may not do this."""
    one = OPERATIONS.get(request.endpoint or "")
    if one is None:  # the document and its page are open to all
        return
    speak_as_asked()
    program = _let_in()
    if not program.may(one.page, one.scope):
        detail = (
            _("Its role %(role)s may not do this.", role=program.role)
            if one.scope in program.scopes
            else _("It needs the scope %(scope)s.", scope=one.scope)
        )
        error = f'{_CHALLENGE}, error="insufficient_scope", scope="{one.scope}"'
        raise ProblemError(403, detail, headers={"WWW-Authenticate": error})


def _let_in() -> Program:
    address, now = request.remote_addr, desk().now()
    _within(limits().addresses.take(address or "", now))
    given = given_token()
    if given is None:
        detail = _("Send it as Authorization: Bearer TOKEN. An administrator makes tokens.")
        raise ProblemError(401, detail, headers={"WWW-Authenticate": _CHALLENGE})
    shut_until = limits().wrong.locked_until(address, now)
    if shut_until is not None and not limits().was_right(address, given):
        wait = max(1, math.ceil((shut_until - now).total_seconds()))
        detail = _("Too many wrong tokens came from this address.")
        raise ProblemError(429, detail, headers={"Retry-After": str(wait)})
    program = program_of(given)
    if program is None:
        limits().wrong.count(address, now)
        detail = _("This token is unknown, was ended, or its time is over.")
        error = f'{_CHALLENGE}, error="invalid_token"'
        raise ProblemError(401, detail, headers={"WWW-Authenticate": error})
    limits().remember(address, given)
    let_in(program)
    _within(limits().programs.take(program.key, now))
    return program


def _within(standing: Standing) -> None:
    g.api_standing = standing
    if standing.refused:
        detail = _("Ask again in %(seconds)s seconds.", seconds=standing.wait_s)
        raise ProblemError(429, detail, headers={"Retry-After": str(standing.wait_s)})


def speak_as_asked() -> None:
    """Answer in the language a program asks for; a cookie is nothing it has."""
    asked = request.accept_languages.best_match(["zh-CN", "zh", "en"])
    g.page_language = "en" if asked == "en" else DEFAULT


@blueprint.after_request
def say_how_often(answer: Response) -> Response:
    """Let every answer say how many requests are left."""
    standing = g.get("api_standing")
    if standing is not None:
        answer.headers.update(standing.fields())
    return answer


@blueprint.errorhandler(ProblemError)
def told(error: ProblemError) -> Response:
    """Answer with the problem."""
    return problem(error.status, error.detail, error.errors, error.headers)


@blueprint.errorhandler(DatabaseUnavailable)
def database_away(error: DatabaseUnavailable) -> Response:
    """503: the same request may do in a moment."""
    log.error("%s %s: %s", request.method, request.path, error)
    return problem(503, headers={"Retry-After": "5"})


@blueprint.errorhandler(HTTPException)
def http_error(error: HTTPException) -> Response:
    """What a page would abort with, as a problem."""
    return problem(error.code or 500)
