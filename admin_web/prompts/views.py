"""Pages of prompts: the list, and one prompt with its texts."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from admin_web.audit import note
from admin_web.desk import desk
from admin_web.prompts.ahead import render_ahead
from admin_web.prompts.blueprint import blueprint, check_language, known
from admin_web.prompts.forms import LONGEST_TEXT, PromptSearch, PromptText
from admin_web.prompts.page import Clash, base_of, name_of, page, prefix
from admin_web.prompts.published import LANGUAGES, delivered, example_values, published, worded
from admin_web.prompts.rows import Row, rows
from admin_web.prompts.versions import differences
from admin_web.prompts.voices import voice_facts
from admin_web.prompts.wording import refusal
from admin_web.reasons import said
from admin_web.voice import not_spoken, spoken_clauses
from ivr.services import prompt_variants, revisions
from ivr.services.revisions import StaleEditError
from prompts.compose import compose
from prompts.errors import PromptError


@blueprint.get("/")
def prompts() -> ResponseReturnValue:
    """All prompts with their texts."""
    form = PromptSearch(request.args)
    with desk().database.read() as session:
        variants = prompt_variants.all_variants(session)
    form.variant.choices = [("", _("—")), *((row.code, name_of(row)) for row in variants)]
    valid = form.validate()
    wanted = (form.text.data or "").casefold() if valid else ""
    everything = rows()
    shown = [row for row in everything if _found(row, wanted)]
    if valid and form.shown.data:
        shown = [row for row in shown if getattr(row, form.shown.data)]
    lacking = next((row for row in variants if row.code == form.variant.data), None)
    if lacking is not None:
        shown = [
            row
            for row in shown
            if lacking.language in row.recordable
            and lacking.code not in {variant.code for variant in row.variants}
        ]
    return render_template(
        "prompts/prompts.html",
        form=form,
        query=form.query(),
        rows=shown,
        variants=variants,
        spoken_languages=LANGUAGES,
        total=len(everything),
        outdated=sum(row.outdated for row in everything),
        missing=sum(row.missing for row in everything),
        voices=voice_facts(),
    )


def _found(row: Row, wanted: str) -> bool:
    texts = (one.text for one in row.spoken.values() if one is not None)
    return (
        wanted in (str(row.number), "")
        or wanted in row.id
        or any(wanted in text.casefold() for text in texts)
    )


@blueprint.get("/<prompt_id>")
def prompt(prompt_id: str) -> ResponseReturnValue:
    """One prompt in both languages."""
    return page(prompt_id)


@blueprint.post("/<prompt_id>/<language>")
def publish(prompt_id: str, language: str) -> ResponseReturnValue:
    """Publish a new text; refused where it is wrong, or somebody was faster."""
    check_language(language)
    form = PromptText(prefix=prefix(language))
    valid = form.validate()
    with desk().database.read() as session:
        catalogue = published(session)
        known(catalogue, prompt_id)
        if valid:
            reason = refusal(session, catalogue, prompt_id, {language: form.text.data})
            if form.text.data == catalogue.text(prompt_id, language):
                reason = _("This is what callers hear already; nothing was changed.")
            if reason:
                form.text.errors = [reason]
    if not valid or form.text.errors:
        return page(prompt_id, given={language: form}, status=422)
    try:
        with desk().database.begin() as session:
            row = revisions.publish_prompt(
                session,
                prompt_id,
                language,
                form.text.data,
                base=base_of(form.base.data),
                author=current_user.username,
                message=form.message.data,
                now=desk().now(),
            )
            note(session, "prompt_published", f"{prompt_id} {language}", revision=str(row.revision))
    except StaleEditError:
        return _refuse_stale(prompt_id, language, form)
    render_ahead(prompt_id, language)
    flash(_("Published. Callers hear it from the next call on."))
    return redirect(url_for("prompts.prompt", prompt_id=prompt_id))


def _refuse_stale(prompt_id: str, language: str, form: PromptText) -> ResponseReturnValue:
    with desk().database.read() as session:
        newest = revisions.newest_prompt(session, prompt_id, language)
    text = newest.text if newest else delivered().text(prompt_id, language) or ""
    clash = Clash(
        newest.revision if newest else 0,
        newest.author if newest else "",
        text,
        differences(text, form.text.data),
    )
    form.base.data = form.base.raw_data = str(clash.revision)
    return page(prompt_id, given={language: form}, clash=clash, status=409)


@blueprint.post("/<prompt_id>/<language>/hear")
def hear(prompt_id: str, language: str) -> ResponseReturnValue:
    """Speak the text of the form, slots filled with examples."""
    check_language(language)
    given = request.form.get(f"{prefix(language)}text", "").strip()[:LONGEST_TEXT]
    if not given:
        return not_spoken(_("There is no text to speak yet."), 422)
    with desk().database.read() as session:
        # Without recordings: it is the text that is judged here; they have players of their own.
        catalogue = worded(session)
    known(catalogue, prompt_id)
    try:
        heard = catalogue.with_overrides({(prompt_id, language): given})
        text = heard.prompt(prompt_id)
        clauses = compose(heard, prompt_id, language, example_values(text, heard, language))
    except PromptError as error:
        return not_spoken(_("This text cannot be spoken: %(reason)s", reason=said(error)), 422)
    return spoken_clauses(clauses)
