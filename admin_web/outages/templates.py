"""Templates of outage notices: wording that staff keep and use again."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from admin_web.audit import note
from admin_web.desk import desk
from admin_web.outages.blueprint import blueprint
from admin_web.outages.forms import TemplateForm
from admin_web.outages.views import slot_names
from admin_web.reasons import said
from ivr.records.tables import UtilityKind
from ivr.services import outage_templates as service
from ivr.services.errors import NotFoundError, RefusedError


@blueprint.get("/templates")
def templates() -> ResponseReturnValue:
    """All templates."""
    with desk().database.read() as session:
        rows = service.every(session)
    return render_template("outages/templates.html", rows=rows)


@blueprint.route("/templates/new", methods=["GET", "POST"])
def add_template() -> ResponseReturnValue:
    """A new template."""
    return _form_page(None)


@blueprint.route("/templates/<int:template_id>", methods=["GET", "POST"])
def template(template_id: int) -> ResponseReturnValue:
    """Change a template; notices made from it stay as they are."""
    return _form_page(template_id)


@blueprint.post("/templates/<int:template_id>/remove")
def remove_template(template_id: int) -> ResponseReturnValue:
    """Throw a template away."""
    try:
        with desk().database.begin() as session:
            service.remove(session, template_id)
            note(session, "outage_template_removed", f"template {template_id}")
    except NotFoundError:
        abort(404)
    flash(_("The template is gone; notices made from it stay."))
    return redirect(url_for("outages.templates"))


def _form_page(template_id: int | None) -> ResponseReturnValue:
    form = TemplateForm()
    if form.validate_on_submit():
        try:
            with desk().database.begin() as session:
                row = service.save(
                    session,
                    template_id,
                    kind=UtilityKind(form.kind.data),
                    names=(form.name_zh.data, form.name_en.data or ""),
                    texts=(form.text_zh.data, form.text_en.data or ""),
                    who=current_user.username,
                    now=desk().now(),
                )
                note(session, "outage_template_saved", f"template {row.id}")
        except NotFoundError:
            abort(404)
        except RefusedError as error:
            form.text_zh.errors = [said(error)]
        else:
            flash(_("The template is saved."))
            return redirect(url_for("outages.templates"))
    elif request.method == "GET" and template_id is not None:
        with desk().database.read() as session:
            try:
                kept = service.get(session, template_id)
            except NotFoundError:
                abort(404)
        form = TemplateForm(None, obj=kept)
        form.kind.data = kept.kind.value
    return render_template(
        "outages/template.html", form=form, template_id=template_id, slots=slot_names()
    ), 200 if request.method == "GET" else 422
