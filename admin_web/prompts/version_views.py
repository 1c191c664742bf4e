"""The history of a prompt: two versions side by side, and an older one taken up again."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session

from admin_web.audit import note
from admin_web.desk import desk
from admin_web.names import LANGUAGE
from admin_web.prompts.ahead import render_ahead
from admin_web.prompts.blueprint import blueprint, check_language, known
from admin_web.prompts.page import base_of
from admin_web.prompts.published import example_values, published, worded
from admin_web.prompts.versions import Version, differences, versions
from admin_web.prompts.wording import refusal
from admin_web.reasons import said
from admin_web.voice import not_spoken, spoken_clauses
from ivr.records.tables import PromptRecording, RecordingSource
from ivr.services import prompt_recordings, revisions
from ivr.services.errors import RefusedError
from ivr.services.revisions import StaleEditError
from prompts.catalogue import Catalogue
from prompts.compose import compose
from prompts.errors import PromptError


@blueprint.get("/<prompt_id>/<language>/compare")
def compare(prompt_id: str, language: str) -> ResponseReturnValue:
    """Two versions: what differs in the words, and both to listen to."""
    check_language(language)
    with desk().database.read() as session:
        catalogue = published(session)
        prompt = known(catalogue, prompt_id)
        history = versions(session, catalogue, prompt_id, language)
    if len(history) < 2:
        abort(404)
    # Unasked: the two newest.
    new = _of(history, request.args.get("new") or history[0].key)
    old = _of(history, request.args.get("old") or history[1].key)
    if history.index(old) < history.index(new):
        old, new = new, old
    return render_template(
        "prompts/compare.html",
        prompt=prompt,
        language=language,
        language_name=LANGUAGE[language],
        history=history,
        old=old,
        new=new,
        diff=differences(old.text, new.text),
        same=prompt_recordings.same_words(old.text, new.text),
    )


def _of(history: list[Version], key: str) -> Version:
    found = next((one for one in history if one.key == key), None)
    if found is None:
        abort(404)
    return found


@blueprint.post("/<prompt_id>/<language>/versions/<key>/hear")
def hear_version(prompt_id: str, language: str, key: str) -> ResponseReturnValue:
    """Have the voice say the text of a version."""
    check_language(language)
    with desk().database.read() as session:
        catalogue = published(session)
        known(catalogue, prompt_id)
        text = _of(versions(session, catalogue, prompt_id, language), key).text
        heard = worded(session)
    try:
        heard = heard.with_overrides({(prompt_id, language): text})
        values = example_values(heard.prompt(prompt_id), heard, language)
        clauses = compose(heard, prompt_id, language, values)
    except PromptError as error:
        return not_spoken(_("This text cannot be spoken: %(reason)s", reason=said(error)), 422)
    return spoken_clauses(clauses)


@blueprint.post("/<prompt_id>/<language>/restore")
def restore(prompt_id: str, language: str) -> ResponseReturnValue:
    """Make an older version the newest: its words, and with a recording that, too."""
    check_language(language)
    try:
        with desk().database.begin() as session:
            catalogue = published(session)
            known(catalogue, prompt_id)
            history = versions(session, catalogue, prompt_id, language)
            version = _of(history, request.form.get("version", ""))
            _restore(session, catalogue, prompt_id, language, version, request.form.get("why", ""))
    except (StaleEditError, RefusedError) as error:
        flash(said(error), "error")
    else:
        render_ahead(prompt_id, language)
        flash(_("Restored as the newest version. Callers hear it from the next call on."))
    return redirect(url_for("prompts.prompt", prompt_id=prompt_id))


def _restore(
    session: Session,
    catalogue: Catalogue,
    prompt_id: str,
    language: str,
    version: Version,
    why: str,
) -> None:
    """Publish what a version holds; RefusedError where the call flows could not say it now."""
    who, now = current_user.username, desk().now()
    reason = ": ".join(part for part in (_restored(version), why.strip()) if part)
    if version.text != catalogue.text(prompt_id, language):
        refused = refusal(session, catalogue, prompt_id, {language: version.text})
        if refused:
            raise RefusedError("%(reason)s", reason=refused)
        newest = revisions.newest_prompt(session, prompt_id, language)
        given = request.form.get("base")
        base = base_of(given) if given is not None else (newest.revision if newest else 0)
        revisions.publish_prompt(
            session,
            prompt_id,
            language,
            version.text,
            base=base,
            author=who,
            message=reason,
            now=now,
        )
    if version.take is not None:
        _restore_take(session, version.take, reason)
    note(session, "prompt_restored", f"{prompt_id} {language}", revision=version.key)


def _restore_take(session: Session, take: PromptRecording, reason: str) -> None:
    prompt_recordings.keep(
        session,
        prompt=take.prompt,
        language=take.language,
        variant=take.variant,
        path=take.path,
        sha256=take.sha256,
        seconds=take.seconds,
        text=take.text,
        author=current_user.username,
        speaker=take.speaker or take.author,
        reason=reason,
        source=RecordingSource.RESTORED,
        now=desk().now(),
    )


def _restored(version: Version) -> str:
    if version.take is not None:
        return str(_("recording %(number)s restored", number=version.number))
    if version.number == 0:
        return str(_("delivered text restored"))
    return str(_("text %(number)s restored", number=version.number))
