"""Pages of the calendar: one day, a list as a file, and the published days of a year."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_login import current_user
from wtforms.fields.choices import SelectChoice

from admin_web.audit import note
from admin_web.desk import desk
from admin_web.reasons import said
from admin_web.schedules.blueprint import blueprint
from admin_web.schedules.forms import DayForm, ImportForm
from admin_web.schedules.views import schedule_choices
from ivr.services import schedule_import
from ivr.services import schedules as service
from ivr.services.errors import NotFoundError, RefusedError

EXAMPLE = """日期,类别,名称,时间
2027-10-01..2027-10-07,放假,国庆节,
2027-10-09,调休,国庆节调休上班,
2027-02-05,特殊,除夕,"09:00-12:00"
"""


@blueprint.route("/days/new", methods=["GET", "POST"])
def add_day() -> ResponseReturnValue:
    """Enter a day."""
    return _day_page(None)


@blueprint.route("/days/<int:day_id>", methods=["GET", "POST"])
def edit_day(day_id: int) -> ResponseReturnValue:
    """Change a day."""
    return _day_page(day_id)


def _day_page(day_id: int | None) -> ResponseReturnValue:
    form = DayForm()
    form.schedule.choices = _choices()
    refused = None
    if day_id is not None:
        with desk().database.read() as session:
            try:
                kept = service.get_day(session, day_id)
            except NotFoundError:
                abort(404)
    if form.validate_on_submit():
        try:
            _save_day(form, day_id)
        except (RefusedError, NotFoundError) as error:
            refused = said(error)
        else:
            flash(_("The calendar is saved. It holds for everybody who calls from now on."))
            return redirect(url_for("schedules.schedules", year=form.first.data.year))
    elif request.method == "GET" and day_id is not None:
        form.show(kept)
    return render_template(
        "schedules/day.html",
        form=form,
        title=_l("Enter a day") if day_id is None else _l("Change a day of the calendar"),
        refused=refused,
    ), 200 if request.method == "GET" else 422


def _save_day(form: DayForm, day_id: int | None) -> None:
    now, who = desk().now(), current_user.username
    with desk().database.begin() as session:
        if day_id is None:
            row = service.add_day(session, form.entry(), who=who, now=now)
        else:
            row = service.edit_day(session, day_id, form.entry(), who=who, now=now)
        note(session, "calendar_changed", f"{row.first_day.isoformat()} {row.name}")


@blueprint.post("/days/<int:day_id>/remove")
def remove_day(day_id: int) -> ResponseReturnValue:
    """Take a day out of the calendar."""
    try:
        with desk().database.begin() as session:
            row = service.get_day(session, day_id)
            year = row.first_day.year
            note(session, "calendar_changed", f"{row.first_day.isoformat()} {row.name}")
            service.remove_day(session, day_id, who=current_user.username, now=desk().now())
    except NotFoundError:
        abort(404)
    flash(_("The day is out of the calendar."))
    return redirect(url_for("schedules.schedules", year=year))


@blueprint.post("/fill/<int:year>")
def fill(year: int) -> ResponseReturnValue:
    """Enter what was published for a year."""
    try:
        with desk().database.begin() as session:
            added = service.fill_year(session, year, who=current_user.username, now=desk().now())
            note(session, "calendar_changed", str(year))
    except (NotFoundError, RefusedError) as error:
        flash(said(error), "error")
    else:
        flash(_entered(added))
    return redirect(url_for("schedules.schedules", year=year if year in service.YEARS else None))


@blueprint.route("/import", methods=["GET", "POST"])
def import_days() -> ResponseReturnValue:
    """Enter a list of days from a file."""
    form = ImportForm()
    form.schedule.choices = _choices()
    report, refused = None, None
    if form.validate_on_submit():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "days.csv"
            form.file.data.save(path)
            try:
                report = schedule_import.import_days(
                    desk().database.begin(),
                    path,
                    schedule=form.schedule.data or None,
                    who=current_user.username,
                    now=desk().now(),
                )
            except RefusedError as error:
                refused = said(error)
        if report is not None:
            with desk().database.begin() as session:
                note(
                    session,
                    "calendar_imported",
                    Path(form.file.data.filename or "").name,
                    imported=str(report.added),
                    wrong=str(len(report.problems)),
                )
    bad = bool(refused or form.errors or (report and report.problems))
    return render_template(
        "schedules/import.html",
        form=form,
        report=report,
        told=_entered(report.added) if report else "",
        refused=refused,
        example=EXAMPLE,
    ), 422 if bad else 200


def _entered(added: int) -> str:
    if not added:
        return str(_("All of these days are in the calendar already."))
    return str(
        ngettext("%(num)d entry is in the calendar.", "%(num)d entries are in the calendar.", added)
    )


def _choices() -> Sequence[SelectChoice]:
    with desk().database.read() as session:
        rows = service.all_schedules(session)
    return schedule_choices(rows, _("every schedule that follows the calendar"))
