"""Pages of prompts: list, read, edit, hear, record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy.orm import Session

from admin_web.audit import note
from admin_web.desk import desk
from admin_web.differences import Difference, differences
from admin_web.flows.published import places_of
from admin_web.prompts import recorded as takes
from admin_web.prompts.forms import LONGEST_TEXT, PromptSearch, PromptSound, PromptText
from admin_web.prompts.published import LANGUAGES, delivered, example_values, published
from admin_web.reasons import said
from admin_web.voice import not_spoken, spoken_clauses
from ivr.services import prompt_recordings, revisions
from ivr.services.revisions import StaleEditError
from prompts.catalogue import Catalogue, Prompt
from prompts.compose import compose
from prompts.errors import AudioError, PromptError
from prompts.slots import parse_text, slots_of

blueprint = Blueprint("prompts", __name__, url_prefix="/prompts")

NAMES = {"zh-CN": _l("Mandarin"), "en": _l("English")}


@dataclass(frozen=True, slots=True)
class Clash:
    """What was published while somebody edited."""

    revision: int
    author: str
    text: str
    diff: list[Difference]


@blueprint.get("/")
def prompts() -> ResponseReturnValue:
    """All prompts with their texts."""
    form = PromptSearch(request.args)
    with desk().database.read() as session:
        catalogue = published(session)
        edited = {prompt_id for prompt_id, _language in revisions.newest_prompts(session)}
    problems: dict[str, list[Any]] = {}
    for problem in catalogue.problems():
        problems.setdefault(problem.prompt, []).append(problem)
    wanted = (form.text.data or "").casefold() if form.validate() else ""
    shown = form.shown.data
    rows = [
        {
            "id": prompt.id,
            "texts": prompt.texts,
            "edited": prompt.id in edited,
            "recorded": bool(prompt.recordings),
            "problems": problems.get(prompt.id, []),
        }
        for prompt in catalogue
        if _found(prompt, wanted)
    ]
    if shown in ("edited", "recorded", "problems"):
        rows = [row for row in rows if row[shown]]
    return render_template("prompts/prompts.html", form=form, query=form.query(), rows=rows)


def _found(prompt: Prompt, wanted: str) -> bool:
    return wanted in prompt.id or any(wanted in text.casefold() for text in prompt.texts.values())


@blueprint.get("/<prompt_id>")
def prompt(prompt_id: str) -> ResponseReturnValue:
    """One prompt in both languages."""
    return _page(prompt_id)


@blueprint.post("/<prompt_id>/<language>")
def publish(prompt_id: str, language: str) -> ResponseReturnValue:
    """Publish a new text; refused where it is wrong, or somebody was faster."""
    _check_language(language)
    form = PromptText(prefix=_prefix(language))
    with desk().database.read() as session:
        catalogue = published(session)
        known = _get(catalogue, prompt_id)
    if not form.validate() or not _slots_fit(form, known, catalogue, prompt_id, language):
        return _page(prompt_id, given={language: form}, status=422)
    try:
        with desk().database.begin() as session:
            row = revisions.publish_prompt(
                session,
                prompt_id,
                language,
                form.text.data,
                base=_base(form),
                author=current_user.username,
                message=form.message.data,
                now=desk().now(),
            )
            note(session, "prompt_published", f"{prompt_id} {language}", revision=str(row.revision))
    except StaleEditError:
        return _refuse_stale(prompt_id, language, form)
    flash(_("Published. Callers hear it from the next call on."))
    return redirect(url_for("prompts.prompt", prompt_id=prompt_id))


def _refuse_stale(prompt_id: str, language: str, form: PromptText) -> ResponseReturnValue:
    with desk().database.read() as session:
        newest = revisions.newest_prompt(session, prompt_id, language)
    text = newest.text if newest else delivered().prompt(prompt_id).texts.get(language, "")
    clash = Clash(
        newest.revision if newest else 0,
        newest.author if newest else "",
        text,
        differences(text, form.text.data),
    )
    form.base.data = form.base.raw_data = str(clash.revision)
    return _page(prompt_id, given={language: form}, clash=clash, status=409)


def _slots_fit(
    form: PromptText, known: Prompt, catalogue: Catalogue, prompt_id: str, language: str
) -> bool:
    """Check that the text can be spoken in every call; errors go beside it."""
    try:
        slots = slots_of(parse_text(form.text.data))
        catalogue.with_overrides({(prompt_id, language): form.text.data})
    except PromptError as error:
        form.text.errors = [_("This text cannot be spoken: %(reason)s", reason=said(error))]
        return False
    # What a call fills in is what the delivered texts ask for: more would never get a value.
    try:
        asked = delivered().prompt(prompt_id).slots
    except PromptError:
        asked = known.slots
    unknown = [name for name in slots if name not in asked]
    changed = [name for name, kind in slots.items() if name in asked and asked[name] is not kind]
    if unknown:
        there = ", ".join(f"{{{name}:{kind.value}}}" for name, kind in asked.items())
        form.text.errors = [
            _(
                "No call fills in “%(name)s”. This prompt may use: %(there)s",
                name=unknown[0],
                there=there or _("nothing"),
            )
        ]
    elif changed:
        form.text.errors = [
            _(
                "“%(name)s” must be written as {%(name)s:%(kind)s}.",
                name=changed[0],
                kind=asked[changed[0]].value,
            )
        ]
    return not unknown and not changed


@blueprint.post("/<prompt_id>/<language>/hear")
def hear(prompt_id: str, language: str) -> ResponseReturnValue:
    """Speak the text of the form, slots filled with examples."""
    _check_language(language)
    given = request.form.get(f"{_prefix(language)}text", "").strip()[:LONGEST_TEXT]
    if not given:
        return not_spoken(_("There is no text to speak yet."), 422)
    with desk().database.read() as session:
        catalogue = published(session)
    known = _get(catalogue, prompt_id)
    try:
        if given == known.texts.get(language):  # then a person's recording is what callers hear
            heard = catalogue
        else:
            heard = delivered().with_overrides({(prompt_id, language): given})
        text = heard.prompt(prompt_id)
        clauses = compose(heard, prompt_id, language, example_values(text, heard, language))
    except PromptError as error:
        return not_spoken(_("This text cannot be spoken: %(reason)s", reason=said(error)), 422)
    return spoken_clauses(clauses)


@blueprint.post("/<prompt_id>/<language>/recording")
def record(prompt_id: str, language: str) -> ResponseReturnValue:
    """Take a person's recording of the present text into use."""
    _check_language(language)
    form = PromptSound(prefix=_prefix(language))
    with desk().database.read() as session:
        known = _get(published(session), prompt_id)
    if known.slots:
        abort(400)
    if not form.validate():
        return _page(prompt_id, uploads={language: form}, status=422)
    try:
        path, take = takes.keep(prompt_id, language, form.file.data)
    except AudioError as error:
        form.file.errors = [_("The recording was not taken: %(reason)s", reason=said(error))]
        return _page(prompt_id, uploads={language: form}, status=422)
    with desk().database.begin() as session:
        prompt_recordings.keep(
            session,
            prompt=prompt_id,
            language=language,
            text=known.texts.get(language, ""),
            path=path,
            sha256=take.sha256,
            seconds=take.seconds,
            author=current_user.username,
            now=desk().now(),
        )
        note(session, "prompt_recorded", f"{prompt_id} {language}")
    flash(_("The recording is in use; callers hear it from the next call on."))
    return redirect(url_for("prompts.prompt", prompt_id=prompt_id))


@blueprint.get("/<prompt_id>/<language>/recording.wav")
def recorded(prompt_id: str, language: str) -> Response:
    """The recording in use."""
    with desk().database.read() as session:
        row = prompt_recordings.heard(session, published(session).text).get(
            (prompt_id, language, "")
        )
    if row is None:
        abort(404)
    return takes.send(row.path)


@blueprint.post("/<prompt_id>/<language>/recording/drop")
def drop_recording(prompt_id: str, language: str) -> ResponseReturnValue:
    """Let the synthesised voice say it again."""
    with desk().database.begin() as session:
        if not prompt_recordings.withdraw(
            session, prompt_id, language, who=current_user.username, now=desk().now()
        ):
            abort(404)
        note(session, "prompt_recording_withdrawn", f"{prompt_id} {language}")
    flash(_("The recording is out of use; the voice says the text again."))
    return redirect(url_for("prompts.prompt", prompt_id=prompt_id))


def _page(
    prompt_id: str,
    *,
    given: dict[str, PromptText] | None = None,
    uploads: dict[str, PromptSound] | None = None,
    clash: Clash | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    with desk().database.read() as session:
        known = _get(published(session), prompt_id)
        kept = {
            (row.prompt, row.language): row
            for row in reversed(prompt_recordings.not_withdrawn(session))
            if not row.variant
        }
        sections = [
            _section(session, known, language, (given or {}).get(language))
            | {
                "upload": (uploads or {}).get(language)
                or PromptSound(None, prefix=_prefix(language)),
                "recording": kept.get((prompt_id, language)),
                "recording_in_use": _same_words(kept.get((prompt_id, language)), known, language),
            }
            for language in LANGUAGES
        ]
        places = places_of(session, prompt_id)
    return render_template(
        "prompts/prompt.html", prompt=known, sections=sections, clash=clash, used_in=places
    ), status


def _section(
    session: Session, known: Prompt, language: str, given: PromptText | None
) -> dict[str, Any]:
    history = revisions.prompt_history(session, known.id, language)
    form = given
    if form is None:
        base = str(history[0].revision) if history else "0"
        data = {"base": base, "text": known.texts.get(language, "")}
        form = PromptText(None, prefix=_prefix(language), data=data)
    return {"language": language, "name": NAMES[language], "form": form, "history": history}


def _same_words(row: Any, known: Prompt, language: str) -> bool:
    return row is not None and row.text == known.texts.get(language, "")


def _prefix(language: str) -> str:
    return f"{language}-"


def _base(form: PromptText) -> int:
    given = form.base.data or "0"
    return int(given) if given.isascii() and given.isdigit() and len(given) < 9 else -1


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        abort(404)


def _get(catalogue: Catalogue, prompt_id: str) -> Prompt:
    try:
        return catalogue.prompt(prompt_id)
    except PromptError:
        abort(404)
