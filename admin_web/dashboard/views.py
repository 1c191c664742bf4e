"""Pages of figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from wtforms import ValidationError

from admin_web.dashboard import page
from admin_web.dashboard.forms import DAYS, PERIODS, FiguresForm, PeriodForm
from admin_web.dashboard.summary import summary_page
from admin_web.desk import desk
from admin_web.forms import YEARS
from admin_web.names import named
from admin_web.places import Places, places
from ivr.records.tables import Area
from ivr.services import (
    areas,
    availability,
    complaints,
    numbers,
    statistics,
    statistics_counting,
    summary_mail,
)
from ivr.services.statistics_period import LONGEST_DAYS, Period, today, yesterday

blueprint = Blueprint("dashboard", __name__, url_prefix="/figures")


@blueprint.get("/")
def figures() -> ResponseReturnValue:
    """The figures of a period."""
    form = FiguresForm(request.args)
    now, zone = desk().now(), desk().zone
    shown = None
    with desk().database.read() as session:
        known = places(session)
        listed = {row.code: row for row in areas.all_areas(session)}
        _offer(session, form, known, listed)
        try:
            period = form.span(now, zone)
        except ValidationError as error:
            form.first_day.errors = [*form.first_day.errors, str(error)]
        else:
            if form.validate():
                asked = page.Asked(period, form.scope(), form.area.data or None, now, zone)
                categories = {row.code: row for row in complaints.categories(session)}
                shown = page.make(session, asked, known, listed, categories)
        waiting = statistics_counting.waiting(session)
    return render_template(
        "dashboard/figures.html",
        form=form,
        chosen=form.chosen(),
        named_periods={name: words for name, words in PERIODS.items() if name != DAYS},
        kept={name: value for name, value in form.query().items() if name in _KEPT},
        shown=shown,
        period=shown and page.shown_days(shown.period),
        earlier=shown and page.shown_days(shown.earlier),
        until_hour=shown and shown.period.last_hour < 23 and _("%(hour)s:59", hour=_hour(shown)),
        waiting=waiting,
    ), 200 if shown else 422


@blueprint.get("/summary")
def summary() -> ResponseReturnValue:
    """What a day was like, first what went wrong; yesterday where no day is given."""
    now, zone = desk().now(), desk().zone
    last = yesterday(now, zone).first
    try:
        day = date.fromisoformat(request.args.get("day", last.isoformat()))
    except ValueError:
        abort(404)
    if day > last or day.year not in YEARS:
        abort(404)
    with desk().database.read() as session:
        found = summary_page(session, day)
        mailed = summary_mail.state(session)
    mail = desk().settings.mail
    return render_template(
        "dashboard/summary.html",
        page=found,
        before=(day - timedelta(days=1)).isoformat(),
        after=(day + timedelta(days=1)).isoformat() if day < last else None,
        mailed=mailed,
        mail_at=f"{mail.at:%H:%M}" if mail else None,
    )


@blueprint.get("/availability", endpoint="availability")
def when_away() -> ResponseReturnValue:
    """When the line was away, and for how long."""
    form = PeriodForm(request.args)
    now, zone = desk().now(), desk().zone
    found = period = None
    try:
        period = form.span(now, zone)
    except ValidationError as error:
        form.first_day.errors = [*form.first_day.errors, str(error)]
    else:
        last_hour = request.args.get("last_hour", 23, type=int)
        if last_hour in range(period.last_hour):  # of the day that one not over is compared with
            period = replace(period, last_hour=last_hour)
        if form.validate():
            with desk().database.read() as session:
                found = availability.between(session, period.since(zone), period.until(zone), now)
    return render_template(
        "dashboard/availability.html",
        form=form,
        query=form.query() if found else {},
        chosen=form.chosen(),
        named_periods={name: words for name, words in PERIODS.items() if name != DAYS},
        found=found,
        period=period and page.shown_days(period),
        until_hour=period
        and period.last_hour < 23
        and _("%(hour)s:59", hour=f"{period.last_hour:02d}"),
        since=period and period.since(zone),
        most=MOST_GAPS,
    ), 200 if found else 422


MOST_GAPS = 500
"""So many times away are listed at once."""
_KEPT = ("number", "flow", "area")


def _hour(shown: page.Page) -> str:
    return f"{shown.period.last_hour:02d}"


def _offer(session: Session, form: FiguresForm, known: Places, listed: dict[str, Area]) -> None:
    end = today(desk().now(), desk().zone).last
    flows = statistics.flows_seen(session, Period(end - timedelta(days=LONGEST_DAYS), end))
    form.offer(
        {
            row.called: f"{row.called} · {row.note}" if row.note else row.called
            for row in numbers.all_numbers(session)
        },
        known.titles(name for name in flows if name),
        {code: named(row) for code, row in listed.items()},
    )
