"""One operation of the API: declared once, and from that declaration checked, served and described.

A view is a function of the parts of its path, and of ``query`` and ``body`` where it declares
them; what it returns is an ``Answer``, or a response of its own (a file). Before it is called, the
token, its rate, its role and scopes and all that was sent have been checked.

apiflask, flask-openapi3, spectree and flask-smorest were weighed. Each would replace the 250 lines
here and in ``document``, and each brings validation that runs before the token is asked for,
errors in a shape of its own in English only, or marshmallow beside pydantic; flask-openapi3 wants
to be the application itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from flask_babel import LazyString
from pydantic import TypeAdapter, ValidationError

from admin_web.api.fields import Answer, Given, Page
from admin_web.api.problems import ProblemError, fault, faults
from admin_web.languages import page_language
from admin_web.reasons import said
from ivr.services.errors import NotFoundError, RefusedError, ServiceError

JSON = "application/json"
CSV = "text/csv"
WAV = "audio/wav"
PCAP = "application/vnd.tcpdump.pcap"  # as registered with IANA

blueprint = Blueprint("api", __name__, url_prefix="/api", template_folder=".")


@dataclass(frozen=True)
class Operation:
    """What one method of one address does.

    ``page`` is the page of the desk that shows or does the same: its roles hold here. ``path`` has
    ``{name}`` for the parts of the address, each with its type in ``parts``.
    """

    name: str
    method: str
    path: str
    group: str
    page: str
    scope: str
    summary: LazyString
    view: Callable[..., Any]
    answer: type[Answer] | None
    parts: Mapping[str, Any]
    query: type[Given] | None = None
    body: type[Given] | None = None
    takes: str = JSON
    gives: str = JSON
    status: int = 200
    conflicts: bool = False

    @cached_property
    def readers(self) -> dict[str, TypeAdapter[Any]]:
        """How each part of the path is read."""
        return {name: TypeAdapter(kind) for name, kind in self.parts.items()}

    @property
    def rule(self) -> str:
        """The address as Flask writes it."""
        return re.sub(r"\{(\w+)\}", r"<\1>", self.path)

    @property
    def writes(self) -> bool:
        """Whether it changes anything."""
        return self.method != "GET"

    @property
    def statuses(self) -> list[int]:
        """The problems it answers with, in their order."""
        found = {400, 401, 403, 429, 500, 503}
        if self.parts or self.query is not None:
            found.add(404)
        if self.body is not None or self.takes != JSON:
            found |= {413, 415}
        if self.body is not None:
            found.add(422)
        if self.conflicts:
            found.add(409)
        if self.gives == WAV:
            found.add(416)
        return sorted(found)


OPERATIONS: dict[str, Operation] = {}
View = TypeVar("View", bound=Callable[..., Any])


def operation(
    method: str,
    path: str,
    summary: LazyString,
    *,
    page: str,
    scope: str,
    answer: type[Answer] | None = None,
    parts: Mapping[str, Any] | None = None,
    name: str = "",
    **more: Any,
) -> Callable[[View], View]:
    """Declare the function below as an operation of the API; `name` where its own is taken."""

    def declare(view: View) -> View:
        known_as = name or view.__name__
        one = Operation(
            name=known_as,
            method=method,
            path=path,
            group=path.split("/")[1].partition(".")[0],
            page=page,
            scope=scope,
            summary=summary,
            view=view,
            answer=answer,
            parts=parts or {},
            **more,
        )
        OPERATIONS[f"api.{known_as}"] = one
        blueprint.add_url_rule(
            one.rule, known_as, lambda **given: _serve(one, given), methods=[method]
        )
        return view

    return declare


def _serve(one: Operation, given: Mapping[str, str]) -> Response:
    try:
        found = one.view(**_parts(one, given), **_query(one), **_body(one))
    except NotFoundError as error:
        raise ProblemError(404, said(error)) from None
    except RefusedError as error:
        raise ProblemError(409 if one.writes else 404, said(error)) from None
    except ServiceError as error:
        raise ProblemError(409, said(error)) from None
    if isinstance(found, Response):
        return found
    return _sent(one, found)


def _parts(one: Operation, given: Mapping[str, str]) -> dict[str, Any]:
    try:
        return {name: one.readers[name].validate_python(value) for name, value in given.items()}
    except ValidationError:
        raise ProblemError(404) from None


def _query(one: Operation) -> dict[str, Any]:
    # What was meant as a filter and is none would answer with everything.
    known = one.query.model_fields if one.query is not None else {}
    given = request.args.to_dict(flat=False)
    wrong = [fault("extra_forbidden", f"query.{name}") for name in given if name not in known]
    wrong += [fault("repeated", f"query.{name}") for name in given if len(given[name]) > 1]
    if wrong:
        raise ProblemError(400, None, wrong)
    if one.query is None:
        return {}
    try:
        return {"query": one.query.model_validate(request.args.to_dict())}
    except ValidationError as error:
        raise ProblemError(400, None, faults(error, "query")) from None


def _body(one: Operation) -> dict[str, Any]:
    if one.body is None and one.takes == JSON:
        return {}
    if request.mimetype != one.takes:
        raise ProblemError(415, None, headers={"Accept": one.takes})
    sent = request.get_data(cache=False)
    if one.body is None:
        return {"body": sent}
    try:
        return {"body": one.body.model_validate_json(sent)}
    except ValidationError as error:
        unreadable = any(one["type"] == "json_invalid" for one in error.errors())
        raise ProblemError(400 if unreadable else 422, None, faults(error, "body")) from None


def _sent(one: Operation, found: Answer) -> Response:
    answer = Response(found.model_dump_json(), one.status, mimetype=JSON)
    answer.headers["Content-Language"] = page_language()
    answer.vary.add("Accept-Language")
    if isinstance(found, Page) and found.next is not None:
        asked = urlencode({**request.args.to_dict(), "after": found.next})
        there = f"{request.path}?{asked}"
        answer.headers["Link"] = f'<{there}>; rel="next"'
    if not one.writes:
        answer.add_etag(weak=True)
        answer.make_conditional(request)
    return answer
