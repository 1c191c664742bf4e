"""The telephone's page, and the door of its sound."""

from __future__ import annotations

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session

from admin_web.audit import note
from admin_web.desk import desk
from admin_web.roles import may
from admin_web.streams import admit
from admin_web.telephone.blueprint import blueprint
from ivr.services import numbers

MAIN = ""


def telephone() -> dict[str, object] | None:
    """Return what ``telephone/phone.html`` shows; None where there is none, or not for you."""
    if desk().settings.line is None or not may("telephone.line"):
        return None
    with desk().database.read() as session:
        listed = _listed(session)
    return {"numbers": listed, "words": words()}


def _listed(session: Session) -> list[tuple[str, str]]:
    """Return the numbers that can be dialled, each with what it is called; the line comes first."""
    listed = [(one.called, one.note or one.flow) for one in numbers.all_numbers(session)]
    return [(MAIN, _("The line")), *((called, f"{called} · {name}") for called, name in listed)]


@blueprint.get("/")
def page() -> ResponseReturnValue:
    """The telephone alone."""
    return render_template("telephone/telephone.html", phone=telephone())


@blueprint.get("/line")
def line() -> ResponseReturnValue:
    """The door of a call's sound: which number is called is noted before it rings."""
    number = request.args.get("number", MAIN)
    settings = desk().settings
    if settings.line is None:
        abort(404)
    with desk().database.read() as session:
        if number not in {called for called, _name in _listed(session)}:
            abort(404)
    answer = admit(number=number, line=settings.line)
    if answer.status_code == 204:
        with desk().database.begin() as session:
            note(session, "line_called", number or "line", caller=current_user.username)
    return answer


def words() -> dict[str, str]:
    """Return what the script says, by its key; ``{n}`` in one is filled in by it."""
    return {
        "ready": _("Ready to call"),
        "calling": _("Calling…"),
        "ringing": _("Ringing…"),
        "talking": _("Connected"),
        "ended_you": _("You hung up."),
        "ended_line": _("The line hung up: the call is over."),
        "ended_idle": _("Nobody pressed a key or spoke for ten minutes: hung up."),
        "ended_lost": _("The line cannot be reached. Is it running? See “The line”."),
        "refused_486": _("The line is busy: all its calls are taken. Try again in a minute."),
        "refused_503": _("The line takes no calls at the moment: it is starting, or stopping."),
        "refused_404": _("This number leads nowhere."),
        "refused": _("The line refused the call ({n})."),
        "browser_calls": _(
            "Others are calling from their browsers; no more can at once. Try again in a minute."
        ),
        "busy": _("You are calling from another window already; hang up there first."),
        "signed_out": _("You are signed out. Sign in again, then call."),
        "stopping": _("The staff pages are being started again. Try again in a moment."),
        "broken": _("The connection to this page broke off: the call is over."),
        "no_audio": _(
            "This browser cannot play telephone sound. "
            "Use a current Chrome, Edge, Firefox or Safari."
        ),
        "mic_waiting": _("The browser asks for the microphone: allow it, and the line hears you."),
        "mic_on": _("The line hears you."),
        "mic_off": _("Your microphone is off: the line hears silence."),
        "mic_denied": _(
            "No microphone: this browser was told not to allow it. You hear the line and can press "
            "keys. To speak, allow the microphone beside the page's address and call again."
        ),
        "mic_none": _(
            "No microphone was found. You hear the line and can press keys. To speak, plug one in "
            "and call again."
        ),
        "mic_insecure": _(
            "No microphone: browsers allow one only on https:// or on this machine itself. You "
            "hear the line and can press keys. To speak, open the page by https://, or on the "
            "machine of the line at http://localhost."
        ),
        "turn_mic_off": _("Microphone off"),
        "turn_mic_on": _("Microphone on"),
        "leave": _("The call ends if you leave this page."),
        "pressed": _("Key {n}"),
    }
