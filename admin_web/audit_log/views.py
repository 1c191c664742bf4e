"""The page of the audit log, and whether it is what was written."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from admin_web.audit_log.forms import AuditSearch
from admin_web.audit_log.masking import detail_of, record_of, shown, veil_of
from admin_web.desk import desk
from admin_web.links import with_query
from ivr.services import audit as service
from ivr.services import audit_check
from ivr.services.errors import RefusedError

blueprint = Blueprint("audit", __name__, url_prefix="/audit")


@blueprint.get("/")
def audit() -> ResponseReturnValue:
    """What was done, newest first."""
    form = AuditSearch(request.args)
    page = None
    with desk().database.read() as session:
        if form.validate():
            try:
                page = service.search(
                    session, form.filter(desk().zone), after=request.args.get("after")
                )
            except RefusedError:
                abort(404)
        checked = audit_check.last(session)
        veil = veil_of(session, page.entries if page else ())
    query = form.query()
    return render_template(
        "audit_log/audit.html",
        entries=shown(page.entries, veil, form.record.data or "") if page else [],
        record_of=lambda entry: record_of(entry, veil),
        detail_of=lambda entry: detail_of(entry, veil),
        form=form,
        query=query,
        page=page,
        checked=checked,
        older=page and page.next and with_query("audit.audit", query, after=page.next),
        first=with_query("audit.audit", query) if "after" in request.args else None,
    ), 200 if page else 422


@blueprint.post("/check")
def check() -> ResponseReturnValue:
    """Compute every seal anew."""
    found = audit_check.check_and_keep(desk().database, desk().now())
    if found.sound:
        flash(_("Every entry is as it was written."))
    return redirect(url_for("audit.audit"))
