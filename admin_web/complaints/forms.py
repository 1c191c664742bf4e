"""Forms of the complaint pages."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    HiddenField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Optional, Regexp

from admin_web.forms import Choice, Day, DeskForm, SearchForm, at_most, choices, required, strip
from admin_web.names import COMPLAINT_STATE

LONGEST_NOTE = 4000
OPEN = "open"
_NUMBER = r"^[0-9+*#() .-]{4,40}$"


class ComplaintSearch(SearchForm):
    """Which complaints to list."""

    state = Choice(
        _l("State"),
        choices=choices({OPEN: _l("Without a reply"), **COMPLAINT_STATE}, _l("All states")),
    )
    category = Choice(_l("Category"))
    department = Choice(_l("Department"))
    text = StringField(
        _l("Ticket, number or words said"), filters=[strip], validators=[at_most(64)]
    )
    overdue = BooleanField(_l("Overdue only"))


class NextStep(DeskForm):
    """A change of state; which are offered comes from the transition table."""

    to_state = SelectField(_l("New state"), validators=[required()])
    department = SelectField(_l("Department"), validators=[Optional()])
    deadline = Day(_l("Deadline"), validators=[Optional()])
    note = TextAreaField(_l("Note"), filters=[strip], validators=[at_most(LONGEST_NOTE)])


class CorrectionForm(DeskForm):
    """Mistakes put right, the state left as it is; ``seen`` is when the complaint last changed."""

    seen = HiddenField(id="fix-seen")
    category = SelectField(_l("Category"), id="fix-category")
    department = SelectField(_l("Department"), id="fix-department", validators=[Optional()])
    deadline = Day(_l("Deadline"), id="fix-deadline", validators=[Optional()])
    callback_number = StringField(
        _l("Call-back number"),
        id="fix-number",
        filters=[strip],
        validators=[
            Optional(),
            Regexp(_NUMBER, message=_l("A telephone number of at least 4 digits.")),
        ],
    )
    reply = TextAreaField(
        _l("Reply the caller hears"),
        id="fix-reply",
        filters=[strip],
        validators=[at_most(LONGEST_NOTE)],
    )
    why = StringField(_l("Why"), id="fix-why", filters=[strip], validators=[at_most(500)])


class NoteForm(DeskForm):
    """A line for the history."""

    note = TextAreaField(
        _l("Note"), id="added-note", filters=[strip], validators=[required(), at_most(LONGEST_NOTE)]
    )
