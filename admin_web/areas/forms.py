"""The form of one area."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import Regexp

from admin_web.forms import DeskForm, at_most, required, strip


class AreaForm(DeskForm):
    """The names of an area; without an English name callers hear the Chinese one."""

    name_zh = StringField(_l("Chinese name"), filters=[strip], validators=[required(), at_most(80)])
    name_en = StringField(_l("English name"), filters=[strip], validators=[at_most(80)])


class NewAreaForm(AreaForm):
    """A new area."""

    code = StringField(
        _l("Code"),
        filters=[strip],
        validators=[required(), Regexp(r"^[0-9]{1,8}$", message=_l("1 to 8 digits."))],
    )
