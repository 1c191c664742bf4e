"""The page of the audit log."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from admin_web.audit_log.forms import AuditSearch
from admin_web.desk import desk
from admin_web.links import with_query
from ivr.services import audit as service
from ivr.services.errors import RefusedError

blueprint = Blueprint("audit", __name__, url_prefix="/audit")


@blueprint.get("/")
def audit() -> ResponseReturnValue:
    """What was done, newest first."""
    form = AuditSearch(request.args)
    page = None
    if form.validate():
        try:
            with desk().database.read() as session:
                page = service.search(
                    session, form.filter(desk().zone), after=request.args.get("after")
                )
        except RefusedError:
            abort(404)
    query = form.query()
    return render_template(
        "audit_log/audit.html",
        form=form,
        query=query,
        page=page,
        older=page and page.next and with_query("audit.audit", query, after=page.next),
        first=with_query("audit.audit", query) if "after" in request.args else None,
    ), 200 if page else 422
