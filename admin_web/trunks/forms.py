"""Forms of the table of numbers."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.validators import Regexp

from admin_web.forms import DeskForm, at_most, required, strip

# The user part of a SIP URI (RFC 3261 §25.1) as staff would write it: a number or a name.
_CALLED = r"^[0-9A-Za-z+*#._~!-]{1,64}$"


class NumberForm(DeskForm):
    """The flow a listed number starts."""

    flow = SelectField(_l("Flow"), validators=[required()])
    note = StringField(_l("Note"), filters=[strip], validators=[at_most(200)])


class NewNumberForm(NumberForm):
    """A number, listed."""

    called = StringField(
        _l("Called number"),
        filters=[strip],
        validators=[
            required(),
            Regexp(_CALLED, message=_l("The number as it is dialled, without blanks.")),
        ],
    )
