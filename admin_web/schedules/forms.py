"""Forms of the schedule pages."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional, ValidationError

from admin_web.formatting import weekday_text
from admin_web.forms import (
    Choice,
    Day,
    DeskForm,
    Moment,
    SearchForm,
    at_most,
    choices,
    required,
    strip,
)
from admin_web.names import DAY_KIND
from admin_web.reasons import said
from ivr.records.tables import CalendarDay, DayKind, Schedule
from ivr.services.errors import RefusedError
from ivr.services.opening import parse_hours
from ivr.services.schedules import DayEntry, ScheduleEntry

WEEKDAYS = (
    _l("Monday"),
    _l("Tuesday"),
    _l("Wednesday"),
    _l("Thursday"),
    _l("Friday"),
    _l("Saturday"),
    _l("Sunday"),
)
_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class HoursField(StringField):  # type: ignore[misc]
    """Spans of hours; what is none is said beside the field."""

    def pre_validate(self, form: Any) -> None:
        """Read the hours as the line will."""
        try:
            parse_hours(self.data or "")
        except RefusedError as error:
            raise ValidationError(said(error)) from None


def _hours(label: Any) -> HoursField:
    return HoursField(label, filters=[strip], validators=[Optional(), at_most(200)])


class ScheduleForm(DeskForm):
    """A schedule: names, a week, and what the calendar means to it."""

    name_zh = StringField(
        _l("What it is called"), filters=[strip], validators=[required(), at_most(80)]
    )
    name_en = StringField(_l("Name in English"), filters=[strip], validators=[at_most(80)])
    monday = _hours(WEEKDAYS[0])
    tuesday = _hours(WEEKDAYS[1])
    wednesday = _hours(WEEKDAYS[2])
    thursday = _hours(WEEKDAYS[3])
    friday = _hours(WEEKDAYS[4])
    saturday = _hours(WEEKDAYS[5])
    sunday = _hours(WEEKDAYS[6])
    follows_calendar = BooleanField(_l("Holidays and moved working days hold for it"))
    working_day = SelectField(
        _l("A moved working day has the hours of"),
        choices=[SelectChoice(str(n), name) for n, name in enumerate(WEEKDAYS)],
        default="0",
    )
    base = HiddenField()

    @property
    def week(self) -> list[HoursField]:
        """The fields of the seven days."""
        return [self[name] for name in _NAMES]

    def entry(self) -> ScheduleEntry:
        """What was entered."""
        return ScheduleEntry(
            self.name_zh.data or "",
            self.name_en.data or "",
            [field.data or "" for field in self.week],
            int(self.working_day.data),
            bool(self.follows_calendar.data),
        )

    def show(self, row: Schedule) -> None:
        """Fill the form with a schedule as it is kept."""
        self.name_zh.data, self.name_en.data = row.name_zh, row.name_en
        for field, hours in zip(self.week, row.weekly, strict=True):
            field.data = hours
        self.working_day.data = str(row.working_day)
        self.follows_calendar.data = row.follows_calendar
        self.base.data = str(row.revision)


class NewScheduleForm(ScheduleForm):
    """The same, with the name that call flows use."""

    code = StringField(_l("Name in call flows"), filters=[strip], validators=[required()])


class DayForm(DeskForm):
    """A day of the calendar, or a range of days."""

    first = Day(_l("Day, or the first of a range"), validators=[required()])
    last = Day(_l("Last day of the range"), validators=[Optional()])
    kind = SelectField(_l("What it is"), choices=choices(DAY_KIND))
    name = StringField(
        _l("What it is called"), filters=[strip], validators=[required(), at_most(80)]
    )
    hours = _hours(_l("Hours"))
    schedule = SelectField(_l("Holds for"), validators=[Optional()])

    def entry(self) -> DayEntry:
        """What was entered."""
        return DayEntry(
            self.first.data,
            self.last.data or self.first.data,
            DayKind(self.kind.data),
            self.name.data or "",
            self.hours.data or "",
            self.schedule.data or None,
        )

    def show(self, row: CalendarDay) -> None:
        """Fill the form with a day as it is kept."""
        self.first.data = row.first_day
        self.last.data = row.last_day if row.last_day != row.first_day else None
        self.kind.data, self.name.data = row.kind.value, row.name
        self.hours.data, self.schedule.data = row.hours, row.schedule or ""


class ImportForm(DeskForm):
    """A list of days as a file."""

    file = FileField(_l("CSV file"), validators=[FileRequired(_l("Choose a file."))])
    schedule = SelectField(_l("Holds for"), validators=[Optional()])


class AskForm(SearchForm):
    """How a schedule stands at a moment."""

    schedule = Choice(_l("Schedule"))
    at = Moment(_l("At"), validators=[Optional()])


def day_name(day: Any) -> str:
    """Return a day with its weekday, as this language writes it."""
    return weekday_text(day)
