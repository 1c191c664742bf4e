"""Prompts that staff make, and delete again while nothing says them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from admin_web.audit import note
from admin_web.desk import desk
from admin_web.prompts.blueprint import blueprint, known
from admin_web.prompts.forms import NewPrompt
from admin_web.prompts.page import page
from admin_web.prompts.published import delivered, published
from admin_web.prompts.uses import uses
from admin_web.prompts.wording import refusal
from admin_web.reasons import said
from ivr.services import prompt_additions, revisions
from ivr.services.errors import RefusedError
from ivr.services.revisions import StaleEditError
from prompts.catalogue import ID

# Addresses of pages beside the prompts'.
RESERVED = frozenset({"new", "variants"})


@blueprint.route("/new", methods=["GET", "POST"])
def add() -> ResponseReturnValue:
    """Make a prompt."""
    form = NewPrompt()
    if not form.is_submitted():
        return render_template("prompts/new.html", form=form)
    valid = form.validate()
    if valid:
        with desk().database.read() as session:
            catalogue = published(session)
            if not ID.fullmatch(form.prompt_id.data) or form.prompt_id.data in RESERVED:
                form.prompt_id.errors = [
                    _("A name is small letters, digits and _, such as notice_holiday.")
                ]
            elif form.prompt_id.data in catalogue:
                form.prompt_id.errors = [_("There is a prompt of this name already.")]
            else:
                _judge(form, lambda texts: refusal(session, catalogue, form.prompt_id.data, texts))
        valid = not any(field.errors for field in form)
    if not valid:
        return render_template("prompts/new.html", form=form), 422
    try:
        _add(form)
    except (RefusedError, StaleEditError) as error:  # somebody made it a moment ago
        form.prompt_id.errors = [said(error)]
        return render_template("prompts/new.html", form=form), 409
    flash(_("The prompt is there. Nothing says it yet: name it in a call flow."))
    return redirect(url_for("prompts.prompt", prompt_id=form.prompt_id.data))


def _judge(form: NewPrompt, refused: Callable[[Mapping[str, str]], str]) -> None:
    """Put what is wrong beside its field: each text by itself, then both together."""
    texts = {"zh-CN": form.zh.data, "en": form.en.data}
    for field, language in ((form.zh, "zh-CN"), (form.en, "en")):
        reason = refused({language: texts[language]})
        if reason:
            field.errors = [reason]
    if not form.zh.errors and not form.en.errors:
        reason = refused(texts)
        if reason:
            form.en.errors = [reason]


def _add(form: NewPrompt) -> None:
    prompt_id, who, now = form.prompt_id.data, current_user.username, desk().now()
    with desk().database.begin() as session:
        prompt_additions.add(session, prompt_id, note=form.note.data or "", who=who, now=now)
        for language, text in (("zh-CN", form.zh.data), ("en", form.en.data)):
            newest = revisions.newest_prompt(session, prompt_id, language)
            revisions.publish_prompt(
                session,
                prompt_id,
                language,
                text,
                base=newest.revision if newest else 0,
                author=who,
                message=form.note.data or _("made"),
                now=now,
            )
        note(session, "prompt_added", prompt_id)


@blueprint.post("/<prompt_id>/delete")
def delete(prompt_id: str) -> ResponseReturnValue:
    """Delete a prompt of staff; refused, with the places, while anything says it."""
    came_with_the_line = prompt_id in delivered()
    with desk().database.begin() as session:
        catalogue = published(session)
        known(catalogue, prompt_id)
        places = uses(session, catalogue).get(prompt_id, ())
        if not places and not came_with_the_line:
            prompt_additions.delete(session, prompt_id, who=current_user.username, now=desk().now())
            note(session, "prompt_deleted", prompt_id)
    if came_with_the_line:
        flash(
            _(
                "This prompt came with the line and cannot be deleted; its delivered text can be "
                "restored."
            ),
            "error",
        )
        return page(prompt_id, status=409)
    if places:
        return page(prompt_id, in_the_way=places, status=409)
    flash(_("“%(prompt)s” is deleted. Its history is kept.", prompt=prompt_id))
    return redirect(url_for("prompts.prompts"))
