"""Pages of outage notices."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy.orm import Session

from admin_web.audit import note
from admin_web.desk import desk
from admin_web.forms import choices
from admin_web.languages import page_language
from admin_web.names import named
from admin_web.outages.blueprint import blueprint
from admin_web.outages.forms import LONGEST_TEXT, ExtendForm, OutageForm
from admin_web.outages.heard import clauses, unsaved
from admin_web.reasons import said
from admin_web.voice import not_spoken, spoken, spoken_clauses
from ivr.records.tables import Area, Outage
from ivr.services import areas as area_service
from ivr.services import outage_templates
from ivr.services import outages as service
from ivr.services.errors import NotFoundError, RefusedError
from prompts.errors import PromptError

GROUPS = ("draft", "current", "planned", "ended")


@blueprint.get("/")
def outages() -> ResponseReturnValue:
    """All notices, by whether callers hear them."""
    now = desk().now()
    with desk().database.read() as session:
        rows = service.everything(session)
        heard = {row.id for row in service.current(session, now)}
        areas = _areas(session)
    groups: dict[str, list[Outage]] = {name: [] for name in GROUPS}
    for row in rows:
        if row.draft:
            groups["draft"].append(row)
        elif row.id in heard:
            groups["current"].append(row)
        elif row.ended_at is None and row.valid_from > now:
            groups["planned"].append(row)
        else:
            groups["ended"].append(row)
    late = {row.id for row in groups["current"] if row.ends_at and row.ends_at < now}
    return render_template("outages/outages.html", groups=groups, areas=areas, late=late)


@blueprint.route("/new", methods=["GET", "POST"])
def add() -> ResponseReturnValue:
    """Publish a notice: from nothing, from a template, or as a copy."""
    return _form_page(None)


@blueprint.route("/<int:outage_id>", methods=["GET", "POST"])
def edit(outage_id: int) -> ResponseReturnValue:
    """Change a notice."""
    return _form_page(outage_id)


def _form_page(outage_id: int | None) -> ResponseReturnValue:
    form = OutageForm()
    zone = desk().zone
    with desk().database.read() as session:
        areas = _areas(session)
        form.area_code.choices = choices(
            {code: f"{code} {named(row)}" for code, row in areas.items()}
        )
        kept = _get(session, outage_id) if outage_id is not None else None
        templates = outage_templates.every(session)
        if request.method == "GET" and kept is None:
            _begin(session, form)
    refused = None
    draft = "draft" in request.form
    if request.method == "POST":
        if form.validate() and form.fill_in(areas, zone):
            try:
                _save(form, outage_id, draft=draft)
            except RefusedError as error:
                refused = _("The notice was not saved: %(reason)s", reason=said(error))
            else:
                flash(
                    _("The draft is saved. Callers hear nothing of it yet.")
                    if draft
                    else _("The notice is saved. Callers hear it as given here.")
                )
                return redirect(url_for("outages.outages"))
    elif kept is not None:
        form.show(kept, zone)
    return render_template(
        "outages/outage.html",
        form=form,
        title=_l("Add an outage notice") if outage_id is None else _l("Edit the outage notice"),
        clash=refused,
        zone=desk().settings.timezone,
        kept=kept,
        templates=templates,
        chosen=request.args.get("template", ""),
        slots=slot_names(),
    ), 200 if request.method == "GET" else 422


def slot_names() -> dict[str, str]:
    """The slots by what they are called in the language of the page."""
    names = outage_templates.IN_CHINESE
    return {slot: names[slot] if page_language() == "zh-CN" else slot for slot in names}


def _begin(session: Session, form: OutageForm) -> None:
    """Fill a new notice's form as its address asks."""
    form.starts_at.data = desk().now().astimezone(desk().zone)
    copy, template = request.args.get("copy", ""), request.args.get("template", "")
    if copy.isascii() and copy.isdigit() and len(copy) < 10:
        form.show(_get(session, int(copy)), desk().zone, times=False)
    elif template.isascii() and template.isdigit() and len(template) < 10:
        try:
            form.begin_from(outage_templates.get(session, int(template)))
        except NotFoundError:
            abort(404)


def _save(form: OutageForm, outage_id: int | None, *, draft: bool) -> None:
    now = desk().now()
    notice = form.notice(desk().zone, draft=draft)
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


@blueprint.post("/<int:outage_id>/extend")
def extend(outage_id: int) -> ResponseReturnValue:
    """It takes longer than expected."""
    form = ExtendForm()
    if not form.validate():
        flash(f"{form.ends_at.label.text}: {form.ends_at.errors[0]}", "error")
        return redirect(url_for("outages.outages"))
    ends_at = form.ends_at.data.replace(tzinfo=desk().zone)
    try:
        with desk().database.begin() as session:
            _get(session, outage_id)
            service.extend(session, outage_id, ends_at, now=desk().now())
            note(session, "outage_extended", f"outage {outage_id}")
    except RefusedError as error:
        flash(_("The notice was not saved: %(reason)s", reason=said(error)), "error")
    else:
        flash(
            _(
                "The new end is saved. If the text names the old one, change the text too: "
                "callers hear exactly that."
            )
        )
    return redirect(url_for("outages.outages"))


@blueprint.post("/<int:outage_id>/publish")
def publish(outage_id: int) -> ResponseReturnValue:
    """Have callers hear a draft."""
    with desk().database.begin() as session:
        _get(session, outage_id)
        service.publish(session, outage_id, now=desk().now())
        note(session, "outage_saved", f"outage {outage_id}")
    flash(_("The notice is published."))
    return redirect(url_for("outages.outages"))


@blueprint.post("/<int:outage_id>/remove")
def remove(outage_id: int) -> ResponseReturnValue:
    """Throw a draft away."""
    try:
        with desk().database.begin() as session:
            _get(session, outage_id)
            service.remove_draft(session, outage_id)
            note(session, "outage_removed", f"outage {outage_id}")
    except RefusedError as error:
        flash(said(error), "error")
    else:
        flash(_("The draft is gone."))
    return redirect(url_for("outages.outages"))


@blueprint.post("/hear")
def hear() -> ResponseReturnValue:
    """Speak the notice of the form as the line would: area, times, and the text."""
    language = request.form.get("language", "zh-CN")
    name = {"zh-CN": "text_zh", "en": "text_en"}.get(language)
    if name is None:
        abort(400)
    text = request.form.get(name, "")[:LONGEST_TEXT]
    if "starts_at" not in request.form:
        return spoken(text, language)
    form, zone = OutageForm(), desk().zone
    with desk().database.read() as session:
        areas = _areas(session)
        form.area_code.choices = choices({code: code for code in areas})
        form.validate()
        wrong = [one for one in form if one.errors and one.name not in ("text_zh", "text_en")]
        if wrong:
            told = f"{wrong[0].label.text}: {wrong[0].errors[0]}"
            return not_spoken(_("This text cannot be spoken: %(reason)s", reason=told), 422)
        try:
            form[name].data = form.filled(language, areas, zone)
            heard = clauses(session, unsaved(form.notice(zone)), language, zone)
        except (RefusedError, PromptError) as error:
            return not_spoken(_("This text cannot be spoken: %(reason)s", reason=said(error)), 422)
    return spoken_clauses(heard)


@blueprint.post("/<int:outage_id>/hear")
def hear_kept(outage_id: int) -> ResponseReturnValue:
    """Speak a notice as callers hear it."""
    language = request.form.get("language", "")
    if language not in ("zh-CN", "en"):
        abort(400)
    with desk().database.read() as session:
        try:
            heard = clauses(session, _get(session, outage_id), language, desk().zone)
        except PromptError as error:
            return not_spoken(_("This text cannot be spoken: %(reason)s", reason=said(error)), 422)
    return spoken_clauses(heard)


def _get(session: Session, outage_id: int) -> Outage:
    try:
        return service.get(session, outage_id)
    except NotFoundError:
        abort(404)


def _areas(session: Session) -> dict[str, Area]:
    return {area.code: area for area in area_service.all_areas(session)}
