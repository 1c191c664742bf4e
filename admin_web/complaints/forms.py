"""Forms of the complaint pages."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    HiddenField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import Optional, Regexp

from admin_web.forms import Choice, Day, DeskForm, SearchForm, at_most, choices, required, strip
from admin_web.names import COMPLAINT_STATE

LONGEST_NOTE = 4000
OPEN = "open"
NO_AREA = "-"
_NUMBER = r"^[0-9+*#() .-]{4,40}$"


class ComplaintSearch(SearchForm):
    """Which complaints to list."""

    state = Choice(
        _l("State"),
        choices=choices({OPEN: _l("Without a reply"), **COMPLAINT_STATE}, _l("All states")),
    )
    category = Choice(_l("Category"))
    department = Choice(_l("Department"))
    area = Choice(_l("Area"))
    first_day = Day(_l("Filed from day"), validators=[Optional()])
    last_day = Day(_l("Filed to day"), validators=[Optional()])
    last_hour = HiddenField()
    replied_first = Day(_l("Replied from day"), validators=[Optional()])
    replied_last = Day(_l("Replied to day"), validators=[Optional()])
    text = StringField(
        _l("Ticket, number or words said"), filters=[strip], validators=[at_most(64)]
    )
    overdue = BooleanField(_l("Overdue only"))

    def validate_last_day(self, field: Day) -> None:
        """The range has a first and a last day, in this order."""
        if field.data and self.first_day.data and field.data < self.first_day.data:
            raise ValidationError(_l("This day is before the first one."))

    def validate_replied_last(self, field: Day) -> None:
        """The range has a first and a last day, in this order."""
        if field.data and self.replied_first.data and field.data < self.replied_first.data:
            raise ValidationError(_l("This day is before the first one."))

    def replied(self, zone: tzinfo) -> tuple[datetime | None, datetime | None]:
        """Return from when to when they got a reply; the end is not included."""
        first, last = self.replied_first.data, self.replied_last.data
        return (
            datetime.combine(first, time(), zone) if first else None,
            datetime.combine(last + timedelta(days=1), time(), zone) if last else None,
        )

    def validate_last_hour(self, field: HiddenField) -> None:
        """An hour of the last day, as the figures of a day that is not over give it."""
        if field.data and not (field.data.isascii() and field.data.isdigit()):
            raise ValidationError(_l("Write the days."))

    def span(self, zone: tzinfo) -> tuple[datetime | None, datetime | None]:
        """Return from when to when they were filed; the end is not included."""
        first, last = self.first_day.data, self.last_day.data
        since = datetime.combine(first, time(), zone) if first else None
        if last is None:
            return since, None
        if self.last_hour.data and int(self.last_hour.data) < 23:
            hours = timedelta(hours=int(self.last_hour.data) + 1)
            return since, datetime.combine(last, time(), zone) + hours
        return since, datetime.combine(last + timedelta(days=1), time(), zone)


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
    area = SelectField(_l("Area"), id="fix-area", validators=[Optional()])
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
    reply_en = TextAreaField(
        _l("Reply English callers hear"),
        id="fix-reply-en",
        filters=[strip],
        validators=[at_most(LONGEST_NOTE)],
    )
    why = StringField(_l("Why"), id="fix-why", filters=[strip], validators=[at_most(500)])


class NoteForm(DeskForm):
    """A line for the history."""

    note = TextAreaField(
        _l("Note"), id="added-note", filters=[strip], validators=[required(), at_most(LONGEST_NOTE)]
    )
