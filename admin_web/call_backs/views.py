"""Pages of call-back tasks."""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from admin_web.audit import heard, note
from admin_web.desk import desk
from admin_web.sound import recording_path, send_recording
from admin_web.transcripts.reading import words_read
from ivr.records.tables import CallBackTask
from ivr.services import call_backs as service
from ivr.services import recordings, transcripts
from ivr.services.errors import NotFoundError

blueprint = Blueprint("call_backs", __name__, url_prefix="/call-backs")

LONGEST_NOTE = 500


@blueprint.get("/")
def call_backs() -> ResponseReturnValue:
    """Those who wait, the longest first; or those who were called."""
    shown = "done" if request.args.get("state") == "done" else "open"
    with desk().database.read() as session:
        rows = service.done(session) if shown == "done" else service.waiting(session)
        kept = transcripts.recordings_of(session, [task.recording_id for task in rows])
    messages = {task.id: kept[task.recording_id] for task in rows if task.recording_id in kept}
    words_read(
        [
            f"call-back {task}"
            for task, message in messages.items()
            if transcripts.has_words(message.transcript)
        ]
    )
    there = {task: recording_path(message.path) is not None for task, message in messages.items()}
    return render_template(
        "call_backs/call_backs.html", rows=rows, shown=shown, recordings=there, messages=messages
    )


@blueprint.post("/<int:task_id>/done")
def done(task_id: int) -> ResponseReturnValue:
    """Somebody has called back."""
    said = request.form.get("note", "").strip()
    if len(said) > LONGEST_NOTE:
        flash(
            _("The note is too long: at most %(number)s characters.", number=LONGEST_NOTE), "error"
        )
        return redirect(url_for("call_backs.call_backs"))
    try:
        with desk().database.begin() as session:
            service.mark_done(
                session, task_id, who=current_user.username, note=said, now=desk().now()
            )
            note(session, "call_back_done", f"call-back {task_id}")
    except NotFoundError:
        abort(404)
    flash(_("The call-back is marked as done."))
    return redirect(url_for("call_backs.call_backs"))


@blueprint.get("/<int:task_id>/recording.wav")
def recording(task_id: int) -> Response:
    """The message that was left."""
    with desk().database.read() as session:
        task = session.get(CallBackTask, task_id)
        if task is None or task.recording_id is None:
            abort(404)
        path = recordings.get(session, task.recording_id).path
    heard(f"call-back {task_id}")
    return send_recording(path, f"call-back-{task_id}")
