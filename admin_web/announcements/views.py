"""Pages of the emergency announcement."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session
from wtforms.fields.choices import SelectChoice

from admin_web.announcements.forms import AnnouncementForm, ExtendForm
from admin_web.announcements.standing import standing
from admin_web.audit import note
from admin_web.desk import desk
from admin_web.flows.published import flow_names, flow_titles
from admin_web.formatting import local
from admin_web.health.state import line_state
from admin_web.languages import page_language
from admin_web.manner import manner
from admin_web.prompts.published import LANGUAGES, published
from admin_web.reasons import said
from admin_web.voice import not_spoken, render, spoken_clauses
from ivr.services import announcements as service
from ivr.services.errors import NotFoundError, ServiceError
from prompts.clause import Clause
from prompts.compose import compose, compose_text
from prompts.errors import PromptError

blueprint = Blueprint("announcements", __name__, url_prefix="/announcements")

_PREVIEW = 40


@blueprint.get("/")
def announcements() -> ResponseReturnValue:
    """The button, what is in force, and what was."""
    return _page(_form())


def _page(form: AnnouncementForm, refused: str | None = None) -> ResponseReturnValue:
    now = desk().now()
    with desk().database.read() as session:
        running = service.in_force(session, now)
        past = service.history(session, now)
        line = line_state(session, now)
        titles = flow_titles(session)
    return render_template(
        "announcements/announcements.html",
        form=form,
        extend_form=ExtendForm(),
        running=[(row, standing(row, line)) for row in running],
        past=past,
        titles=titles,
        refused=refused,
        line=line,
        over_at=service.over_at,
        zone=desk().settings.timezone,
    ), 422 if refused or form.errors else 200


def _form() -> AnnouncementForm:
    form = AnnouncementForm()
    with desk().database.read() as session:
        form.prompt.choices = [SelectChoice("", _("— the words above —")), *_prompts(session)]
        titles = flow_titles(session)
        names = flow_names(session)
    form.flow.choices = [
        SelectChoice("", _("everybody who calls")),
        *(
            SelectChoice(name, _("callers of “%(flow)s”", flow=titles.get(name, name)))
            for name in names
        ),
    ]
    return form


def _prompts(session: Session) -> Iterable[SelectChoice]:
    """What can be said as it is: prompts without values."""
    for prompt in published(session):
        if prompt.recordable:
            text = prompt.texts.get(page_language()) or next(iter(prompt.texts.values()), "")
            short = text if len(text) <= _PREVIEW else text[:_PREVIEW] + "…"
            yield SelectChoice(prompt.id, f"{short} ({prompt.id})")


@blueprint.post("/")
def begin() -> ResponseReturnValue:
    """Put it out: new callers hear it first."""
    form = _form()
    if not form.validate():
        return _page(form, _("It was not put out: see below."))
    now = desk().now()
    notice = form.notice(now, desk().zone)
    try:
        with desk().database.begin() as session:
            row = service.begin(session, notice, who=current_user.username, now=now)
            note(
                session,
                "announcement_begun",
                f"announcement {row.id}",
                until=local(row.ends_at).strftime("%Y-%m-%d %H:%M"),
                flow=row.flow or "-",
                words=(row.words_zh or row.words_en or row.prompt)[:120],
            )
    except ServiceError as error:
        return _page(form, _("It was not put out: %(reason)s", reason=said(error)))
    flash(_("It is put out. Below stands whether new callers hear it already."))
    return redirect(url_for("announcements.announcements"))


@blueprint.post("/<int:announcement_id>/end")
def end(announcement_id: int) -> ResponseReturnValue:
    """End it before its time."""
    try:
        with desk().database.begin() as session:
            service.end(session, announcement_id, who=current_user.username, now=desk().now())
            note(session, "announcement_ended", f"announcement {announcement_id}")
    except NotFoundError:
        abort(404)
    except ServiceError as error:
        flash(said(error), "error")
    else:
        flash(_("It has ended. Calls in progress are not touched; new callers no longer hear it."))
    return redirect(url_for("announcements.announcements"))


@blueprint.post("/<int:announcement_id>/extend")
def extend(announcement_id: int) -> ResponseReturnValue:
    """Have it end at another time."""
    form = ExtendForm()
    if not form.validate():
        flash("; ".join(str(one) for errors in form.errors.values() for one in errors), "error")
        return redirect(url_for("announcements.announcements"))
    now = desk().now()
    try:
        with desk().database.begin() as session:
            row = service.extend(session, announcement_id, form.ends_at(now, desk().zone), now=now)
            until = local(row.ends_at).strftime("%Y-%m-%d %H:%M")
            note(session, "announcement_extended", f"announcement {row.id}", until=until)
    except NotFoundError:
        abort(404)
    except ServiceError as error:
        flash(said(error), "error")
    else:
        flash(_("It now ends at %(when)s.", when=until))
    return redirect(url_for("announcements.announcements"))


@blueprint.get("/state")
def state() -> ResponseReturnValue:
    """What is in force and whether callers hear it, for the page's script."""
    now = desk().now()
    with desk().database.read() as session:
        line = line_state(session, now)
        rows = service.in_force(session, now)
    return jsonify(
        announcements=[
            {"id": row.id, "heard": told.heard, "tone": told.tone, "text": told.text}
            for row, told in ((row, standing(row, line)) for row in rows)
        ]
    )


@blueprint.post("/hear")
def hear() -> ResponseReturnValue:
    """Say it as callers would hear it; its sound is kept, so that it is there at the click."""
    language = request.form.get("language", "")
    if language not in LANGUAGES:
        abort(404)
    try:
        clauses = _clauses(language)
    except PromptError as error:
        return not_spoken(_("This text cannot be spoken: %(reason)s", reason=said(error)), 422)
    if not clauses:
        return not_spoken(_("There is no text to speak yet."), 422)
    return spoken_clauses(clauses)


@blueprint.post("/prepare")
def prepare() -> ResponseReturnValue:
    """Make the sound ahead, while the clerk still reads; answers how long it will be."""
    found: dict[str, Any] = {}
    for language in LANGUAGES:
        try:
            clauses = _clauses(language)
            if clauses:
                found[language] = round(len(render(clauses)) / 16_000, 1)
        except PromptError as error:
            return jsonify(error=said(error)), 422
    return jsonify(seconds=found)


def _clauses(language: str) -> tuple[Clause, ...]:
    """What is to be said in a language, by the form that was sent."""
    chosen = request.form.get("prompt", "")
    words = request.form.get(f"words_{'zh' if language == 'zh-CN' else 'en'}", "")
    with desk().database.read() as session:
        if chosen:
            catalogue = published(session)
            prompt = catalogue.prompt(chosen)
            if not prompt.recordable or language not in {*prompt.texts, *prompt.recordings}:
                return ()
            return tuple(compose(catalogue, chosen, language, {}))
        speaking = manner(session)
    spoken = service.plain(words)
    if len(spoken) > service.LONGEST_TEXT:
        raise PromptError("the text is too long")
    return compose_text(spoken, language, speaking) if spoken else ()
