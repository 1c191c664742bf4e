"""What calls can be searched by, and what is written about them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, StringField, TextAreaField, ValidationError
from wtforms.validators import Optional

from admin_web.forms import (
    Choice,
    Day,
    DeskForm,
    SearchForm,
    at_most,
    choices,
    required,
    strip,
)
from admin_web.names import CALL_OUTCOME, ENDED_BY, LANGUAGE
from admin_web.numbers import sees_whole
from ivr.records.tables import CallOutcome, EndedBy
from ivr.services.call_filter import CallFilter
from ivr.services.call_notes import LONGEST as LONGEST_NOTE

LONGEST_REASON = 300
OTHER = "other"
"""The choice of all numbers the line does not list."""
_WEEKDAYS = {
    str(n): name
    for n, name in enumerate(
        (
            *(_l("Monday"), _l("Tuesday"), _l("Wednesday"), _l("Thursday")),
            *(_l("Friday"), _l("Saturday"), _l("Sunday")),
        )
    )
}
_HOURS = {str(hour): f"{hour:02d}:00–{hour:02d}:59" for hour in range(24)}
_LONGEST_DAYS = 370
_YES = {"1": _l("Yes"), "0": _l("No")}


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
    outcome = Choice(_l("What came of it"), choices=choices(CALL_OUTCOME, _l("Anything")))
    ended_by = Choice(_l("How it ended"), choices=choices(ENDED_BY, _l("In any way")))
    node = StringField(_l("Went through node"), filters=[strip], validators=[at_most(130)])
    step_outcome = StringField(_l("With outcome"), filters=[strip], validators=[at_most(64)])
    place = StringField(_l("Ended at node"), filters=[strip], validators=[at_most(130)])
    number = Choice(_l("Listed number"))
    flow = Choice(_l("Began in flow"))
    weekday = Choice(_l("Weekday"), choices=choices(_WEEKDAYS, _l("Every day")))
    hour = Choice(_l("Hour"), choices=choices(_HOURS, _l("All day")))
    in_time = Choice(_l("Answered within 15 s"), choices=choices(_YES, _l("Either")))
    ended = Choice(_l("Has ended"), choices=choices(_YES, _l("Either")))
    last_hour = Choice(_l("Last day up to hour"), choices=choices(_HOURS, _l("All day")))
    recorded = BooleanField(_l("With a recording"))
    noted = BooleanField(_l("With a note"))

    def offer(self, numbers: Mapping[str, Any], flows: Mapping[str, Any]) -> None:
        """Fill the lists that hang on the line's set-up; what is asked for stays choosable."""
        listed = {**numbers, OTHER: _l("Numbers that are not listed")}
        asked = {self.flow.data: self.flow.data} if self.flow.data else {}
        self.number.choices = choices(listed, _l("All numbers"))
        self.flow.choices = choices({**asked, **flows}, _l("All flows"))

    def more_asked(self) -> bool:
        """Say whether any of the rarer fields is in use."""
        rare = (self.step_outcome, self.place, self.number, self.flow, self.weekday, self.hour)
        return any(field.data for field in (*rare, self.in_time, self.ended, self.last_hour))

    def validate_last_day(self, field: Day) -> None:
        """The range has a first and a last day, in this order."""
        if field.data and self.first_day.data and field.data < self.first_day.data:
            raise ValidationError(_l("This day is before the first one."))

    def validate_hour(self, _field: Choice) -> None:
        """Hours and weekdays are looked for within a range of days."""
        if not (self.weekday.data or self.hour.data or self.last_hour.data):
            return
        first, last = self.first_day.data, self.last_day.data
        if not (first and last) or (last - first).days > _LONGEST_DAYS:
            raise ValidationError(_l("For this, give a first and a last day, at most a year."))

    def filter(self, zone: tzinfo) -> CallFilter:
        """Return what was asked for; both days are included."""
        last = self.last_day.data
        ranges = self._ranges(zone)
        return CallFilter(
            caller=self.caller.data or "",
            called=self.called.data or "",
            number="" if self.number.data == OTHER else self.number.data or None,
            flow=self.flow.data or None,
            language=self.language.data or None,
            ended_by=EndedBy(self.ended_by.data) if self.ended_by.data else None,
            outcome=CallOutcome(self.outcome.data) if self.outcome.data else None,
            since=day_begins(self.first_day.data, zone),
            until=day_begins(last + timedelta(days=1), zone) if last else None,
            ranges=ranges,
            in_time=self.in_time.data == "1" if self.in_time.data else None,
            ended=self.ended.data == "1" if self.ended.data else None,
            with_recording=bool(self.recorded.data),
            with_note=bool(self.noted.data),
            node=self.node.data or "",
            step_outcome=self.step_outcome.data or "",
            place=self.place.data or "",
            masked=not sees_whole(),
        )

    def _ranges(self, zone: tzinfo) -> tuple[tuple[datetime, datetime], ...]:
        """Return the hours of those days that are of the weekday, at the hour, not too late."""
        if not (self.weekday.data or self.hour.data or self.last_hour.data):
            return ()
        first, last = self.first_day.data, self.last_day.data
        found: list[tuple[datetime, datetime]] = []
        for n in range((last - first).days + 1):
            day = first + timedelta(days=n)
            low, high = 0, 23
            if self.hour.data:
                low = high = int(self.hour.data)
            if day == last and self.last_hour.data:
                high = min(high, int(self.last_hour.data))
            if low > high or (self.weekday.data and day.weekday() != int(self.weekday.data)):
                continue
            midnight = datetime.combine(day, time(), zone)
            end = datetime.combine(day + timedelta(days=1), time(), zone)
            if high < 23:
                end = midnight + timedelta(hours=high + 1)
            if found and found[-1][1] == midnight and low == 0:
                found[-1] = (found[-1][0], end)
            else:
                found.append((midnight + timedelta(hours=low), end))
        # Nothing fits: a range that is empty, or all calls would be shown.
        midnight = datetime.combine(first, time(), zone)
        return tuple(found) or ((midnight, midnight),)


class NoteForm(DeskForm):
    """A note about a call."""

    text = TextAreaField(
        _l("Note"), filters=[strip], validators=[required(), at_most(LONGEST_NOTE)]
    )


class ListenForm(DeskForm):
    """Why somebody listens in."""

    reason = StringField(
        _l("Reason"), filters=[strip], validators=[required(), at_most(LONGEST_REASON)]
    )


class SaveSearch(DeskForm):
    """A name for the search that is shown."""

    name = StringField(
        _l("Name of this search"),
        id="search-name",
        filters=[strip],
        validators=[required(), at_most(60)],
    )
    shared = BooleanField(_l("For everybody"), id="search-shared")
    query = HiddenField(id="search-query")
