"""The document of the API, and the page on which people read it.

Redoc, Swagger UI, Scalar and RapiDoc write styles into the page, which its policy forbids, in
English only, and none can be printed. This page is made by the server from the same document.
"""

from __future__ import annotations

from typing import Any

from flask import Response, json, render_template
from flask.typing import ResponseReturnValue

from admin_web.api.document import document
from admin_web.api.guard import speak_as_asked
from admin_web.api.operation import JSON, OPERATIONS, blueprint
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
                "body": one.body and found["components"]["schemas"][one.body.__name__],
                "answer": one.answer and _model(found, one.answer.__name__),
            }
        )
    return render_template(
        "api/reference.html", groups=groups, scopes=SCOPES, rate=desk().settings.api_rate
    )


def _model(found: dict[str, Any], name: str) -> dict[str, Any]:
    schemas: dict[str, Any] = found["components"]["schemas"]
    return schemas.get(name) or next(
        (schema for key, schema in schemas.items() if key.startswith(name.split("[")[0])), {}
    )
