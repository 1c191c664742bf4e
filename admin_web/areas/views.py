"""Pages of the table of areas."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from admin_web.areas.forms import AreaForm, NewAreaForm
from admin_web.audit import note
from admin_web.desk import desk
from admin_web.reasons import said
from ivr.services import areas as service
from ivr.services.errors import NotFoundError, RefusedError

blueprint = Blueprint("areas", __name__, url_prefix="/areas")


@blueprint.route("/", methods=["GET", "POST"])
def areas() -> ResponseReturnValue:
    """All areas; a new one."""
    form = NewAreaForm()
    if form.validate_on_submit() and _save(form.code.data, form, new=True):
        flash(_("The area is saved. Callers can key its code from now on."))
        return redirect(url_for("areas.areas"))
    with desk().database.read() as session:
        rows, used = service.all_areas(session), service.used_codes(session)
    return render_template(
        "areas/areas.html", rows=rows, used=used, form=form
    ), 200 if request.method == "GET" else 422


@blueprint.route("/<code>", methods=["GET", "POST"])
def edit(code: str) -> ResponseReturnValue:
    """Rename an area."""
    with desk().database.read() as session:
        known = {row.code: row for row in service.all_areas(session)}
    if code not in known:
        abort(404)
    form = AreaForm()
    if form.validate_on_submit() and _save(code, form, new=False):
        flash(_("The area is saved. Callers can key its code from now on."))
        return redirect(url_for("areas.areas"))
    if request.method == "GET":
        form.name_zh.data, form.name_en.data = known[code].name_zh, known[code].name_en
    return render_template(
        "areas/area.html", form=form, code=code
    ), 200 if request.method == "GET" else 422


@blueprint.post("/<code>/remove")
def remove(code: str) -> ResponseReturnValue:
    """Remove an area that no notice names."""
    try:
        with desk().database.begin() as session:
            service.remove(session, code)
            note(session, "area_removed", f"area {code}")
    except NotFoundError:
        abort(404)
    except RefusedError as error:
        flash(_("Not removed: %(reason)s", reason=said(error)), "error")
    else:
        flash(_("The area is removed."))
    return redirect(url_for("areas.areas"))


def _save(code: str, form: AreaForm, *, new: bool) -> bool:
    """Save an area; False with the reason beside its field."""
    try:
        with desk().database.begin() as session:
            write = service.add if new else service.save
            write(session, code, form.name_zh.data, form.name_en.data or "")
            note(session, "area_saved", f"area {code}")
    except RefusedError as error:
        field = form.code if isinstance(form, NewAreaForm) else form.name_zh
        field.errors = [said(error)]
        return False
    return True
