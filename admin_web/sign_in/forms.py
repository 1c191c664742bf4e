"""Forms of signing in and of passwords."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import Form, PasswordField, StringField, ValidationError
from wtforms.validators import EqualTo

from admin_web.forms import DeskForm, at_most, required, strip
from admin_web.reasons import said
from ivr.services import passwords
from ivr.services.errors import RefusedError


class SignInForm(DeskForm):
    """User name and password."""

    username = StringField(_l("User name"), filters=[strip], validators=[required(), at_most(64)])
    password = PasswordField(_l("Password"), validators=[required(), at_most(512)])


class OwnPassword(DeskForm):
    """One's own password, changed."""

    current = PasswordField(_l("Present password"), validators=[required(), at_most(512)])
    new = PasswordField(_l("New password"), validators=[required()])
    again = PasswordField(
        _l("New password again"),
        validators=[required(), EqualTo("new", _l("The two are not the same."))],
    )


class CodeForm(DeskForm):
    """A code of the app, or a recovery code."""

    code = StringField(
        _l("Verification code"), filters=[strip], validators=[required(), at_most(64)]
    )


class ConfirmForm(DeskForm):
    """The present password, before what only its owner may do."""

    password = PasswordField(_l("Present password"), validators=[required(), at_most(512)])


def check_strength(password: str, username: str) -> None:
    """ValidationError, in the page's language, where the password is too weak."""
    try:
        passwords.check_policy(password, username)
    except RefusedError as error:
        raise ValidationError(said(error)) from None


class StrongFor:
    """Validator: strong enough for the person whose name is in the field ``username``."""

    def __init__(self, field: str) -> None:
        self.field = field

    def __call__(self, form: Form, field: PasswordField) -> None:
        check_strength(field.data or "", form[self.field].data or "")
