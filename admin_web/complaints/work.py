"""Working on complaints: what there is to do, given to departments, taken, returned, answered."""

from __future__ import annotations

from collections.abc import Callable

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy.orm import Session

from admin_web.audit import note
from admin_web.complaints.forms import LONGEST_NOTE
from admin_web.complaints.heard import progress_clauses
from admin_web.complaints.views import blueprint, names_of, of_own
from admin_web.departments import own_department, own_only, sees_confidential
from admin_web.desk import desk
from admin_web.reasons import said
from admin_web.voice import not_spoken, spoken_clauses
from ivr.records.tables import Complaint
from ivr.services import complaint_work as service
from ivr.services.complaint_shelves import Shelf, counts, shelf
from ivr.services.complaint_work import Worker
from ivr.services.errors import RefusedError
from ivr.services.line_time import local_day
from prompts.errors import PromptError

SHELVES = {
    Shelf.MINE: _l("Mine"),
    Shelf.UNASSIGNED: _l("Unassigned"),
    Shelf.OVERDUE: _l("Overdue"),
    Shelf.RETURNED: _l("Returned"),
    Shelf.OPEN: _l("All open"),
}
NONE_THERE = {
    Shelf.MINE: _l("You have taken no complaint. Take one from the unassigned."),
    Shelf.UNASSIGNED: _l("Every complaint is in somebody's hands."),
    Shelf.OVERDUE: _l("No deadline has passed."),
    Shelf.RETURNED: _l("No department has returned a complaint."),
    Shelf.OPEN: _l("Every complaint has been answered."),
}
LANGUAGES = ("zh-CN", "en")


def worker() -> Worker:
    """Who is signed in, as the lists of work know them."""
    return Worker(current_user.username, own_department(), sees_confidential())


@blueprint.get("/work")
def work() -> ResponseReturnValue:
    """What there is to do, the earliest deadline first."""
    own = own_department()
    shown = _shelf(request.args.get("show", ""))
    wanted = request.args.get("department") or None
    today = local_day(desk().now(), desk().zone)
    with desk().database.read() as session:
        try:
            page = shelf(
                session,
                shown,
                worker(),
                today,
                department=wanted if own is None else None,
                after=request.args.get("after"),
            )
        except RefusedError:
            abort(404)
        found = counts(session, worker(), today)
        names = names_of(session)
    shelves = {one: name for one, name in SHELVES.items() if own is None or one != Shelf.RETURNED}
    return render_template(
        "complaints/work.html",
        shown=shown,
        shelves=shelves,
        numbers=found.shelves,
        offices=found.departments,
        page=page,
        department=wanted,
        none_there=NONE_THERE[shown],
        today=today,
        **names,
    )


def _shelf(name: str) -> Shelf:
    try:
        return Shelf(name)
    except ValueError:
        return Shelf.UNASSIGNED if own_department() is None else Shelf.MINE


@blueprint.post("/assign")
def assign_several() -> ResponseReturnValue:
    """Give all that were ticked to a department."""
    back = redirect(url_for("complaints.work", show=_shelf(request.form.get("show", "")).value))
    tickets = request.form.getlist("ticket")
    department = request.form.get("department", "")
    if not tickets or not department:
        flash(_("Tick the complaints, and choose the department they go to."), "error")
        return back
    with desk().database.begin() as session:
        given, refused = service.assign_all(
            session,
            tickets,
            department,
            worker=worker(),
            note=_written("note"),
            now=desk().now(),
        )
        for ticket in given:
            note(session, "complaint_assigned", ticket, department=department)
    if given:
        flash(
            ngettext(
                "%(num)d complaint was given to the department.",
                "%(num)d complaints were given to the department.",
                len(given),
            )
        )
    for _ticket, error in refused[:5]:
        flash(_("Not changed: %(reason)s", reason=said(error)), "error")
    return back


@blueprint.post("/<ticket>/assign")
def assign(ticket: str) -> ResponseReturnValue:
    """Give one to a department."""
    department = request.form.get("department", "")
    if not department:
        return _refused(ticket, _("Choose a department."))

    def give(session: Session) -> None:
        service.assign(
            session,
            ticket,
            department,
            who=current_user.username,
            note=_written("note"),
            now=desk().now(),
        )
        note(session, "complaint_assigned", ticket, department=department)

    return _done(ticket, give, _("The department has it now."))


@blueprint.post("/<ticket>/return")
def give_back(ticket: str) -> ResponseReturnValue:
    """It is not for this department."""

    def give(session: Session) -> None:
        service.give_back(
            session,
            ticket,
            who=current_user.username,
            reason=_written("reason"),
            now=desk().now(),
        )
        note(session, "complaint_returned", ticket)

    return _done(ticket, give, _("Returned to the service line, with your reason."))


@blueprint.post("/<ticket>/take")
def take(ticket: str) -> ResponseReturnValue:
    """Work on it oneself."""

    def mine(session: Session) -> None:
        service.take(session, ticket, who=current_user.username, now=desk().now())
        note(session, "complaint_taken", ticket)

    return _done(ticket, mine, _("You work on this complaint now."))


@blueprint.post("/<ticket>/let-go")
def let_go(ticket: str) -> ResponseReturnValue:
    """Put it back on the pile."""

    def free(session: Session) -> None:
        service.let_go(session, ticket, who=current_user.username, now=desk().now())
        note(session, "complaint_let_go", ticket)

    return _done(ticket, free, _("The complaint waits for a colleague to take it."))


@blueprint.post("/<ticket>/reply")
def reply(ticket: str) -> ResponseReturnValue:
    """Answer the citizen: they hear it when they ask for the ticket."""
    zh, en = _written("reply"), _written("reply_en")
    if not (zh or en):
        return _refused(ticket, _("This is what the caller will hear: write the reply."))

    def answer(session: Session) -> None:
        service.reply(
            session,
            ticket,
            zh=zh,
            en=en,
            who=current_user.username,
            now=desk().now(),
            expected=request.form.get("seen_state") or None,
        )
        note(session, "complaint_moved", ticket, to="replied")

    return _done(ticket, answer, _("The reply is saved. Who asks for the ticket hears it."))


@blueprint.post("/<ticket>/hear")
def hear(ticket: str) -> ResponseReturnValue:
    """What a caller hears of this complaint, with the reply as it stands in the form."""
    language = request.form.get("language", "")
    if language not in LANGUAGES:
        abort(400)
    with desk().database.read() as session:
        row = of_own(session, ticket)
        zh, en = _written("reply"), _written("reply_en")
        typed = "reply" in request.form
        try:
            clauses = progress_clauses(session, row, language, (zh, en) if typed else None)
        except PromptError as error:
            return not_spoken(_("This text cannot be spoken: %(reason)s", reason=said(error)), 422)
    return spoken_clauses(clauses)


def _written(name: str) -> str:
    return request.form.get(name, "").strip()[:LONGEST_NOTE]


def _done(ticket: str, act: Callable[[Session], None], told: str) -> ResponseReturnValue:
    """Do it in one transaction and say so; where it went out of sight, go back to the list."""
    try:
        with desk().database.begin() as session:
            of_own(session, ticket)
            act(session)
            row = session.get(Complaint, ticket)
            still_seen = row is not None and own_only(row)
    except RefusedError as error:
        return _refused(ticket, _("Not changed: %(reason)s", reason=said(error)))
    flash(told)
    if not still_seen:
        return redirect(url_for("complaints.work"))
    return redirect(url_for("complaints.complaint", ticket=ticket))


def _refused(ticket: str, reason: str) -> ResponseReturnValue:
    with desk().database.read() as session:
        of_own(session, ticket)
    flash(reason, "error")
    return redirect(url_for("complaints.complaint", ticket=ticket))
