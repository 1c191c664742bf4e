"""The form of a flow's text."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import Length

from admin_web.forms import DeskForm, required, strip

LONGEST_TEXT = 500_000


def _unix_lines(value: Any) -> Any:
    """Filter: browsers send CR LF, files have LF; a diff must not see every line as changed."""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


class FlowText(DeskForm):
    """A flow's text; ``base`` is the revision the edit began from."""

    base = HiddenField()
    text = TextAreaField(
        _l("Text"),
        filters=[_unix_lines],
        validators=[
            required(),
            Length(max=LONGEST_TEXT, message=_l("At most %(max)d characters.")),
        ],
    )
    message = StringField(
        _l("What was changed"),
        filters=[strip],
        validators=[Length(max=500, message=_l("At most %(max)d characters."))],
    )
