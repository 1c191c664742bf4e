"""What calls can be searched by."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, StringField, ValidationError
from wtforms.validators import Optional

from admin_web.forms import Choice, Day, SearchForm, at_most, choices, strip
from admin_web.names import ENDED_BY, LANGUAGE
from ivr.records.tables import EndedBy
from ivr.services.call_search import CallFilter


def day_begins(day: date | None, zone: tzinfo) -> datetime | None:
    """Return midnight of ``day`` in the zone of the line."""
    return datetime.combine(day, time(), zone) if day else None


class CallSearch(SearchForm):
    """Which calls to list."""

    caller = StringField(_l("Caller"), filters=[strip], validators=[at_most(64)])
    called = StringField(_l("Called number"), filters=[strip], validators=[at_most(64)])
    first_day = Day(_l("From day"), validators=[Optional()])
    last_day = Day(_l("To day"), validators=[Optional()])
    language = Choice(_l("Language"), choices=choices(LANGUAGE, _l("Both languages")))
    ended_by = Choice(_l("How it ended"), choices=choices(ENDED_BY, _l("In any way")))
    node = StringField(_l("Went through node"), filters=[strip], validators=[at_most(64)])
    recorded = BooleanField(_l("With a recording"))

    def validate_last_day(self, field: Day) -> None:
        """The range has a first and a last day, in this order."""
        if field.data and self.first_day.data and field.data < self.first_day.data:
            raise ValidationError(_l("This day is before the first one."))

    def filter(self, zone: tzinfo) -> CallFilter:
        """Return what was asked for; both days are included."""
        last = self.last_day.data
        return CallFilter(
            caller=self.caller.data or "",
            called=self.called.data or "",
            language=self.language.data or None,
            ended_by=EndedBy(self.ended_by.data) if self.ended_by.data else None,
            since=day_begins(self.first_day.data, zone),
            until=day_begins(last + timedelta(days=1), zone) if last else None,
            with_recording=bool(self.recorded.data),
            node=self.node.data or "",
        )
