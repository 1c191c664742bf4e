"""Pages of schedules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session
from wtforms.fields.choices import SelectChoice

from admin_web.audit import note
from admin_web.desk import desk
from admin_web.flows.published import flow_set
from admin_web.formatting import local
from admin_web.names import named
from admin_web.reasons import said
from admin_web.schedules import told
from admin_web.schedules.blueprint import blueprint
from admin_web.schedules.forms import (
    WEEKDAYS,
    AskForm,
    NewScheduleForm,
    ScheduleForm,
    day_name,
)
from call_flows.graph import spots
from call_flows.model import HoursNode
from ivr.records.tables import Schedule
from ivr.services import china_holidays
from ivr.services import schedules as service
from ivr.services.errors import NotFoundError, RefusedError

PREVIEWED_DAYS = 14


@blueprint.get("/")
def schedules() -> ResponseReturnValue:
    """Every schedule as it stands, the calendar of a year, and who changed what."""
    now = desk().now()
    today = local(now).date()
    shown = request.args.get("year", type=int) or today.year
    if shown not in service.YEARS:
        abort(404)
    form = AskForm(request.args)
    with desk().database.read() as session:
        rows = service.all_schedules(session)
        timetable = service.timetable(session, desk().zone)
        listed = service.days(session, first=date(shown, 1, 1), last=date(shown, 12, 31))
        filled = service.years_filled(session, today)
        used = used_by(session)
        changes = service.changes(session)
    form.schedule.choices = schedule_choices(rows)
    if rows and not form.schedule.data:
        form.schedule.data = rows[0].code  # nobody has asked yet: no mistake of anybody's
    form.validate()
    chosen = next(
        (row for row in rows if row.code == form.schedule.data), rows[0] if rows else None
    )
    asked = _moment(form, now)
    return render_template(
        "schedules/schedules.html",
        rows=rows,
        standing={row.code: told.standing(timetable.standing(row.code, now)) for row in rows},
        is_open={row.code: timetable.standing(row.code, now).open for row in rows},
        used=used,
        form=form,
        chosen=chosen,
        asked=asked,
        answer=told.standing(timetable.standing(chosen.code, asked)) if chosen else "",
        year=shown,
        this_year=today.year,
        months=told.year(timetable.schedules[chosen.code], shown) if chosen else (),
        today=today,
        days=listed,
        names={row.code: named(row) for row in rows},
        filled=filled,
        ready=china_holidays.YEARS,
        changes=changes,
        day_name=day_name,
        weekday_names=WEEKDAYS,
    )


def _moment(form: AskForm, now: datetime) -> datetime:
    if form.at.data is None or form.at.errors:
        return now
    moment: datetime = form.at.data.replace(tzinfo=desk().zone)
    return moment


@blueprint.route("/new", methods=["GET", "POST"])
def add() -> ResponseReturnValue:
    """Make a schedule."""
    form = NewScheduleForm()
    refused = None
    if form.validate_on_submit():
        try:
            with desk().database.begin() as session:
                row = service.add(
                    session,
                    form.code.data or "",
                    form.entry(),
                    who=current_user.username,
                    now=desk().now(),
                )
                note(session, "schedule_saved", row.code)
        except RefusedError as error:
            refused = said(error)
        else:
            flash(_("The schedule is saved. A call flow asks for it with a node “open or closed”."))
            return redirect(url_for("schedules.schedule", code=form.code.data))
    elif request.method == "GET":
        for field in form.week[:5]:
            field.data = "09:00-12:00, 13:30-17:30"
        form.follows_calendar.data = True
    return render_template(
        "schedules/schedule.html",
        form=form,
        row=None,
        refused=refused,
        preview=(),
    ), 200 if request.method == "GET" else 422


@blueprint.get("/one/<code>")
@blueprint.post("/one/<code>", endpoint="save")  # a door of its own: an auditor only reads
def schedule(code: str) -> ResponseReturnValue:
    """One schedule: its week, what holds in the next days, and its history."""
    form = ScheduleForm()
    refused = None
    if form.validate_on_submit():
        try:
            _save(code, form)
        except NotFoundError:
            abort(404)
        except RefusedError as error:
            refused = said(error)
        else:
            flash(_("The schedule is saved. It holds for everybody who calls from now on."))
            return redirect(url_for("schedules.schedule", code=code))
    now = desk().now()
    with desk().database.read() as session:
        row = _get(session, code)
        timetable = service.timetable(session, desk().zone)
        changes = service.changes(session, code)
        flows = used_by(session).get(code, [])
    if request.method == "GET":
        form.show(row)
    today = local(now).date()
    return render_template(
        "schedules/schedule.html",
        form=form,
        row=row,
        refused=refused,
        standing=told.standing(timetable.standing(code, now)),
        is_open=timetable.standing(code, now).open,
        preview=[
            (day_name(found.day), told.hours(found), found.because)
            for found in service.next_days(timetable.schedules[code], today, PREVIEWED_DAYS)
        ],
        flows=flows,
        changes=changes,
        weekday_names=WEEKDAYS,
    ), 200 if request.method == "GET" else 422


def _save(code: str, form: ScheduleForm) -> None:
    base = form.base.data or ""
    with desk().database.begin() as session:
        service.edit(
            session,
            code,
            form.entry(),
            base=int(base) if base.isdecimal() and len(base) < 9 else 0,
            who=current_user.username,
            now=desk().now(),
        )
        note(session, "schedule_saved", code)


@blueprint.post("/one/<code>/remove")
def remove(code: str) -> ResponseReturnValue:
    """Remove a schedule that no call flow asks for."""
    try:
        with desk().database.begin() as session:
            _get(session, code)
            service.remove(
                session,
                code,
                used_by=used_by(session).get(code, []),
                who=current_user.username,
                now=desk().now(),
            )
            note(session, "schedule_removed", code)
    except RefusedError as error:
        flash(said(error), "error")
        return redirect(url_for("schedules.schedule", code=code))
    flash(_("The schedule is removed."))
    return redirect(url_for("schedules.schedules"))


def _get(session: Session, code: str) -> Schedule:
    try:
        return service.get(session, code)
    except NotFoundError:
        abort(404)


def used_by(session: Session) -> Mapping[str, list[str]]:
    """Return the flows in force that ask for each schedule."""
    loaded = flow_set(session)
    found: dict[str, list[str]] = {}
    for _spot, flow, node in spots(loaded) if loaded else ():
        if isinstance(node, HoursNode) and flow.id not in found.setdefault(node.schedule, []):
            found[node.schedule].append(flow.id)
    return found


def schedule_choices(rows: Any, first: Any | None = None) -> list[SelectChoice]:
    """Return the schedules as the choices of a list, with ``first`` for all of them."""
    every = [SelectChoice("", first)] if first is not None else []
    return every + [SelectChoice(row.code, named(row)) for row in rows]
