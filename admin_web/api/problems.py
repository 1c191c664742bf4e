"""What went wrong, for programs: RFC 9457, in the language asked for (RFC 9110 §12.5.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, json
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from pydantic import BaseModel, ValidationError

from admin_web.languages import page_language

MEDIA_TYPE = "application/problem+json"

# status: what it is called. Each operation of the document names those it answers with.
TITLES: Mapping[int, LazyString] = {
    400: _l("The request was not understood"),
    401: _l("No token, or none that is in use"),
    403: _l("This token may not do this"),
    404: _l("There is no such record"),
    405: _l("This address does not take this method"),
    406: _l("This cannot be sent in that form"),
    409: _l("This cannot be done as things stand"),
    413: _l("This is too large"),
    415: _l("This type of content is not taken here"),
    416: _l("This part of the recording does not exist"),
    422: _l("What was sent does not fit"),
    429: _l("Too many requests"),
    500: _l("Something failed on our side"),
    503: _l("Part of the service is not running"),
}


class Fault(BaseModel):
    """One thing that is wrong, and where."""

    place: str
    detail: str


class ProblemDetails(BaseModel):
    """RFC 9457; ``errors`` names each field that is wrong."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    errors: list[Fault] | None = None


class ProblemError(Exception):
    """An answer that is a problem."""

    def __init__(
        self,
        status: int,
        detail: object = None,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail)
        self.status, self.detail, self.errors = status, detail, tuple(errors)
        self.headers = dict(headers or {})


def problem(
    status: int,
    detail: object = None,
    errors: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the answer that says what is wrong."""
    title = TITLES.get(status) or TITLES[400 if status < 500 else 500]
    told = ProblemDetails(
        title=str(title),
        status=status,
        detail=None if detail is None else str(detail),
        errors=list(errors) or None,
    )
    answer = Response(
        json.dumps(told.model_dump(exclude_none=True), ensure_ascii=False),
        status,
        mimetype=MEDIA_TYPE,
    )
    answer.headers["Content-Language"] = page_language()
    answer.headers.update(headers or {})
    return answer


# pydantic's word for a fault: ours, with its facts in it
_FAULTS: Mapping[str, LazyString] = {
    "missing": _l("this is missing"),
    "extra_forbidden": _l("there is no such field; look for a slip of the pen"),
    "string_type": _l("this must be a text"),
    "string_too_short": _l("this must have at least %(min_length)s characters"),
    "string_too_long": _l("this may have at most %(max_length)s characters"),
    "string_pattern_mismatch": _l("this does not have the form it must have"),
    "enum": _l("one of: %(expected)s"),
    "literal_error": _l("one of: %(expected)s"),
    "int_type": _l("this must be a whole number"),
    "int_parsing": _l("this must be a whole number"),
    "bool_type": _l("true or false"),
    "greater_than_equal": _l("at least %(ge)s"),
    "less_than_equal": _l("at most %(le)s"),
    "too_long": _l("there may be at most %(max_length)s of these"),
    "too_short": _l("there must be at least %(min_length)s of these"),
    "list_type": _l("this must be a list"),
    "json_invalid": _l("this is not JSON"),
    "model_type": _l("this must be an object"),
    "model_attributes_type": _l("this must be an object"),
    "moment": _l("a time such as 2026-11-22T08:00:00+08:00"),
    "day": _l("a day such as 2026-11-22"),
    "flag": _l("true or false"),
    "whole": _l("a whole number"),
    "repeated": _l("give this once"),
}


def fault(kind: str, place: str, facts: Mapping[str, Any] | None = None, msg: str = "") -> Fault:
    """Return a fault of one of the kinds above in the language of the answer."""
    template = _FAULTS.get(kind)
    try:
        told = str(template) % (facts or {}) if template is not None else msg
    except (KeyError, TypeError, ValueError):
        told = msg
    return Fault(place=place, detail=told)


def faults(error: ValidationError, within: str) -> list[Fault]:
    """Return what is wrong with what was given."""
    return [
        fault(one["type"], ".".join([within, *map(str, one["loc"])]), one.get("ctx"), one["msg"])
        for one in error.errors(include_url=False)
    ]
