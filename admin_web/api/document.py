"""The OpenAPI 3.1 document, made from the declarations that requests are checked by."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from flask_babel import gettext as _
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from admin_web.api.operation import CSV, JSON, OPERATIONS, PCAP, WAV, Operation
from admin_web.api.problems import MEDIA_TYPE, TITLES, ProblemDetails
from admin_web.api.scopes import SCOPES
from admin_web.languages import page_language

VERSION = "1"
_REF = "#/components/schemas/{model}"
_BINARY = {
    CSV: {"type": "string"},
    WAV: {"type": "string", "contentMediaType": WAV},
    PCAP: {"type": "string", "contentMediaType": PCAP},
}

_HEADERS: dict[str, Any] = {
    "RateLimit": {
        "description": "requests left (r) and seconds until all are there again (t)",
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {
        "description": "requests (q) in a window of seconds (w)",
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "seconds to wait before the next request",
        "schema": {"type": "integer", "minimum": 1},
    },
    "Link": {"description": "the next page (RFC 8288)", "schema": {"type": "string"}},
    "ETag": {"description": "send it back as If-None-Match", "schema": {"type": "string"}},
    "WWW-Authenticate": {"schema": {"type": "string"}},
}


def document() -> dict[str, Any]:
    """Return the document in the language of the answer; it is not to be changed."""
    return _written(page_language())


@lru_cache(maxsize=4)
def _written(_language: str) -> dict[str, Any]:
    """Make it once for each language: who asks for it needs no token, and it takes a while."""
    listed = list(OPERATIONS.values())
    schemas = _schemas(listed)
    paths: dict[str, dict[str, Any]] = {}
    for one in listed:
        paths.setdefault(f"/api{one.path}", {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": _("Minsheng Line"),
            "version": VERSION,
            "description": _(
                "Every page's data of the desk for programs. Times are RFC 3339 in UTC, money "
                "is a decimal string in yuan, errors are RFC 9457, lists are read page by page."
            ),
            "license": {"name": "GPL-3.0-or-later", "identifier": "GPL-3.0-or-later"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": [{"name": group} for group in dict.fromkeys(one.group for one in listed)],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "; ".join(f"{name}: {told}" for name, told in SCOPES.items()),
                }
            },
            "schemas": schemas,
            "headers": _HEADERS,
            "responses": {str(status): _problem(status) for status in TITLES},
        },
    }


def _schemas(listed: list[Operation]) -> dict[str, Any]:
    answers = {one.answer for one in listed if one.answer} | {ProblemDetails}
    bodies = {one.body for one in listed if one.body}
    wanted: list[tuple[type[BaseModel], Any]] = [
        *((model, "serialization") for model in sorted(answers, key=lambda model: model.__name__)),
        *((model, "validation") for model in sorted(bodies, key=lambda model: model.__name__)),
    ]
    _refs, found = models_json_schema(wanted, ref_template=_REF)
    return dict(found["$defs"])


def reference_to(model: type[BaseModel]) -> str:
    """Return where the document keeps a model; brackets of a generic one are no part of a name."""
    return _REF.format(model=re.sub(r"\W", "_", model.__name__))


def _operation(one: Operation) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": one.name,
        "summary": str(one.summary),
        "description": _("Scope: %(scope)s", scope=f"`{one.scope}`"),
        "tags": [one.group],
        "security": [{"token": []}],
        "parameters": [*_path(one), *_query(one)],
        "responses": {**_good(one), **_problems(one)},
    }
    if one.body is not None:
        schema = {"$ref": reference_to(one.body)}
        made["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    elif one.takes != JSON:
        schema = {"type": "string"}
        made["requestBody"] = {"required": True, "content": {one.takes: {"schema": schema}}}
    return made


def _path(one: Operation) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": TypeAdapter(one.parts[name]).json_schema(),
        }
        for name in re.findall(r"\{(\w+)\}", one.path)
    ]


def _query(one: Operation) -> list[dict[str, Any]]:
    if one.query is None:
        return []
    schema = one.query.model_json_schema()
    required, shared = schema.get("required", []), schema.get("$defs", {})
    found = []
    for name, field in schema["properties"].items():
        shape = _settled(field, shared)
        told = shape.pop("description", None)
        shape.pop("title", None)
        one_of_them: dict[str, Any] = {"name": name, "in": "query", "schema": shape}
        if told:
            one_of_them["description"] = told
        if name in required:
            one_of_them["required"] = True
        found.append(one_of_them)
    return found


def _settled(field: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    """Return a field's schema without null, which a query cannot say, and without references."""
    shape = dict(field)
    if "$ref" in shape:
        shape = {**shared[shape.pop("$ref").rsplit("/", 1)[1]], **shape}
    if "anyOf" in shape:
        some = [each for each in shape["anyOf"] if each != {"type": "null"}]
        if len(some) == 1:
            shape.pop("anyOf")
            shape = {**_settled(some[0], shared), **shape}
        else:
            shape["anyOf"] = some
    if shape.get("default", ...) is None:
        shape.pop("default")
    return shape


def _good(one: Operation) -> dict[str, Any]:
    headers: dict[str, Any] = {
        name: {"$ref": f"#/components/headers/{name}"} for name in ("RateLimit", "RateLimit-Policy")
    }
    if one.answer is None:
        if one.status == 204:
            return {"204": {"description": _("Done"), "headers": headers}}
        content = {one.gives: {"schema": _BINARY[one.gives]}}
        good = {"description": _("The file"), "headers": headers, "content": content}
        return {"200": good, **({"206": good, "304": _same()} if one.gives == WAV else {})}
    if not one.writes:
        headers["ETag"] = {"$ref": "#/components/headers/ETag"}
        if "next" in one.answer.model_fields:
            headers["Link"] = {"$ref": "#/components/headers/Link"}
    schema = {"$ref": reference_to(one.answer)}
    made = {
        "description": str(one.summary),
        "headers": headers,
        "content": {JSON: {"schema": schema}},
    }
    return {str(one.status): made, **({} if one.writes else {"304": _same()})}


def _same() -> dict[str, Any]:
    return {"description": _("It is as it was: the ETag still fits")}


def _problems(one: Operation) -> dict[str, Any]:
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in one.statuses}


def _problem(status: int) -> dict[str, Any]:
    schema = {"$ref": reference_to(ProblemDetails)}
    made: dict[str, Any] = {
        "description": str(TITLES[status]),
        "content": {MEDIA_TYPE: {"schema": schema}},
    }
    wanted = {401: ["WWW-Authenticate"], 403: ["WWW-Authenticate"], 429: ["Retry-After"]}
    if status in wanted:
        made["headers"] = {
            name: {"$ref": f"#/components/headers/{name}"} for name in wanted[status]
        }
    return made
