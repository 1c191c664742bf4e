"""Pages of outage notices."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy.orm import Session
from wtforms.fields.choices import SelectChoice

from admin_web.audit import note
from admin_web.desk import desk
from admin_web.forms import choices
from admin_web.names import named
from admin_web.outages.forms import LONGEST_TEXT, OutageForm
from admin_web.reasons import said
from admin_web.voice import spoken
from ivr.records.tables import Outage
from ivr.services import areas as area_service
from ivr.services import outages as service
from ivr.services.errors import NotFoundError, RefusedError

blueprint = Blueprint("outages", __name__, url_prefix="/outages")


@blueprint.get("/")
def outages() -> ResponseReturnValue:
    """All notices, by whether callers hear them."""
    now = desk().now()
    with desk().database.read() as session:
        rows = service.everything(session)
        heard = {row.id for row in service.current(session, now)}
        areas = {area.code: area for area in area_service.all_areas(session)}
    groups: dict[str, list[Outage]] = {"current": [], "planned": [], "ended": []}
    for row in rows:
        if row.id in heard:
            groups["current"].append(row)
        elif row.ended_at is None and row.valid_from > now:
            groups["planned"].append(row)
        else:
            groups["ended"].append(row)
    return render_template("outages/outages.html", groups=groups, areas=areas)


@blueprint.route("/new", methods=["GET", "POST"])
def add() -> ResponseReturnValue:
    """Publish a notice."""
    return _form_page(None)


@blueprint.route("/<int:outage_id>", methods=["GET", "POST"])
def edit(outage_id: int) -> ResponseReturnValue:
    """Change a notice."""
    return _form_page(outage_id)


def _form_page(outage_id: int | None) -> ResponseReturnValue:
    form = OutageForm()
    with desk().database.read() as session:
        form.area_code.choices = _area_choices(session)
        kept = _get(session, outage_id) if outage_id is not None else None
    refused = None
    if form.validate_on_submit():
        try:
            _save(form, outage_id)
        except RefusedError as error:
            refused = _("The notice was not saved: %(reason)s", reason=said(error))
        else:
            flash(_("The notice is saved. Callers hear it as given here."))
            return redirect(url_for("outages.outages"))
    elif request.method == "GET":
        if kept is not None:
            form.show(kept, desk().zone)
        else:
            form.starts_at.data = desk().now().astimezone(desk().zone)
    return render_template(
        "outages/outage.html",
        form=form,
        title=_l("Add an outage notice") if outage_id is None else _l("Edit the outage notice"),
        clash=refused,
        zone=desk().settings.timezone,
    ), 200 if request.method == "GET" else 422


def _save(form: OutageForm, outage_id: int | None) -> None:
    now = desk().now()
    notice = form.notice(desk().zone)
    with desk().database.begin() as session:
        if outage_id is None:
            row = service.add(session, notice, who=current_user.username, now=now)
        else:
            row = service.edit(session, outage_id, notice, now=now)
        note(session, "outage_saved", f"outage {row.id}")


@blueprint.post("/<int:outage_id>/end")
def end(outage_id: int) -> ResponseReturnValue:
    """The supply is back."""
    with desk().database.begin() as session:
        _get(session, outage_id)
        service.end(session, outage_id, now=desk().now())
        note(session, "outage_ended", f"outage {outage_id}")
    flash(_("The notice has ended. Callers no longer hear it."))
    return redirect(url_for("outages.outages"))


@blueprint.post("/hear")
def hear() -> ResponseReturnValue:
    """Speak the text of the form as a caller would hear it."""
    language = request.form.get("language", "zh-CN")
    name = {"zh-CN": "text_zh", "en": "text_en"}.get(language)
    if name is None:
        abort(400)
    return spoken(request.form.get(name, "")[:LONGEST_TEXT], language)


def _get(session: Session, outage_id: int) -> Outage:
    try:
        return service.get(session, outage_id)
    except NotFoundError:
        abort(404)


def _area_choices(session: Session) -> list[SelectChoice]:
    listed = area_service.all_areas(session)
    table = {area.code: f"{area.code} {named(area)}" for area in listed}
    return choices(table, _("Whole town"))
