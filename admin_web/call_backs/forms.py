"""The form of one try to call back."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.validators import Length, Optional

from admin_web.forms import DeskForm, Moment, choices, strip
from admin_web.names import CALL_BACK_RESULT

LONGEST_NOTE = 500


class TryForm(DeskForm):
    """What came of it, and when they are to be called again."""

    result = SelectField(_l("What came of it"), choices=choices(CALL_BACK_RESULT))
    again_at = Moment(_l("Call again at"), validators=[Optional()])
    note = StringField(
        _l("Note"),
        filters=[strip],
        validators=[
            Length(
                max=LONGEST_NOTE,
                message=_l(
                    "The note is too long: at most %(number)s characters.", number=LONGEST_NOTE
                ),
            )
        ],
    )
