"""Pages of trunks and numbers."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from wtforms.fields.choices import SelectChoice

from admin_web.audit import note
from admin_web.desk import desk
from admin_web.flows.published import flow_names, flow_titles
from admin_web.trunks.forms import NewNumberForm, NumberForm
from ivr.records.tables import TrunkRow
from ivr.services import numbers as number_service
from ivr.services import trunks as trunk_service
from ivr.services.errors import NotFoundError

blueprint = Blueprint("trunks", __name__, url_prefix="/trunks")


@blueprint.app_template_filter()
def other_side(trunk: TrunkRow) -> str:
    """Return whom a trunk registers with; never its password."""
    registrar = trunk.settings.get("registrar")
    return str(registrar) if registrar else "—"


@blueprint.get("/")
def trunks() -> ResponseReturnValue:
    """How the trunks stand, and the table of numbers."""
    return _list(None)


def _list(form: NewNumberForm | None) -> ResponseReturnValue:
    with desk().database.read() as session:
        names = flow_names(session)
        shown = form or _new_number(session)
        return render_template(
            "trunks/trunks.html",
            trunks=trunk_service.all_trunks(session),
            numbers=number_service.all_numbers(session),
            flow_names=names,
            titles=flow_titles(session),
            form=shown,
        ), 422 if form else 200


@blueprint.post("/numbers")
def add_number() -> ResponseReturnValue:
    """List a number."""
    with desk().database.read() as session:
        form = _new_number(session)
        known = {row.called for row in number_service.all_numbers(session)}
    if not form.validate():
        return _list(form)
    if form.called.data in known:
        form.called.errors = [_("This number is listed already. Edit it instead.")]
        return _list(form)
    _save(form.called.data, form)
    return redirect(url_for("trunks.trunks"))


@blueprint.route("/numbers/<called>", methods=["GET", "POST"])
def edit_number(called: str) -> ResponseReturnValue:
    """Let a listed number start another flow."""
    with desk().database.read() as session:
        listed = {row.called: row for row in number_service.all_numbers(session)}
        form = NumberForm()
        form.flow.choices = _flow_choices(session)
    if called not in listed:
        abort(404)
    if form.validate_on_submit():
        _save(called, form)
        return redirect(url_for("trunks.trunks"))
    if request.method == "GET":
        form.flow.data, form.note.data = listed[called].flow, listed[called].note
    return render_template(
        "trunks/number.html", form=form, called=called
    ), 200 if request.method == "GET" else 422


@blueprint.post("/numbers/<called>/remove")
def remove_number(called: str) -> ResponseReturnValue:
    """The number starts ``main`` again."""
    try:
        with desk().database.begin() as session:
            number_service.remove(session, called)
            note(session, "number_removed", called)
    except NotFoundError:
        abort(404)
    flash(_("The number is no longer listed; it starts “main”."))
    return redirect(url_for("trunks.trunks"))


def _save(called: str, form: NumberForm) -> None:
    with desk().database.begin() as session:
        number_service.save(
            session, called, form.flow.data, note=form.note.data or "", now=desk().now()
        )
        note(session, "number_saved", called, flow=form.flow.data)
    flash(_("The number is saved; the next call to it starts this flow."))


def _new_number(session: Session) -> NewNumberForm:
    form = NewNumberForm(None if request.method == "GET" else request.form)
    form.flow.choices = _flow_choices(session)
    return form


def _flow_choices(session: Session) -> list[SelectChoice]:
    titles = flow_titles(session)
    names = sorted(flow_names(session), key=lambda name: (name != "main", name))
    return [
        SelectChoice(name, f"{titles[name]} · {name}" if name in titles else name) for name in names
    ]
