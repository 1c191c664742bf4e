"""Recordings of prompts: uploaded or spoken in the browser, heard, taken out of use."""

from __future__ import annotations

import io

from flask import Response, abort, flash, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session

from admin_web import voice
from admin_web.audit import note
from admin_web.desk import desk
from admin_web.prompts import recorded as takes
from admin_web.prompts.ahead import render_ahead
from admin_web.prompts.blueprint import blueprint, check_language, known
from admin_web.prompts.forms import PromptSound
from admin_web.prompts.page import page, prefix
from admin_web.prompts.published import published
from admin_web.reasons import said
from admin_web.sound import asks_for_outline, send_outline
from ivr.records.tables import PromptRecording, RecordingSource
from ivr.services import prompt_recordings
from ivr.services.errors import NotFoundError, RefusedError
from prompts.clause import Clause
from prompts.errors import AudioError, PromptError

_SOURCES = {"browser": RecordingSource.BROWSER}


@blueprint.post("/<prompt_id>/<language>/recording")
def record(prompt_id: str, language: str) -> ResponseReturnValue:
    """Take a person's recording of the present text into use."""
    check_language(language)
    form = PromptSound(prefix=prefix(language))
    with desk().database.read() as session:
        prompt = known(published(session), prompt_id)
    if not prompt.recordable:
        abort(400)
    present = prompt.texts.get(language, "")
    if form.validate():
        if not prompt_recordings.same_words(form.words.data or present, present):
            form.file.errors = [
                _(
                    "The text was changed while you recorded: read the new one, shown above, "
                    "and record it again."
                )
            ]
            form.words.data = form.words.raw_data = present
            return page(prompt_id, sounds={language: form}, status=409)
        reason = _keep(prompt_id, language, present, form)
        if reason is None:
            render_ahead(prompt_id, language)
            flash(_("The recording is in use; callers hear it from the next call on."))
            return redirect(url_for("prompts.prompt", prompt_id=prompt_id))
        form.file.errors = [_("The recording was not taken: %(reason)s", reason=reason)]
    return page(prompt_id, sounds={language: form}, status=422)


def _keep(prompt_id: str, language: str, text: str, form: PromptSound) -> str | None:
    """Keep a take; return why it is not taken, or None."""
    variant = form.variant.data or ""
    try:
        path, take = takes.keep(prompt_id, language, form.file.data, variant)
        with desk().database.begin() as session:
            prompt_recordings.keep(
                session,
                prompt=prompt_id,
                language=language,
                variant=variant,
                text=text,
                path=path,
                sha256=take.sha256,
                seconds=take.seconds,
                source=_SOURCES.get(form.source.data or "", RecordingSource.UPLOAD),
                speaker=form.speaker.data or "",
                reason=form.reason.data or "",
                author=current_user.username,
                now=desk().now(),
            )
            note(session, "prompt_recorded", f"{prompt_id} {language} {variant}".rstrip())
    except (AudioError, RefusedError) as error:
        return said(error)
    return None


@blueprint.get("/<prompt_id>/<language>/takes/<int:take_id>.wav")
def take(prompt_id: str, language: str, take_id: int) -> Response:
    """A recording as callers hear it; as it was given where the voice process is away."""
    with desk().database.read() as session:
        row = take_of(session, prompt_id, language, take_id)
    path = takes.path_of(row.path)
    if path is None:
        abort(404)
    if asks_for_outline():
        return send_outline(path)
    try:
        sound = voice.render([Clause(row.text, language, 0, path)])
    except PromptError:
        return takes.send(path)
    return send_file(io.BytesIO(sound), mimetype="audio/wav", conditional=True, max_age=0)


def take_of(session: Session, prompt_id: str, language: str, take_id: int) -> PromptRecording:
    """Return a take of this prompt; 404 where it is none."""
    try:
        row = prompt_recordings.take(session, take_id)
    except NotFoundError:
        abort(404)
    if (row.prompt, row.language) != (prompt_id, language):
        abort(404)
    return row


@blueprint.post("/<prompt_id>/<language>/recording/drop")
def drop_recording(prompt_id: str, language: str) -> ResponseReturnValue:
    """Let the synthesised voice say it again."""
    check_language(language)
    variant = request.form.get("variant", "")
    with desk().database.begin() as session:
        if not prompt_recordings.withdraw(
            session,
            prompt_id,
            language,
            variant,
            who=current_user.username,
            why=request.form.get("why", ""),
            now=desk().now(),
        ):
            abort(404)
        note(session, "prompt_recording_withdrawn", f"{prompt_id} {language} {variant}".rstrip())
    flash(_("The recording is out of use from the next call on."))
    return redirect(url_for("prompts.prompt", prompt_id=prompt_id))
