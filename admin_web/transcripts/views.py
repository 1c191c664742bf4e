"""The page of one transcript: listen, mend, check, or let the machine listen again."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session

from admin_web.audit import note
from admin_web.departments import own_only
from admin_web.desk import desk
from admin_web.reasons import said
from admin_web.roles import may
from admin_web.transcripts.forms import AgainForm, WordsForm
from admin_web.transcripts.reading import words_read
from admin_web.transcripts.standing import INSTALL, SWITCH, Standing, standing
from ivr.records.tables import Complaint, Recording, Transcript
from ivr.services import recordings
from ivr.services import transcripts as service
from ivr.services.errors import NotFoundError, RefusedError

blueprint = Blueprint("transcripts", __name__, url_prefix="/transcripts")


@blueprint.app_context_processor
def how_it_stands() -> dict[str, object]:
    """Let every page with a transcript say why there is none."""

    def transcribing() -> Standing:
        # A list asks for each of its rows.
        if "transcribing" not in g:
            with desk().database.read() as session:
                g.transcribing = standing(session, desk().now())
        return cast(Standing, g.transcribing)

    return {
        "transcribing": transcribing,
        "transcribing_is": desk().settings.transcripts,
        "install_command": INSTALL,
        "switch_on": SWITCH,
    }


@blueprint.get("/<recording_id>")
def transcript(recording_id: str) -> ResponseReturnValue:
    """One transcript beside its recording."""
    return _page(recording_id, None)


@blueprint.post("/<recording_id>")
def save(recording_id: str) -> ResponseReturnValue:
    """Keep the words as somebody heard them, and perhaps that they were checked."""
    _open_to_them(recording_id)
    form = WordsForm()
    checked = request.form.get("checked") == "1"
    saved = form.validate()
    if saved:
        try:
            with desk().database.begin() as session:
                service.write(
                    session,
                    recording_id,
                    form.text.data,
                    seen=int(form.seen.data),
                    checked=checked,
                    who=current_user.username,
                    now=desk().now(),
                )
                what = "transcript_checked" if checked else "transcript_changed"
                note(session, what, _record(session, recording_id))
        except RefusedError as error:
            saved = False
            form.text.errors = [_("Not saved: %(reason)s", reason=said(error))]
    if not saved:
        return _page(recording_id, form)
    flash(_("The transcript is marked as checked.") if checked else _("The transcript is saved."))
    return _back(recording_id)


@blueprint.post("/<recording_id>/again")
def again(recording_id: str) -> ResponseReturnValue:
    """Let the machine listen once more."""
    _open_to_them(recording_id)
    form = AgainForm()
    form.offer_languages()
    if not form.validate():
        abort(400)
    try:
        with desk().database.begin() as session:
            service.ask_again(
                session,
                recording_id,
                language=form.language.data,
                seen=int(form.seen.data),
                now=desk().now(),
            )
            note(session, "transcript_again", _record(session, recording_id))
    except RefusedError as error:
        flash(_("Not asked again: %(reason)s", reason=said(error)), "error")
        return redirect(url_for("transcripts.transcript", recording_id=recording_id))
    flash(_("The recording is transcribed again, before all others that wait."))
    return _back(recording_id)


def _open_to_them(recording_id: str) -> None:
    """404 where nothing came of a recording, or where it is none of their business."""
    with desk().database.read() as session:
        try:
            filed = service.filed_as(session, recording_id)
        except NotFoundError:
            abort(404)
    is_theirs = own_only(filed) if isinstance(filed, Complaint) else may("call_backs.recording")
    if not is_theirs:
        abort(404)


def _page(recording_id: str, form: WordsForm | None) -> ResponseReturnValue:
    _open_to_them(recording_id)
    with desk().database.read() as session:
        recording = recordings.get(session, recording_id)
        filed = service.filed_as(session, recording_id)
        row = service.find(session, recording_id)
        record = _record(session, recording_id)
    refused = form is not None
    seen = str(row.version if row else 0)
    if form is None:
        form = WordsForm(None, data={"seen": seen, "text": row.text if row else ""})
    elif row is not None and form.seen.data != seen:
        # What the other wrote stands beside it now: the next save is a decision.
        form.seen.data = seen
    again_form = AgainForm(
        None, data={"seen": seen, "language": (row.language if row else None) or _spoken(filed)}
    )
    again_form.offer_languages()
    if service.has_words(row):
        words_read([record])
    return render_template(
        "transcripts/transcript.html",
        recording=recording,
        transcript=row,
        complaint=filed if isinstance(filed, Complaint) else None,
        task=None if isinstance(filed, Complaint) else filed,
        form=form,
        again=again_form if _may_ask_again(recording, row) else None,
    ), 422 if refused else 200


def _spoken(filed: object) -> str:
    return getattr(filed, "language", None) or service.LANGUAGES[0]


def _may_ask_again(recording: Recording, row: Transcript | None) -> bool:
    """Say whether the button is shown: not for what waits, and never over words of staff."""
    if desk().settings.transcripts != "on" or recording.seconds is None or row is None:
        return False
    return row.state in ("done", "silent", "failed") and not row.edits and row.checked_at is None


def _record(session: Session, recording_id: str) -> str:
    """Return the name under which the audit log knows what a recording belongs to."""
    filed = service.filed_as(session, recording_id)
    return f"complaint {filed.ticket}" if isinstance(filed, Complaint) else f"call-back {filed.id}"


def _back(recording_id: str) -> ResponseReturnValue:
    with desk().database.read() as session:
        filed = service.filed_as(session, recording_id)
    if isinstance(filed, Complaint):
        return redirect(url_for("complaints.complaint", ticket=filed.ticket))
    return redirect(url_for("call_backs.call_backs", state=filed.state))
