"""What figures are asked for: a period, and what of the line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import ValidationError
from wtforms.validators import Optional

from admin_web.calls.forms import OTHER
from admin_web.forms import Choice, Day, SearchForm, choices
from admin_web.reasons import said
from ivr.services import statistics_period as periods
from ivr.services.errors import RefusedError
from ivr.services.statistics import Scope
from ivr.services.statistics_period import Period

DAYS = "days"
NAMED = {
    "today": periods.today,
    "yesterday": periods.yesterday,
    "week": periods.last_7_days,
    "month": periods.this_month,
}
PERIODS = {
    "today": _l("Today"),
    "yesterday": _l("Yesterday"),
    "week": _l("Last 7 days"),
    "month": _l("This month"),
    DAYS: _l("From day to day"),
}


class PeriodForm(SearchForm):
    """Of which days; today where nothing is asked for."""

    period = Choice(_l("Period"), choices=choices(PERIODS, ""))
    first_day = Day(_l("From day"), validators=[Optional()])
    last_day = Day(_l("To day"), validators=[Optional()])

    def chosen(self) -> str:
        """The name of the period; days alone are meant where days are given."""
        if self.period.data in PERIODS:
            return str(self.period.data)
        return DAYS if self.first_day.data or self.last_day.data else "today"

    def span(self, now: datetime, zone: tzinfo) -> Period:
        """The period; ValidationError says what is wrong with the days."""
        name = self.chosen()
        if name in NAMED:
            return NAMED[name](now, zone)
        first = self.first_day.data or self.last_day.data
        last = self.last_day.data or periods.today(now, zone).last
        if first is None:
            raise ValidationError(_l("Write the days."))
        try:
            return periods.between(first, last, now, zone)
        except RefusedError as error:
            raise ValidationError(said(error)) from error


class FiguresForm(PeriodForm):
    """Which figures to show, of which calls and complaints."""

    number = Choice(_l("Called number"))
    flow = Choice(_l("Began in flow"))
    area = Choice(_l("Area (complaints)"))

    def offer(
        self, numbers: Mapping[str, Any], flows: Mapping[str, Any], areas: Mapping[str, Any]
    ) -> None:
        """Fill the lists."""
        listed = {**numbers, OTHER: _l("Numbers that are not listed")} if numbers else {}
        self.number.choices = choices(listed, _l("All numbers"))
        self.flow.choices = choices(flows, _l("All flows"))
        self.area.choices = choices(areas, _l("All areas"))

    def scope(self) -> Scope:
        """Which calls."""
        number = self.number.data or None
        return Scope("" if number == OTHER else number, self.flow.data or None)
