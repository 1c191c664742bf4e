"""Forms of the complaint pages."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from admin_web.forms import Choice, DeskForm, SearchForm, at_most, choices, required, strip
from admin_web.names import COMPLAINT_STATE

LONGEST_NOTE = 4000


class ComplaintSearch(SearchForm):
    """Which complaints to list."""

    state = Choice(_l("State"), choices=choices(COMPLAINT_STATE, _l("All states")))
    category = Choice(_l("Category"))
    department = Choice(_l("Department"))
    text = StringField(_l("Ticket or number"), filters=[strip], validators=[at_most(64)])
    overdue = BooleanField(_l("Overdue only"))


class NextStep(DeskForm):
    """A change of state; which are offered comes from the transition table."""

    to_state = SelectField(_l("New state"), validators=[required()])
    department = SelectField(_l("Department"), validators=[Optional()])
    deadline = DateField(_l("Deadline"), validators=[Optional()])
    note = TextAreaField(_l("Note"), filters=[strip], validators=[at_most(LONGEST_NOTE)])


class NoteForm(DeskForm):
    """A line for the history."""

    note = TextAreaField(
        _l("Note"), filters=[strip], validators=[required(), at_most(LONGEST_NOTE)]
    )
