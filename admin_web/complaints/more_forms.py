"""Forms of what is done with a whole complaint: merging it, keeping it confidential."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, StringField
from wtforms.validators import Regexp

from admin_web.forms import DeskForm, at_most, required, strip


class MergeForm(DeskForm):
    """The complaint this one is a duplicate of."""

    into = StringField(
        _l("Ticket of the other complaint"),
        id="merge-into",
        filters=[strip],
        validators=[
            required(),
            Regexp(r"^[0-9 -]{6,20}$", message=_l("A ticket is a number of twelve digits.")),
        ],
    )
    why = StringField(_l("Why"), id="merge-why", filters=[strip], validators=[at_most(500)])


class ConfideForm(DeskForm):
    """Whether only named roles see the complaint."""

    confidential = BooleanField(_l("Confidential"), id="confide")
    why = StringField(_l("Why"), id="confide-why", filters=[strip], validators=[at_most(500)])
