"""Pages of signing in and out."""

from __future__ import annotations

from datetime import datetime

from flask import (
    Blueprint,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, logout_user
from wtforms import ValidationError

from admin_web.desk import desk
from admin_web.formatting import local
from admin_web.languages import COOKIE, keep, page_language
from admin_web.links import same_site
from admin_web.roles import ROLE_DUTIES, ROLE_NAMES
from admin_web.sign_in.forms import OwnPassword, SignInForm, check_strength
from admin_web.sign_in.person import begin_session
from ivr.records.tables import Staff
from ivr.services import passwords, sessions, staff
from ivr.services.staff import SignInResult

blueprint = Blueprint("sign_in", __name__)


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """Ask for name and password."""
    wanted = same_site(request.values.get("next"))
    if current_user.is_authenticated:
        return redirect(wanted)
    form = SignInForm()
    refused: str | None = None
    status = 200
    now = desk().now()
    shut_until = desk().sign_in_tries.locked_until(request.remote_addr, now)
    if request.method == "POST" and shut_until is not None:
        refused, status = _address_locked(shut_until), 429
    elif form.validate_on_submit():
        tried = staff.authenticate(desk().database, form.username.data, form.password.data, now)
        if tried.staff is not None:
            return _begin_session(tried.staff, wanted)
        desk().sign_in_tries.count(request.remote_addr, now)
        if tried.result is SignInResult.LOCKED and tried.locked_until is not None:
            refused, status = _locked(tried.locked_until), 429
        else:
            refused, status = _("User name or password is wrong. Try again."), 401
    elif request.method == "POST":
        status = 422
    return render_template("sign_in/sign_in.html", form=form, refused=refused, next=wanted), status


def _locked(until: datetime) -> str:
    told = _(
        "Too many wrong tries. This account is locked until %(time)s; "
        "an administrator can lift the lock by setting a new password.",
        time=local(until).strftime("%H:%M:%S"),
    )
    return str(told)


def _address_locked(until: datetime) -> str:
    told = _(
        "Too many wrong sign-ins from this address. Nobody can sign in from it until %(time)s. "
        "Forgot the password? An administrator can give you a new one.",
        time=local(until).strftime("%H:%M:%S"),
    )
    return str(told)


def _begin_session(row: Staff, wanted: str) -> ResponseReturnValue:
    begin_session(row)
    if row.must_change_password:
        wanted = url_for("sign_in.own_password")
    answer = make_response(redirect(wanted))
    if COOKIE not in request.cookies:
        keep(answer, row.language)
    elif page_language() != row.language:
        with desk().database.begin() as writing:
            staff.edit(
                writing, row.username, language=page_language(), who=row.username, now=desk().now()
            )
    return answer


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this session."""
    with desk().database.begin() as writing:
        person = staff.get(writing, current_user.username)
        sessions.end(
            writing, person, current_user.session_id, who=person.username, now=desk().now()
        )
    logout_user()
    session.clear()
    flash(_("You are signed out."))
    return redirect(url_for("sign_in.sign_in"))


@blueprint.route("/account", methods=["GET", "POST"])
def own_password() -> ResponseReturnValue:
    """Show one's account; change one's password, which ends all other sessions."""
    form = OwnPassword()
    if form.validate_on_submit() and _change(form):
        flash(_("Your password is changed. Other sessions of yours have ended."))
        return redirect(url_for("home.home"))
    return render_template(
        "sign_in/own_password.html",
        form=form,
        shortest=passwords.MIN_LENGTH,
        role_names=ROLE_NAMES,
        role_duties=ROLE_DUTIES,
    ), 200 if request.method == "GET" else 422


def _change(form: OwnPassword) -> bool:
    """Change the password; False with the error beside its field."""
    username = current_user.username
    try:
        check_strength(form.new.data, username)
    except ValidationError as error:
        form.new.errors = [str(error)]
        return False
    now = desk().now()
    # The same counting and locking as at the sign-in: a session left open is not a way to guess.
    tried = staff.authenticate(desk().database, username, form.current.data, now)
    if tried.result is SignInResult.LOCKED and tried.locked_until is not None:
        form.current.errors = [_locked(tried.locked_until)]
        return False
    if tried.staff is None:
        form.current.errors = [_("This is not your present password.")]
        return False
    hashed = passwords.hash_password(form.new.data)
    with desk().database.begin() as writing:
        row = staff.set_password(
            writing, username, hashed, must_change=False, who=username, now=now
        )
    begin_session(row)
    return True
