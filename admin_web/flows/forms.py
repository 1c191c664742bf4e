"""The form of a flow's text."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import Length, Optional, Regexp

from admin_web.forms import DeskForm, at_most, required, strip
from call_flows.fields import SLUG

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


_NAMED = Regexp(
    f"^(?:{SLUG.pattern})$", message=_l("Small letters, digits and _ make a flow's name.")
)


class NewFlow(DeskForm):
    """A flow that is begun."""

    name = StringField(_l("Name of the flow"), filters=[strip], validators=[required(), _NAMED])
    title_zh = StringField(
        _l("Title in Chinese"), filters=[strip], validators=[required(), at_most(60)]
    )
    title_en = StringField(
        _l("Title in English"), filters=[strip], validators=[required(), at_most(60)]
    )


class ImportedFlow(DeskForm):
    """A flow that is brought in as a file."""

    file = FileField(_l("YAML file"), validators=[FileRequired(_l("Choose a file."))])
    name = StringField(_l("Name of the flow"), filters=[strip], validators=[Optional(), _NAMED])
