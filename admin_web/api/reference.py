"""The document of the API, and the page on which people read it.

Redoc, Swagger UI, Scalar and RapiDoc write styles into the page, which its policy forbids, in
English only, and none can be printed. This page is made by the server from the same document.
"""

from __future__ import annotations

from typing import Any

from flask import Response, json, render_template, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel

from admin_web.api.document import document, reference_to
from admin_web.api.guard import speak_as_asked
from admin_web.api.operation import CSV, JSON, OPERATIONS, WAV, Operation, blueprint
from admin_web.api.scopes import SCOPES
from admin_web.desk import desk
from admin_web.languages import page_language


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """The document; it tells nothing of this town, so no token is asked for."""
    speak_as_asked()
    answer = Response(json.dumps(document(), ensure_ascii=False), mimetype=JSON)
    answer.headers["Content-Language"] = page_language()
    return answer


@blueprint.get("/")
def reference() -> ResponseReturnValue:
    """Every operation, with an example for the command line."""
    found = document()
    groups: dict[str, list[dict[str, Any]]] = {}
    for one in OPERATIONS.values():
        told = found["paths"][f"/api{one.path}"][one.method.lower()]
        groups.setdefault(one.group, []).append(
            {
                "one": one,
                "told": told,
                "body": one.body and _model(found, one.body),
                "answer": one.answer and _model(found, one.answer),
            }
        )
    return render_template(
        "api/reference.html",
        groups=groups,
        scopes=SCOPES,
        rate=desk().settings.api_rate,
        shown=lambda schema: _shown(schema, found["components"]["schemas"]),
        curl=lambda one: _curl(one, found["components"]["schemas"]),
    )


def _model(found: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    schema: dict[str, Any] = found["components"]["schemas"][reference_to(model).rpartition("/")[2]]
    return schema


def _shown(schema: dict[str, Any], known: dict[str, Any]) -> str:
    """Return what a field takes, in as few signs as a reader needs."""
    if "$ref" in schema:
        return _shown(known[schema["$ref"].rsplit("/", 1)[1]], known)
    if "anyOf" in schema:
        return " | ".join(_shown(each, known) for each in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    examples = schema.get("examples")
    if examples:
        return str(examples[0])
    kind = str(schema.get("format", schema.get("type", "")))
    low, high = schema.get("minimum"), schema.get("maximum")
    return f"{kind} {low}…{high}" if low is not None and high is not None else kind


# What stands for a part of an address, or for a field that must be sent.
_EXAMPLES: dict[str, Any] = {
    "ticket": "202611220001",
    "call_id": "CALL",
    "recording_id": "RECORDING",
    "task_id": "1",
    "outage_id": "1",
    "number": "880123",
    "code": "01",
    "prompt_id": "greeting",
    "name": "main",
    "revision": "1",
    "username": "admin",
    "seen_state": "received",
    "to_state": "assigned",
    "text": "…",
    "seen": "2026-11-22T08:00:00+00:00",
    "kind": "water",
    "starts": "2026-11-22T18:00:00+08:00",
    "text_zh": "今晚停水，请提前蓄水。",
    "name_zh": "老城区",
    "import_id": "1",
    "upload_id": "1",
    "template_id": "1",
    "search_id": "1",
    "announcement_id": "1",
    "language": "zh-CN",
    "department": "environment",
    "reason": "…",
    "reply": "…",
    "into": "202611210001",
    "confidential": True,
    "result": "no_answer",
    "ends": "2026-11-22T18:00:00+08:00",
    "query": {"ended_by": "error"},
}


_FILES = {CSV: "list.csv", WAV: "spoken.wav"}


def _curl(one: Operation, known: dict[str, Any]) -> str:
    """Return the operation as one command."""
    path = one.path
    for name in one.parts:
        path = path.replace(f"{{{name}}}", str(_EXAMPLES[name]))
    address = f"{request.host_url.rstrip('/')}/api{path}"
    lines = ["curl -H 'Authorization: Bearer TOKEN'"]
    if one.method != "GET":
        lines[0] += f" -X {one.method}"
    if one.body is not None:
        needed = known[one.body.__name__].get("required", [])
        sent = {name: _EXAMPLES[name] for name in needed}
        lines.append("-H 'Content-Type: application/json'")
        lines.append(f"-d '{json.dumps(sent, ensure_ascii=False)}'")
    elif one.takes != JSON:
        lines.append(f"-H 'Content-Type: {one.takes}' --data-binary @{_FILES[one.takes]}")
    if one.gives != JSON:
        lines.append(f"-o {path.rsplit('/', 1)[1]}")
    if one.query is not None and "limit" in one.query.model_fields:
        address += "?limit=20"
    return " \\\n  ".join([*lines, f"'{address}'"])
