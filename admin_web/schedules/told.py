"""How a schedule stands, in a sentence; and a year of it, as a calendar to look at."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import format_date
from flask_babel import gettext as _

from admin_web.formatting import clock_text, weekday_text
from admin_web.names import word
from ivr.services.opening import DayHours, Hours, Standing, hours_text


def standing(found: Standing) -> str:
    """Return open or closed, until when, and which day of the calendar made it so."""
    if found.open and found.closes is None:
        told = _("open around the clock")
    elif found.open:
        told = _("open until %(when)s", when=_when(found.closes))
    elif found.opens is None:
        told = _("closed; no opening in the next two months")
    else:
        told = _("closed until %(when)s", when=_when(found.opens))
    because = found.day.because if found.day else None
    return str(_("%(standing)s (%(day)s)", standing=told, day=because.name) if because else told)


def _when(moment: datetime | None) -> str:
    return "" if moment is None else f"{weekday_text(moment.date())} {clock_text(moment)}"


def hours(found: DayHours) -> str:
    """Return the spans of a day, or that it is closed."""
    return hours_text(found.spans) or str(_("closed"))


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of a calendar: how it looks, the sign for those who see no colours, and its words."""

    day: date
    tone: str
    sign: str
    title: str


@dataclass(frozen=True, slots=True)
class Month:
    """A month as rows of weeks, Monday first; None where the week begins in another month."""

    name: str
    weeks: list[list[Cell | None]]


def year(schedule: Hours, number: int) -> list[Month]:
    """Return the twelve months of a year as a schedule has them."""
    return [
        Month(
            str(format_date(date(number, month, 1), "LLLL")),
            [
                [_cell(schedule, date(number, month, day)) if day else None for day in week]
                for week in calendar.Calendar().monthdayscalendar(number, month)
            ],
        )
        for month in range(1, 13)
    ]


def _cell(schedule: Hours, day: date) -> Cell:
    found = schedule.on(day)
    title = f"{weekday_text(day)}: {hours(found)}"
    if found.because is None:
        return Cell(day, "open" if found.spans else "closed", "", title)
    kind = found.because.kind.value
    title = f"{title} · {found.because.name} ({word(kind, 'day_kind')})"
    return Cell(day, kind, str(word(kind, "day_sign")), title)
