"""Pages of staff accounts and tokens."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy.orm import Session
from wtforms import ValidationError

from admin_web.api.scopes import SCOPES
from admin_web.audit import note
from admin_web.desk import desk
from admin_web.languages import page_language
from admin_web.names import named
from admin_web.people.forms import NewPersonForm, PersonForm, ResetForm, TokenForm
from admin_web.roles import ROLE_DUTIES, ROLE_NAMES
from admin_web.sign_in.forms import check_strength
from ivr.records.tables import Staff
from ivr.services import (
    complaints,
    passwords,
    second_factor,
    sessions,
    staff,
    studio_codes,
    tokens,
)
from ivr.services.errors import NotFoundError, RefusedError

blueprint = Blueprint("people", __name__, url_prefix="/people")


@blueprint.get("/")
def people() -> ResponseReturnValue:
    """All accounts and tokens."""
    return _list(TokenForm(None), None)


def _list(form: TokenForm, token: str | None, status: int = 200) -> ResponseReturnValue:
    with desk().database.read() as session:
        everybody = staff.everybody(session)
        listed = tokens.all_tokens(session)
        protected = second_factor.everybody_on(session)
        departments = _departments(session)
    form.offer(departments)
    return render_template(
        "people/people.html",
        staff=everybody,
        tokens=listed,
        token_form=form,
        scope_names=SCOPES,
        new_token=token,
        now=desk().now(),
        protected=protected,
        required=desk().settings.second_factor_for,
        departments=departments,
        role_names=ROLE_NAMES,
        role_duties=ROLE_DUTIES,
    ), status


@blueprint.route("/-/new", methods=["GET", "POST"])
def add() -> ResponseReturnValue:
    """Add an account."""
    with desk().database.read() as session:
        form = NewPersonForm().offer(_departments(session))
    if form.validate_on_submit() and _add(form):
        flash(_("The account is there. Tell the person the first password in confidence."))
        return redirect(url_for("people.people"))
    return render_template(
        "people/add.html", form=form, shortest=passwords.MIN_LENGTH
    ), 200 if request.method == "GET" else 422


def _add(form: NewPersonForm) -> bool:
    hashed = passwords.hash_password(form.password.data)
    try:
        with desk().database.begin() as session:
            staff.create(
                session,
                username=form.username.data,
                password_hash=hashed,
                role=form.role.data,
                department=form.department.data or None,
                display_name=form.display_name.data or "",
                language=page_language(),
                who=current_user.username,
                now=desk().now(),
            )
    except RefusedError:
        form.username.errors = [_("Somebody has this user name already. Choose another.")]
        return False
    return True


@blueprint.route("/<username>", methods=["GET", "POST"])
def person(username: str) -> ResponseReturnValue:
    """Change name and role of an account."""
    with desk().database.read() as session:
        row = _get(session, username)
        form = PersonForm().offer(_departments(session))
    if form.validate_on_submit():
        changed = _edit(
            username,
            display_name=form.display_name.data or "",
            role=form.role.data,
            department=form.department.data or None,
        )
        if changed:
            flash(_("Saved."))
            return redirect(url_for("people.person", username=username))
        form.role.errors = [_last_administrator()]
    elif request.method == "GET":
        form = _person_form(row)
    return _person_page(row, form, ResetForm(None), 200 if request.method == "GET" else 422)


def _person_form(row: Staff) -> PersonForm:
    facts = {
        "display_name": row.display_name,
        "role": row.role.value,
        "department": row.department or "",
    }
    with desk().database.read() as session:
        return PersonForm(None, data=facts).offer(_departments(session))


def _edit(username: str, **change: object) -> bool:
    """Change an account; False where the last administrator would be lost."""
    try:
        with desk().database.begin() as session:
            _get(session, username)
            staff.edit(
                session,
                username,
                who=current_user.username,
                now=desk().now(),
                **change,  # type: ignore[arg-type]
            )
    except RefusedError:
        return False
    return True


def _last_administrator() -> str:
    return str(_("There must be an active administrator left. Make somebody else one first."))


@blueprint.post("/<username>/password")
def reset_password(username: str) -> ResponseReturnValue:
    """Give somebody a new first password."""
    with desk().database.read() as session:
        row = _get(session, username)
    form = ResetForm()
    try:
        if not form.validate():
            raise ValidationError(form.password.errors[0] if form.password.errors else "")
        check_strength(form.password.data, row.username)
    except ValidationError as error:
        form.password.errors = [str(error)]
        return _person_page(row, _person_form(row), form, 422)
    hashed = passwords.hash_password(form.password.data)
    with desk().database.begin() as session:
        staff.set_password(
            session,
            row.username,
            hashed,
            must_change=True,
            who=current_user.username,
            now=desk().now(),
        )
    flash(_("The password is set. Tell it to the person in confidence."))
    return redirect(url_for("people.person", username=row.username))


def _person_page(
    row: Staff, form: PersonForm, reset_form: ResetForm, status: int
) -> ResponseReturnValue:
    with desk().database.read() as session:
        listed = sessions.lasting(session, row.id, desk().now(), desk().settings.sessions)
        factor = second_factor.state(session, row.id)
        telephone_code = studio_codes.of(session, row.username)
    return render_template(
        "people/person.html",
        person=row,
        form=form,
        reset_form=reset_form,
        sessions=listed,
        factor=factor,
        telephone_code=telephone_code,
        factor_required=row.role.value in desk().settings.second_factor_for,
    ), status


@blueprint.post("/<username>/second-factor/reset")
def reset_second_factor(username: str) -> ResponseReturnValue:
    """Take away the second factor of somebody who lost the telephone and the recovery codes.

    Whoever has it may have their session, too: so all of them end.
    """
    with desk().database.begin() as session:
        row = _get(session, username)
        second_factor.turn_off(session, row, who=current_user.username, now=desk().now())
        sessions.end_all(session, row, now=desk().now(), except_for=current_user.session_id)
    flash(_("The second factor is reset: the password alone signs in."))
    return redirect(url_for("people.person", username=row.username))


@blueprint.post("/<username>/sessions/<int:session_id>/end")
def end_session(username: str, session_id: int) -> ResponseReturnValue:
    """End one session of somebody."""
    try:
        with desk().database.begin() as session:
            row = _get(session, username)
            sessions.end(session, row, session_id, who=current_user.username, now=desk().now())
    except NotFoundError:
        abort(404)
    flash(_("The session has ended."))
    return redirect(url_for("people.person", username=row.username))


@blueprint.post("/<username>/sessions/end")
def end_sessions(username: str) -> ResponseReturnValue:
    """Sign somebody out everywhere; of one's own sessions this one stays."""
    with desk().database.begin() as session:
        row = _get(session, username)
        ended = sessions.end_all(session, row, now=desk().now(), except_for=current_user.session_id)
        if ended:
            note(session, "sessions_ended", row.username, number=str(ended))
    flash(ngettext("%(num)d session has ended.", "%(num)d sessions have ended.", ended))
    return redirect(url_for("people.person", username=row.username))


@blueprint.post("/<username>/deactivate")
def deactivate(username: str) -> ResponseReturnValue:
    """Let somebody in no more."""
    if _edit(username, active=False):
        flash(_("The account is deactivated."))
    else:
        flash(_last_administrator(), "error")
    return redirect(url_for("people.person", username=username))


@blueprint.post("/<username>/activate")
def activate(username: str) -> ResponseReturnValue:
    """Let somebody in again."""
    _edit(username, active=True)
    flash(_("The account is active again."))
    return redirect(url_for("people.person", username=username))


@blueprint.post("/-/tokens")
def add_token() -> ResponseReturnValue:
    """Make a token; it is shown once, on this answer."""
    with desk().database.read() as session:
        form = TokenForm().offer(_departments(session))
    token = None
    if form.validate():
        who = current_user.username
        try:
            with desk().database.begin() as session:
                token = tokens.create(
                    session,
                    form.name.data,
                    who=who,
                    now=desk().now(),
                    whole_numbers=form.whole_numbers.data,
                    role=form.role.data,
                    department=form.department.data or None,
                    scopes=form.scopes.data,
                    expires_at=form.expires_at(),
                )
                note(
                    session,
                    "token_created",
                    form.name.data,
                    numbers="whole" if form.whole_numbers.data else "masked",
                    role=form.role.data,
                    scopes=" ".join(form.scopes.data),
                )
        except RefusedError:
            form.name.errors = [_("There is a token with this name already. Choose another.")]
    return _list(form if token is None else TokenForm(None), token, 200 if token else 422)


@blueprint.post("/-/tokens/<int:token_id>/revoke")
def revoke_token(token_id: int) -> ResponseReturnValue:
    """End a token."""
    try:
        with desk().database.begin() as session:
            ended = tokens.revoke(session, token_id, desk().now())
            note(session, "token_revoked", ended.name)
    except NotFoundError:
        abort(404)
    flash(_("The token opens nothing any more."))
    return redirect(url_for("people.people"))


def _departments(session: Session) -> dict[str, str]:
    return {row.code: named(row) for row in complaints.departments(session)}


def _get(session: Session, username: str) -> Staff:
    try:
        return staff.get(session, username)
    except NotFoundError:
        abort(404)
