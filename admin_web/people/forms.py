"""Forms of staff accounts and tokens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Self

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
    ValidationError,
)
from wtforms.validators import Optional, Regexp
from wtforms.widgets import CheckboxInput, ListWidget

from admin_web.api.scopes import SCOPES
from admin_web.desk import desk
from admin_web.forms import Choice, Day, DeskForm, at_most, choices, required, strip
from admin_web.roles import CLERK, ROLE_NAMES, SUPERVISOR
from admin_web.sign_in.forms import StrongFor
from ivr.services.line_time import local_day
from ivr.services.tokens import FORMER_SCOPES

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


class Boxes(SelectMultipleField):  # type: ignore[misc]
    """Several of a list, each with a box to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class TokenForm(DeskForm):
    """A token for a program: what it may do is what its role may, as far as it is ticked here."""

    name = StringField(
        _l("Which program uses it"), filters=[strip], validators=[required(), at_most(80)]
    )
    role = SelectField(_l("Its role"), choices=choices(ROLE_NAMES), default=SUPERVISOR)
    department = Choice(_l("Department"))
    scopes = Boxes(_l("What it may do"), choices=choices(SCOPES), default=list(FORMER_SCOPES))
    whole_numbers = BooleanField(_l("Hand it telephone and account numbers whole"))
    last_day = Day(_l("Ends after the day"), validators=[Optional()])

    def offer(self, departments: Mapping[str, str]) -> Self:
        """Fill in the departments there are."""
        self.department.choices = choices(departments, "—")
        return self

    def validate_department(self, field: SelectField) -> None:
        """A token with the role of a clerk is kept to one department."""
        if self.role.data == CLERK and not field.data:
            raise ValidationError(_l("Choose the department whose complaints the program reads."))

    def validate_scopes(self, field: Boxes) -> None:
        """A token that may do nothing is of no use."""
        if not field.data:
            raise ValidationError(_l("Tick at least one thing that the program may do."))

    def validate_whole_numbers(self, field: BooleanField) -> None:
        """Numbers are shown whole to some roles only, and so to their programs."""
        if field.data and self.role.data not in desk().settings.numbers_for:
            raise ValidationError(_l("This role sees numbers masked, and so does its program."))

    def validate_last_day(self, field: Day) -> None:
        """A token ends in the future."""
        if field.data and field.data < local_day(desk().now(), desk().zone):
            raise ValidationError(_l("This day is over."))

    def expires_at(self) -> datetime | None:
        """Return the end of the last day in the line's zone; None: it ends when it is revoked."""
        if self.last_day.data is None:
            return None
        day: date = self.last_day.data + timedelta(days=1)
        return datetime.combine(day, time(), desk().zone)
