"""Pages of signing in and out: the password, then the code where there is a second factor.

Between the two, the signed cookie says whose password was right; it opens nothing else, and only
for some minutes.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from flask import flash, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, logout_user

from admin_web.desk import desk
from admin_web.formatting import clock_text
from admin_web.languages import COOKIE, keep, page_language
from admin_web.links import same_site
from admin_web.sign_in.blueprint import blueprint
from admin_web.sign_in.forms import CodeForm, SignInForm
from admin_web.sign_in.person import begin_session
from ivr.records.tables import Staff
from ivr.services import second_factor, sessions, staff
from ivr.services.staff import SignInResult

HALF = "half_signed_in"
HALF_LASTS_S = 300
# So few are left that new ones should be made.
FEW_CODES = 3


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
        if tried.result is SignInResult.CODE_NEEDED and tried.staff is not None:
            return _ask_for_code(tried.staff, wanted)
        if tried.staff is not None:
            return _let_in(tried.staff, wanted)
        desk().sign_in_tries.count(request.remote_addr, now)
        if tried.result is SignInResult.LOCKED and tried.locked_until is not None:
            refused, status = locked(tried.locked_until), 429
        else:
            refused, status = _("User name or password is wrong. Try again."), 401
    elif request.method == "POST":
        status = 422
    return render_template("sign_in/sign_in.html", form=form, refused=refused, next=wanted), status


def _ask_for_code(row: Staff, wanted: str) -> ResponseReturnValue:
    session.clear()
    session[HALF] = {
        "staff": row.id,
        "at": desk().now().timestamp(),
        "password": _mark_of(row),
        "next": wanted,
    }
    return redirect(url_for("sign_in.code"))


def _mark_of(row: Staff) -> str:
    """Return what changes with the password, and tells nothing of it."""
    return hashlib.sha256(row.password_hash.encode()).hexdigest()[:16]


def _half_signed_in() -> Staff | None:
    """Return whose password was right a moment ago, if it still is theirs."""
    half = session.get(HALF)
    if not isinstance(half, dict):
        return None
    if not 0 <= desk().now().timestamp() - half.get("at", 0) < HALF_LASTS_S:
        return None
    with desk().database.read() as reading:
        row = reading.get(Staff, half.get("staff"))
    return row if row is not None and row.active and _mark_of(row) == half["password"] else None


@blueprint.route("/sign-in/code", methods=["GET", "POST"])
def code() -> ResponseReturnValue:
    """Ask for the code of the app, or a recovery code."""
    row = _half_signed_in()
    if row is None:
        session.pop(HALF, None)
        flash(_("That took too long. Enter your password again."), "error")
        return redirect(url_for("sign_in.sign_in"))
    wanted = same_site(session[HALF].get("next"))
    form = CodeForm()
    refused: str | None = None
    status = 200
    now = desk().now()
    shut_until = desk().sign_in_tries.locked_until(request.remote_addr, now)
    if request.method == "POST" and shut_until is not None:
        refused, status = _address_locked(shut_until), 429
    elif form.validate_on_submit():
        verdict = second_factor.judge(
            desk().database, row.id, form.code.data, key=desk().settings.secret_key, now=now
        )
        if verdict.right:
            return _let_in_with_code(row, wanted, recovered=verdict.recovered)
        desk().sign_in_tries.count(request.remote_addr, now)
        with desk().database.begin() as writing:
            staff.code_refused(writing, row, now)
        if verdict.locked_until is not None:
            refused, status = _code_locked(verdict.locked_until), 429
        else:
            refused = _(
                "This code is wrong, or was used before. Wait for the next one that the app shows."
            )
            status = 401
    elif request.method == "POST":
        status = 422
    return render_template("sign_in/code.html", form=form, refused=refused), status


def _let_in_with_code(row: Staff, wanted: str, *, recovered: bool) -> ResponseReturnValue:
    with desk().database.begin() as writing:
        person = staff.get(writing, row.username)
        how = "recovery_code" if recovered else "second_factor"
        staff.signed_in(writing, person, desk().now(), how=how)
        left = second_factor.state(writing, person.id).recovery_codes
    answer = _let_in(person, wanted)
    if left <= FEW_CODES:
        flash(_("%(number)s recovery codes are left. Make new ones in your account.", number=left))
    return answer


def locked(until: datetime) -> str:
    """Say until when an account is locked after wrong passwords."""
    told = _(
        "Too many wrong tries. This account is locked until %(time)s; "
        "an administrator can lift the lock by setting a new password.",
        time=clock_text(until, seconds=True),
    )
    return str(told)


def _code_locked(until: datetime) -> str:
    told = _(
        "Too many wrong codes. No code is taken until %(time)s. "
        "An administrator can reset the second factor.",
        time=clock_text(until, seconds=True),
    )
    return str(told)


def _address_locked(until: datetime) -> str:
    told = _(
        "Too many wrong sign-ins from this address. Nobody can sign in from it until %(time)s. "
        "Forgot the password? An administrator can give you a new one.",
        time=clock_text(until, seconds=True),
    )
    return str(told)


def _let_in(row: Staff, wanted: str) -> ResponseReturnValue:
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
