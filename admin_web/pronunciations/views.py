"""Pages of pronunciations: list, look up, hear, publish, delete, bring back."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from admin_web.audit import note
from admin_web.desk import desk
from admin_web.manner import manner, manner_with
from admin_web.pronunciations.forms import LANGUAGES, WordChoice, WordSaid, WordSearch
from admin_web.pronunciations.places import counts, places
from admin_web.reasons import said
from admin_web.voice import not_spoken, spoken_clauses
from ivr.services import pronunciations as service
from ivr.services.errors import NotFoundError, RefusedError
from prompts import lexicon
from prompts.compose import compose_text
from prompts.errors import PromptError
from prompts.lexicon import pronunciations as rules

blueprint = Blueprint("pronunciations", __name__, url_prefix="/pronunciations")


@blueprint.get("/")
def words() -> ResponseReturnValue:
    """The words staff have spoken for, or those that came with the line."""
    form = WordSearch(request.args)
    wanted = (form.text.data or "").casefold() if form.validate() else ""
    shown = form.shown.data
    with desk().database.read() as session:
        rows = [
            row
            for row in service.everything(session)
            if bool(row.said) == (shown != "deleted") and _fits(wanted, row.word, row.said)
        ]
        occurring = counts(session, [(row.language, row.word) for row in rows])
    delivered = [
        (language, word, how)
        for language in LANGUAGES
        for word, how in lexicon.load(language).words.items()
        if shown == "line" and _fits(wanted, word, how)
    ]
    return render_template(
        "pronunciations/words.html",
        form=form,
        query=form.query(),
        choice=WordChoice(None),
        rows=[] if shown == "line" else rows,
        delivered=delivered,
        occurring=occurring,
        voices=LANGUAGES,
    )


def _fits(wanted: str, word: str, how: str) -> bool:
    return wanted in word.casefold() or wanted in how.casefold()


@blueprint.get("/word")
def word() -> ResponseReturnValue:
    """One word: how it is said, where it occurs, and who said so."""
    choice = WordChoice(request.args)
    if not choice.validate():
        flash(_("Give a word of at most %(most)s characters.", most=rules.LONGEST_WORD), "error")
        return redirect(url_for("pronunciations.words"))
    return _page(choice.language.data, " ".join(choice.word.data.split()))


@blueprint.post("/word")
def publish() -> ResponseReturnValue:
    """Have a word said so; refused where it is no pronunciation, or somebody was faster."""
    language, chosen = _asked()
    form = WordSaid()
    if not form.validate():
        return _page(language, chosen, form=form, status=422)
    try:
        spoken = lexicon.checked(language, chosen, form.said.data)
        with desk().database.begin() as session:
            row = service.publish(
                session,
                language,
                spoken.word,
                spoken.said,
                base=_base(form),
                author=current_user.username,
                now=desk().now(),
            )
            note(
                session,
                "pronunciation_published",
                f"{language} {spoken.word}",
                said=spoken.said,
                revision=str(row.revision),
            )
    except (PromptError, RefusedError) as error:
        form.said.errors = [said(error)]
        return _page(language, chosen, form=form, status=422)
    flash(_("Published. Callers hear it from the next call on."))
    return redirect(_address(language, spoken.word))


@blueprint.post("/hear")
def hear() -> ResponseReturnValue:
    """Say the word, and then a sentence with it, as callers would hear it.

    With ``now`` among the values as it is said now, else as the form would have it.
    """
    language, chosen = _asked()
    how = request.form.get("said", "").strip()
    sentence = request.form.get("sentence", "").strip()[:400]
    if "now" not in request.form and not how:
        return not_spoken(_("Write how it is said first."), 422)
    with desk().database.read() as session:
        try:
            if "now" in request.form:
                speaking = manner(session)
            else:
                given = lexicon.checked(language, chosen, how)
                speaking = manner_with(session, (language, given.word, given.said))
        except PromptError as error:
            return not_spoken(said(error), 422)
    mark = "." if language == "en" else "。"
    clauses = compose_text(f"{chosen}{mark}", language, speaking)
    if sentence:
        clauses += compose_text(sentence, language, speaking)
    return spoken_clauses(clauses)


@blueprint.post("/delete")
def delete() -> ResponseReturnValue:
    """Leave a word to the voice again."""
    language, chosen = _asked()
    try:
        with desk().database.begin() as session:
            service.take_back(
                session, language, chosen, author=current_user.username, now=desk().now()
            )
            note(session, "pronunciation_deleted", f"{language} {chosen}")
    except NotFoundError:
        abort(404)
    flash(_("Deleted. From the next call on the voice says it as it would by itself."))
    return redirect(_address(language, chosen))


@blueprint.post("/restore")
def restore() -> ResponseReturnValue:
    """Have a deleted word said again as it was."""
    language, chosen = _asked()
    try:
        with desk().database.begin() as session:
            row = service.bring_back(
                session, language, chosen, author=current_user.username, now=desk().now()
            )
            note(session, "pronunciation_restored", f"{language} {chosen}", said=row.said)
    except NotFoundError:
        abort(404)
    except RefusedError as error:
        flash(said(error), "error")
    else:
        flash(_("Restored. Callers hear it from the next call on."))
    return redirect(_address(language, chosen))


def _page(
    language: str, chosen: str, *, form: WordSaid | None = None, status: int = 200
) -> ResponseReturnValue:
    with desk().database.read() as session:
        history = service.history(session, language, chosen)
        occurring = places(session, language, chosen)
    newest = history[0] if history else None
    of_the_line = lexicon.load(language).words.get(chosen, "")
    if form is None:
        form = WordSaid(None)
        form.base.data = str(newest.revision if newest else 0)
        form.said.data = (newest.said if newest else "") or of_the_line
        form.sentence.data = occurring[0].sentence[:200] if occurring else ""
    return render_template(
        "pronunciations/word.html",
        language=language,
        language_name=LANGUAGES[language],
        chosen=chosen,
        form=form,
        history=history,
        newest=newest,
        of_the_line=of_the_line,
        occurring=occurring,
    ), status


def _asked() -> tuple[str, str]:
    """The language and the word in the address; 404 where there is no such language."""
    language = request.args.get("language", "")
    chosen = " ".join(request.args.get("word", "").split())[: rules.LONGEST_WORD]
    if language not in LANGUAGES or not chosen:
        abort(404)
    return language, chosen


def _base(form: WordSaid) -> int:
    given = str(form.base.data or "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


def _address(language: str, chosen: str) -> str:
    return url_for("pronunciations.word", language=language, word=chosen)
