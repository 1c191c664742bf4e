"""One's own second factor: the picture for the app, its first code, recovery codes, and the end."""

from __future__ import annotations

import segno
from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import Markup

from admin_web.desk import desk
from admin_web.reasons import said
from admin_web.sign_in.account import password_is_right
from admin_web.sign_in.blueprint import blueprint
from admin_web.sign_in.forms import CodeForm, ConfirmForm
from ivr.services import second_factor, sessions, staff
from ivr.services.errors import RefusedError
from ivr.services.second_factor import FactorState


@blueprint.get("/account/second-factor")
def own_second_factor() -> ResponseReturnValue:
    """How one's second factor stands."""
    return _page(ConfirmForm(None), 200)


def _page(form: ConfirmForm, status: int) -> ResponseReturnValue:
    return render_template(
        "sign_in/second_factor.html",
        form=form,
        factor=_state(),
        required=current_user.role in desk().settings.second_factor_for,
    ), status


def _state() -> FactorState:
    with desk().database.read() as session:
        return second_factor.state(session, current_user.id)


@blueprint.post("/account/second-factor")
def begin_second_factor() -> ResponseReturnValue:
    """Show the picture for the app, after the password."""
    form = ConfirmForm()
    if not (form.validate_on_submit() and password_is_right(form.password)):
        return _page(form, 422)
    try:
        with desk().database.begin() as writing:
            person = staff.get(writing, current_user.username)
            secret = second_factor.begin(writing, person, key=desk().settings.secret_key)
    except RefusedError as error:
        flash(said(error), "error")
        return redirect(url_for("sign_in.own_second_factor"))
    return _picture(secret, CodeForm(None), 200)


def _picture(secret: str, form: CodeForm, status: int) -> ResponseReturnValue:
    address = second_factor.address(secret, current_user.username)
    # An inline picture: nothing of it leaves this page, and the policy allows no other place.
    drawn = segno.make(address, error="m").svg_inline(
        scale=5, border=3, dark="#000", light="#fff", lineclass=None, svgclass="qr"
    )
    spelt = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return render_template(
        "sign_in/second_factor_set_up.html",
        picture=Markup(drawn),
        secret=spelt,
        form=form,
    ), status


@blueprint.post("/account/second-factor/confirm")
def confirm_second_factor() -> ResponseReturnValue:
    """The app's first code: from now on one is asked for. Other sessions end."""
    form = CodeForm()
    settings, now = desk().settings, desk().now()
    with desk().database.begin() as writing:
        person = staff.get(writing, current_user.username)
        secret = second_factor.pending(writing, person, key=settings.secret_key)
        if secret is None:
            flash(_("Begin again: the picture for the app is out of date."), "error")
            return redirect(url_for("sign_in.own_second_factor"))
        codes: list[str] = []
        if form.validate():
            try:
                codes = second_factor.confirm(
                    writing, person, form.code.data, key=settings.secret_key, now=now
                )
            except RefusedError as error:
                form.code.errors = [said(error)]
        if codes:
            sessions.end_all(writing, person, now=now, except_for=current_user.session_id)
    if not codes:
        return _picture(secret, form, 422)
    return _codes(codes)


@blueprint.post("/account/second-factor/codes")
def new_recovery_codes() -> ResponseReturnValue:
    """Ten new recovery codes, shown once, after the password."""
    form = ConfirmForm()
    if not (form.validate_on_submit() and password_is_right(form.password)):
        return _page(form, 422)
    try:
        with desk().database.begin() as writing:
            person = staff.get(writing, current_user.username)
            codes = second_factor.new_recovery_codes(
                writing, person, who=person.username, now=desk().now()
            )
    except RefusedError as error:
        flash(said(error), "error")
        return redirect(url_for("sign_in.own_second_factor"))
    return _codes(codes)


def _codes(codes: list[str]) -> ResponseReturnValue:
    return render_template("sign_in/recovery_codes.html", codes=codes)


@blueprint.post("/account/second-factor/off")
def end_second_factor() -> ResponseReturnValue:
    """Sign in with the password alone again, where the role may."""
    form = ConfirmForm()
    if current_user.role in desk().settings.second_factor_for:
        flash(_("Your role must have a second factor."), "error")
        return redirect(url_for("sign_in.own_second_factor"))
    if not (form.validate_on_submit() and password_is_right(form.password)):
        return _page(form, 422)
    with desk().database.begin() as writing:
        person = staff.get(writing, current_user.username)
        second_factor.turn_off(writing, person, who=person.username, now=desk().now())
    flash(_("The second factor is off."))
    return redirect(url_for("sign_in.own_password"))
