"""One's own account: the password, and where one is signed in."""

from __future__ import annotations

from flask import abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_login import current_user
from wtforms import PasswordField, ValidationError

from admin_web.audit import note
from admin_web.desk import desk
from admin_web.reasons import said
from admin_web.roles import ROLE_DUTIES, ROLE_NAMES
from admin_web.sign_in.blueprint import blueprint
from admin_web.sign_in.browsers import browser_of
from admin_web.sign_in.forms import OwnPassword, check_strength
from admin_web.sign_in.person import begin_session
from admin_web.sign_in.views import locked
from ivr.records.tables import Department
from ivr.services import passwords, second_factor, sessions, staff
from ivr.services.errors import NotFoundError
from ivr.services.staff import SignInResult

LEVELS = (
    _l("Very easy to guess"),
    _l("Easy to guess"),
    _l("Could be stronger"),
    _l("Strong"),
    _l("Very strong"),
)


@blueprint.app_template_filter()
def browser(header: str) -> str:
    """Return a browser in words."""
    name, system = browser_of(header)
    if name and system:
        return str(_("%(browser)s on %(system)s", browser=name, system=system))
    return name or system or str(_("An unknown browser"))


@blueprint.route("/account", methods=["GET", "POST"])
def own_password() -> ResponseReturnValue:
    """Show one's account; change one's password, which ends all other sessions."""
    form = OwnPassword()
    if form.validate_on_submit() and _change(form):
        flash(_("Your password is changed. Other sessions of yours have ended."))
        return redirect(url_for("home.home"))
    with desk().database.read() as session:
        factor = second_factor.state(session, current_user.id)
        department = (
            session.get(Department, current_user.department) if current_user.department else None
        )
        listed = sessions.lasting(session, current_user.id, desk().now(), desk().settings.sessions)
    return render_template(
        "sign_in/own_password.html",
        form=form,
        shortest=passwords.MIN_LENGTH,
        role_names=ROLE_NAMES,
        role_duties=ROLE_DUTIES,
        department=department,
        factor=factor,
        factor_required=current_user.role in desk().settings.second_factor_for,
        sessions=listed,
    ), 200 if request.method == "GET" else 422


def _change(form: OwnPassword) -> bool:
    """Change the password; False with the error beside its field."""
    username = current_user.username
    try:
        check_strength(form.new.data, username)
    except ValidationError as error:
        form.new.errors = [str(error)]
        return False
    if not password_is_right(form.current):
        return False
    hashed = passwords.hash_password(form.new.data)
    with desk().database.begin() as writing:
        row = staff.set_password(
            writing, username, hashed, must_change=False, who=username, now=desk().now()
        )
    begin_session(row)
    return True


def password_is_right(field: PasswordField) -> bool:
    """Ask for the present password before what only its owner may do; the error is put beside it.

    It is counted and locked as at the sign-in: a session left open is not a way to guess.
    """
    tried = staff.judge_password(
        desk().database, current_user.username, field.data or "", desk().now()
    )
    if tried.result is SignInResult.LOCKED and tried.locked_until is not None:
        field.errors = [locked(tried.locked_until)]
        return False
    if tried.staff is None:
        field.errors = [_("This is not your present password.")]
        return False
    return True


@blueprint.post("/account/strength")
def strength() -> ResponseReturnValue:
    """Say how strong a password would be, as somebody types it; nothing is kept of it."""
    password = request.form.get("password", "")[: passwords.MAX_LENGTH + 1]
    found = passwords.strength(password, request.form.get("username", "")[:64])
    told = said(found.refused) if found.refused else str(LEVELS[found.level])
    return jsonify(level=found.level, taken=found.refused is None, said=told)


@blueprint.post("/account/sessions/<int:session_id>/end")
def end_session(session_id: int) -> ResponseReturnValue:
    """End one of one's sessions."""
    try:
        with desk().database.begin() as writing:
            person = staff.get(writing, current_user.username)
            sessions.end(writing, person, session_id, who=person.username, now=desk().now())
    except NotFoundError:
        abort(404)
    flash(_("The session has ended."))
    return redirect(url_for("sign_in.own_password"))


@blueprint.post("/account/sessions/end-others")
def end_other_sessions() -> ResponseReturnValue:
    """End all of one's sessions but this one."""
    with desk().database.begin() as writing:
        person = staff.get(writing, current_user.username)
        ended = sessions.end_all(
            writing, person, now=desk().now(), except_for=current_user.session_id
        )
        if ended:
            note(writing, "sessions_ended", person.username, number=str(ended))
    flash(ngettext("%(num)d session has ended.", "%(num)d sessions have ended.", ended))
    return redirect(url_for("sign_in.own_password"))
