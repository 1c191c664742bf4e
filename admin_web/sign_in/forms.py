"""Forms of signing in and of passwords."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import Form, PasswordField, StringField, ValidationError
from wtforms.validators import EqualTo

from admin_web.forms import DeskForm, at_most, required, strip
from ivr.services import passwords
from ivr.services.errors import RefusedError

TOO_SHORT = _l("At least %(number)s characters.", number=passwords.MIN_LENGTH)
TOO_LONG = _l("At most %(number)s characters.", number=passwords.MAX_LENGTH)
GUESSABLE = _l("This is too easy to guess: it is much used, or holds the user name.")


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


def check_strength(password: str, username: str) -> None:
    """ValidationError, in the page's language, where the password is too weak."""
    if len(password) < passwords.MIN_LENGTH:
        raise ValidationError(TOO_SHORT)
    if len(password) > passwords.MAX_LENGTH:
        raise ValidationError(TOO_LONG)
    try:
        passwords.check_policy(password, username)
    except RefusedError:
        raise ValidationError(GUESSABLE) from None


class StrongFor:
    """Validator: strong enough for the person whose name is in the field ``username``."""

    def __init__(self, field: str) -> None:
        self.field = field

    def __call__(self, form: Form, field: PasswordField) -> None:
        check_strength(field.data or "", form[self.field].data or "")
