"""What is done with a whole complaint: merging duplicates, confidentiality, printing."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session

from admin_web.audit import note, seen
from admin_web.complaints.more_forms import ConfideForm, MergeForm
from admin_web.complaints.views import blueprint, names_of, of_own, veil_of
from admin_web.departments import own_only
from admin_web.desk import desk
from admin_web.reasons import said
from ivr.records.tables import Complaint
from ivr.services import complaint_merging as merging
from ivr.services import complaints as service
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.text import digits_of


@blueprint.post("/<ticket>/merge")
def merge(ticket: str) -> ResponseReturnValue:
    """Close a complaint as a duplicate of another; callers hear of that one."""
    form = MergeForm()
    into = digits_of(form.into.data or "")
    if not form.validate():
        return _back(ticket, next(iter(form.errors.values()))[0])
    why = f"\n{form.why.data}" if form.why.data else ""
    notes = (
        _("Merged into %(ticket)s as a duplicate.", ticket=into) + why,
        _("%(ticket)s was merged into this one as a duplicate.", ticket=ticket) + why,
    )
    try:
        with desk().database.begin() as session:
            of_own(session, ticket)
            if not own_only(_other(session, into)):
                raise NotFoundError("there is no complaint %(ticket)s", ticket=into)
            merging.merge(
                session, ticket, into, who=current_user.username, notes=notes, now=desk().now()
            )
            note(session, "complaint_merged", ticket, into=into)
    except (NotFoundError, RefusedError) as error:
        return _back(ticket, _("Not merged: %(reason)s", reason=said(error)))
    flash(_("Merged. Who asks for ticket %(ticket)s hears how this one stands.", ticket=ticket))
    return redirect(url_for("complaints.complaint", ticket=into))


@blueprint.post("/<ticket>/separate")
def separate(ticket: str) -> ResponseReturnValue:
    """Take a merge back."""
    try:
        with desk().database.begin() as session:
            row = of_own(session, ticket)
            line = _("No longer a duplicate of %(ticket)s.", ticket=row.merged_into or "")
            merging.separate(
                session, ticket, who=current_user.username, note=line, now=desk().now()
            )
            note(session, "complaint_separated", ticket)
    except RefusedError as error:
        return _back(ticket, said(error))
    flash(_("The complaint is on its own again, as it was before."))
    return redirect(url_for("complaints.complaint", ticket=ticket))


@blueprint.post("/<ticket>/confidential")
def confide(ticket: str) -> ResponseReturnValue:
    """Keep a complaint to those whose role may see confidential ones, or open it to all."""
    form = ConfideForm()
    if not form.validate():
        return _back(ticket, next(iter(form.errors.values()))[0])
    secret = bool(form.confidential.data)
    with desk().database.begin() as session:
        row = of_own(session, ticket)
        if row.confidential != secret:
            line = _("Made confidential.") if secret else _("No longer confidential.")
            why = f"\n{form.why.data}" if form.why.data else ""
            row.confidential = secret
            service.annotate(
                session, ticket, who=current_user.username, note=line + why, now=desk().now()
            )
            note(session, "complaint_confided" if secret else "complaint_opened_up", ticket)
    flash(
        _("Only administrators and supervisors see this complaint now.")
        if secret
        else _("Everybody who works on complaints sees this one now.")
    )
    return redirect(url_for("complaints.complaint", ticket=ticket))


@blueprint.get("/<ticket>/print")
def printed(ticket: str) -> ResponseReturnValue:
    """One complaint on paper: what is known, what was answered, how it went."""
    with desk().database.read() as session:
        row = of_own(session, ticket)
        merged = merging.duplicates(session, ticket)
        names = names_of(session)
        veil = veil_of(session, row)
    seen("complaint_opened", ticket)
    return render_template(
        "complaints/printed.html",
        complaint=row,
        duplicates=[one for one in merged if own_only(one)],
        veil=veil,
        now=desk().now(),
        **names,
    )


def _other(session: Session, ticket: str) -> Complaint:
    return service.get(session, ticket)


def _back(ticket: str, reason: str) -> ResponseReturnValue:
    with desk().database.read() as session:
        try:
            row = service.get(session, ticket)
        except NotFoundError:
            abort(404)
        if not own_only(row):
            abort(404)
    flash(str(reason), "error")
    return redirect(url_for("complaints.complaint", ticket=ticket))
