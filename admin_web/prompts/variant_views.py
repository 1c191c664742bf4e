"""Variants: other sets of recordings beside a language, and how far each has come."""

from __future__ import annotations

from dataclasses import dataclass

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session

from admin_web.audit import note
from admin_web.desk import desk
from admin_web.names import LANGUAGE
from admin_web.prompts.blueprint import blueprint
from admin_web.prompts.forms import NewVariant, VariantNames
from admin_web.prompts.page import name_of
from admin_web.prompts.published import published
from admin_web.prompts.uses import Use, uses_of_variant
from admin_web.reasons import said
from ivr.records.tables import PromptVariant
from ivr.services import prompt_recordings, prompt_variants
from ivr.services.errors import NotFoundError, RefusedError


@dataclass(frozen=True, slots=True)
class Progress:
    """A variant: ``recorded`` of ``recordable`` prompts, and where the flows choose it."""

    variant: PromptVariant
    name: str
    recorded: int
    recordable: int
    uses: list[Use]


@blueprint.get("/variants")
def variants() -> ResponseReturnValue:
    """All variants."""
    return _page(NewVariant())


def _page(form: NewVariant, status: int = 200) -> ResponseReturnValue:
    with desk().database.read() as session:
        found = [_progress(session, row) for row in prompt_variants.all_variants(session)]
    return render_template(
        "prompts/variants.html", form=form, variants=found, language_names=LANGUAGE
    ), status


def _progress(session: Session, variant: PromptVariant) -> Progress:
    catalogue = published(session)
    recordable = {
        prompt.id for prompt in catalogue if prompt.recordable and variant.language in prompt.texts
    }
    heard = prompt_recordings.heard(session, catalogue.text)
    recorded = {prompt for prompt, _lang, code in heard if code == variant.code} & recordable
    return Progress(
        variant,
        name_of(variant),
        len(recorded),
        len(recordable),
        uses_of_variant(session, variant.code),
    )


@blueprint.post("/variants")
def add_variant() -> ResponseReturnValue:
    """Make a variant."""
    form = NewVariant()
    if not form.validate():
        return _page(form, 422)
    try:
        with desk().database.begin() as session:
            prompt_variants.add(
                session,
                form.code.data,
                language=form.language.data,
                name_zh=form.name_zh.data or "",
                name_en=form.name_en.data or "",
                who=current_user.username,
                now=desk().now(),
            )
            note(session, "prompt_variant_saved", form.code.data)
    except RefusedError as error:
        form.code.errors = [said(error)]
        return _page(form, 422)
    flash(_("The variant is there. Record its prompts, then name it in a call flow."))
    return redirect(url_for("prompts.variants"))


@blueprint.route("/variants/<code>", methods=["GET", "POST"])
def variant(code: str) -> ResponseReturnValue:
    """One variant: its names, how far it has come, where it is spoken."""
    with desk().database.read() as session:
        row = _get(session, code)
        progress = _progress(session, row)
    form = VariantNames(data={"name_zh": row.name_zh, "name_en": row.name_en})
    if not form.is_submitted():
        return _variant_page(progress, form)
    if not form.validate():
        return _variant_page(progress, form, 422)
    try:
        with desk().database.begin() as session:
            prompt_variants.rename(
                session, code, name_zh=form.name_zh.data or "", name_en=form.name_en.data or ""
            )
            note(session, "prompt_variant_saved", code)
    except RefusedError as error:
        form.name_zh.errors = [said(error)]
        return _variant_page(progress, form, 422)
    flash(_("Saved."))
    return redirect(url_for("prompts.variants"))


def _get(session: Session, code: str) -> PromptVariant:
    try:
        return prompt_variants.get(session, code)
    except NotFoundError:
        abort(404)


def _variant_page(
    progress: Progress, form: VariantNames, status: int = 200, *, in_the_way: bool = False
) -> ResponseReturnValue:
    return render_template(
        "prompts/variant.html",
        progress=progress,
        form=form,
        language_names=LANGUAGE,
        in_the_way=in_the_way,
    ), status


@blueprint.post("/variants/<code>/remove")
def remove_variant(code: str) -> ResponseReturnValue:
    """Remove a variant; refused, with the places, while a flow speaks it."""
    with desk().database.begin() as session:
        row = _get(session, code)
        progress = _progress(session, row)
        if not progress.uses:
            prompt_variants.remove(session, code)
            note(session, "prompt_variant_removed", code)
    if progress.uses:
        form = VariantNames(data={"name_zh": row.name_zh, "name_en": row.name_en})
        return _variant_page(progress, form, 409, in_the_way=True)
    flash(_("“%(code)s” is removed. Its recordings stay in the history.", code=code))
    return redirect(url_for("prompts.variants"))
