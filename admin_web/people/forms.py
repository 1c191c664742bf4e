"""Forms of staff accounts and tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, PasswordField, SelectField, StringField, ValidationError
from wtforms.validators import Regexp

from admin_web.forms import Choice, DeskForm, at_most, choices, required, strip
from admin_web.roles import CLERK, ROLE_NAMES
from admin_web.sign_in.forms import StrongFor

_USERNAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{1,31}$"


class PersonForm(DeskForm):
    """Name and role of an account."""

    display_name = StringField(_l("Name"), filters=[strip], validators=[at_most(80)])
    role = SelectField(_l("Role"), choices=choices(ROLE_NAMES))
    department = Choice(_l("Department"))

    def offer(self, departments: Mapping[str, str]) -> Self:
        """Fill in the departments there are."""
        self.department.choices = choices(departments, "—")
        return self

    def validate_department(self, field: SelectField) -> None:
        """A clerk works for one department."""
        if self.role.data == CLERK and not field.data:
            raise ValidationError(_l("Choose the department whose complaints the clerk works on."))


class NewPersonForm(PersonForm):
    """A new account."""

    username = StringField(
        _l("User name"),
        filters=[strip],
        validators=[
            required(),
            Regexp(_USERNAME, message=_l("2 to 32 letters, digits, dots, dashes or underscores.")),
        ],
    )
    password = PasswordField(_l("First password"), validators=[required(), StrongFor("username")])


class ResetForm(DeskForm):
    """A new password for somebody else."""

    password = PasswordField(_l("New password"), validators=[required()])


class TokenForm(DeskForm):
    """A token for a program."""

    name = StringField(
        _l("Which program uses it"), filters=[strip], validators=[required(), at_most(80)]
    )
    whole_numbers = BooleanField(_l("Hand it telephone and account numbers whole"))
