"""Pages of call-back tasks."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy.orm import Session

from admin_web.audit import heard, note
from admin_web.call_backs.forms import LONGEST_NOTE, TryForm
from admin_web.desk import desk
from admin_web.names import CALL_BACK_RESULT
from admin_web.reasons import said as reason_said
from admin_web.sound import recording_path, send_recording
from admin_web.transcripts.reading import words_read
from ivr.records.tables import CallBackResult, CallBackTask
from ivr.services import call_backs as service
from ivr.services import recordings, transcripts
from ivr.services.call_backs import Pile
from ivr.services.errors import NotFoundError, RefusedError

blueprint = Blueprint("call_backs", __name__, url_prefix="/call-backs")

PILES = {
    Pile.OPEN: _l("All waiting"),
    Pile.MINE: _l("Mine"),
    Pile.FREE: _l("Taken by nobody"),
    Pile.PROMISED: _l("Promised for a time"),
    Pile.DONE: _l("Done"),
}
NONE_THERE = {
    Pile.OPEN: _l("Nobody waits for a call. Whoever presses 0 and reaches no one appears here."),
    Pile.MINE: _l("You have taken no call-back."),
    Pile.FREE: _l("Every call-back is in somebody's hands."),
    Pile.PROMISED: _l("Nobody was promised a call at a certain time."),
    Pile.DONE: _l("No call-back has been done yet."),
}


@blueprint.get("/")
def call_backs() -> ResponseReturnValue:
    """Those who wait, the longest first; or those who were called."""
    shown = _pile(request.args.get("state", ""))
    skip = request.args.get("skip", "0")
    if not (skip.isascii() and skip.isdigit() and len(skip) <= 6):
        abort(404)
    now, who = desk().now(), current_user.username
    with desk().database.read() as session:
        page = service.pile(session, shown, who=who, skip=int(skip))
        counts = service.pile_counts(session, who=who)
        due = service.due(session, now, who=who)
        kept = transcripts.recordings_of(session, [task.recording_id for task in page.tasks])
    rows = page.tasks
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
        "call_backs/call_backs.html",
        rows=rows,
        page=page,
        piles=PILES,
        counts=counts,
        shown=shown,
        none_there=NONE_THERE[shown],
        due=due,
        now=now,
        late=service.LATE,
        results=CALL_BACK_RESULT,
        recordings=there,
        messages=messages,
    )


def _pile(name: str) -> Pile:
    try:
        return Pile(name)
    except ValueError:
        return Pile.OPEN


@blueprint.post("/<int:task_id>/take")
def take(task_id: int) -> ResponseReturnValue:
    """Work on it oneself."""

    def mine(session: Session) -> None:
        service.take(session, task_id, who=current_user.username)
        note(session, "call_back_taken", f"call-back {task_id}")

    return _do(mine, _("You call back now."))


@blueprint.post("/<int:task_id>/let-go")
def let_go(task_id: int) -> ResponseReturnValue:
    """Put it back for colleagues."""
    return _do(
        lambda session: service.let_go(session, task_id), _("The call-back waits for a colleague.")
    )


@blueprint.post("/<int:task_id>/tried")
def tried(task_id: int) -> ResponseReturnValue:
    """Somebody called back: what came of it."""
    form = TryForm()
    if not form.validate():
        return _back(str(next(iter(form.errors.values()))[0]))
    result = CallBackResult(form.result.data)
    again_at = form.again_at.data.replace(tzinfo=desk().zone) if form.again_at.data else None

    def keep(session: Session) -> None:
        service.tried(
            session,
            task_id,
            result,
            who=current_user.username,
            note=form.note.data or "",
            again_at=again_at,
            now=desk().now(),
        )
        what = "call_back_done" if result is CallBackResult.REACHED else "call_back_tried"
        note(session, what, f"call-back {task_id}")

    told = (
        _("The call-back is marked as done.")
        if result is CallBackResult.REACHED
        else _("The try is noted; the call-back stays open.")
    )
    return _do(keep, told)


@blueprint.post("/<int:task_id>/done")
def done(task_id: int) -> ResponseReturnValue:
    """Somebody has called back."""
    said = request.form.get("note", "").strip()
    if len(said) > LONGEST_NOTE:
        return _back(_too_long())

    def finish(session: Session) -> None:
        service.mark_done(session, task_id, who=current_user.username, note=said, now=desk().now())
        note(session, "call_back_done", f"call-back {task_id}")

    return _do(finish, _("The call-back is marked as done."))


def _do(act: Callable[[Session], object], told: str) -> ResponseReturnValue:
    try:
        with desk().database.begin() as session:
            act(session)
    except NotFoundError:
        abort(404)
    except RefusedError as error:
        return _back(_("Not changed: %(reason)s", reason=reason_said(error)))
    flash(told)
    return _back()


def _too_long() -> str:
    return str(_("The note is too long: at most %(number)s characters.", number=LONGEST_NOTE))


def _back(wrong: str = "") -> ResponseReturnValue:
    """Go back to the list somebody works in."""
    if wrong:
        flash(wrong, "error")
    shown = _pile(request.form.get("shown", ""))
    state = None if shown is Pile.OPEN else shown.value
    return redirect(url_for("call_backs.call_backs", state=state))


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
