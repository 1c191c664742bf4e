"""Pages of complaints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy.orm import Session

from admin_web.audit import exported, heard, note, seen
from admin_web.complaints.excerpt import Excerpt
from admin_web.complaints.excerpt import excerpt as find_excerpt
from admin_web.complaints.forms import (
    NO_AREA,
    OPEN,
    ComplaintSearch,
    CorrectionForm,
    NextStep,
    NoteForm,
)
from admin_web.complaints.heard import without_reply
from admin_web.complaints.more_forms import ConfideForm, MergeForm
from admin_web.confidential import Veil, veil_over
from admin_web.departments import kept_to_own, own_department, own_only
from admin_web.desk import desk
from admin_web.downloads import csv_answer
from admin_web.formatting import day_text
from admin_web.forms import choices
from admin_web.links import with_query
from admin_web.names import COMPLAINT_STATE, named, word
from admin_web.numbers import number_view, sees_whole
from admin_web.reasons import said
from admin_web.sound import send_recording
from ivr.records.tables import Complaint, ComplaintState, ComplaintTransition
from ivr.services import areas, complaint_search, complaint_similar, complaint_work
from ivr.services import complaint_corrections as corrections
from ivr.services import complaint_merging as merging
from ivr.services import complaints as service
from ivr.services.complaint_corrections import Correction
from ivr.services.complaint_search import SETTLED, ComplaintFilter
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.line_time import local_day

blueprint = Blueprint("complaints", __name__, url_prefix="/complaints")


@blueprint.app_template_filter()
def overdue(complaint: Complaint) -> bool:
    """Say whether the department has let its deadline pass."""
    if complaint.deadline is None or complaint.state in SETTLED:
        return False
    return complaint.deadline < local_day(desk().now(), desk().zone)


@blueprint.app_template_filter()
def excerpt(complaint: Complaint, searched: str | None) -> Excerpt | None:
    """Return where the words searched for stand in what was said."""
    return find_excerpt(complaint, searched, number_view())


@blueprint.get("/")
def complaints() -> ResponseReturnValue:
    """The complaints, newest first."""
    with desk().database.read() as session:
        form = _search_form(session)
        try:
            page = (
                complaint_search.search(session, _filter(form), after=request.args.get("after"))
                if form.validate()
                else None
            )
        except RefusedError:
            abort(404)
        names = names_of(session)
    query = form.query()
    return render_template(
        "complaints/complaints.html",
        form=form,
        query=query,
        page=page,
        older=page and page.next and with_query("complaints.complaints", query, after=page.next),
        first=with_query("complaints.complaints", query) if "after" in request.args else None,
        **names,
    ), 200 if page else 422


@blueprint.get("/complaints.csv")
def complaints_csv() -> Response:
    """The same complaints, all of them, as a file."""
    with desk().database.read() as session:
        form = _search_form(session)
        if not form.validate():
            abort(400)
        wanted = _filter(form)
    zone, numbers = desk().zone, number_view()
    exported("complaints_exported", form.query())
    return csv_answer(
        "complaints",
        lambda session: complaint_search.csv_rows(session, wanted, zone=zone, numbers=numbers),
    )


def _search_form(session: Session) -> ComplaintSearch:
    form = ComplaintSearch(request.args)
    categories = {row.code: named(row) for row in service.categories(session)}
    form.category.choices = choices(categories, _("All categories"))
    form.area.choices = choices({**_areas(session), NO_AREA: _("Not entered")}, _("All areas"))
    own = own_department()
    departments = _departments(session)
    if own is None:
        form.department.choices = choices(departments, _("All departments"))
    else:
        form.department.choices = choices({}, departments.get(own, own))
    return form


def _filter(form: ComplaintSearch) -> ComplaintFilter:
    chosen = form.state.data
    since, until = form.span(desk().zone)
    replied_since, replied_until = form.replied(desk().zone)
    wanted = ComplaintFilter(
        text=form.text.data or "",
        since=since,
        until=until,
        area=None if form.area.data == NO_AREA else form.area.data or None,
        without_area=form.area.data == NO_AREA,
        state=ComplaintState(chosen) if chosen and chosen != OPEN else None,
        unsettled=chosen == OPEN,
        category=form.category.data or None,
        department=form.department.data or None,
        overdue_on=local_day(desk().now(), desk().zone) if form.overdue.data else None,
        replied_since=replied_since,
        replied_until=replied_until,
    )
    return kept_to_own(wanted)


@blueprint.get("/<ticket>")
def complaint(ticket: str) -> ResponseReturnValue:
    """One complaint in full."""
    with desk().database.read() as session:
        of_own(session, ticket)
    seen("complaint_opened", ticket)
    return _page(ticket, None, None)


@blueprint.post("/<ticket>/state")
def change_state(ticket: str) -> ResponseReturnValue:
    """Move a complaint on, as the transition table allows."""
    with desk().database.begin() as session:
        row = of_own(session, ticket)
        form = _next_step(session, row)
        moves = {move.to_state.value: move for move in service.transitions(session, row.state)}
        saved = _fits(form, row, moves)
        if saved:
            try:
                service.change_state(
                    session,
                    ticket,
                    form.to_state.data,
                    who=current_user.username,
                    note=form.note.data or "",
                    now=desk().now(),
                    expected=row.state,
                    department=form.department.data or None,
                    deadline=form.deadline.data,
                )
            except RefusedError as error:
                saved = False
                form.to_state.errors = [_("Not changed: %(reason)s", reason=said(error))]
            else:
                note(session, "complaint_moved", ticket, to=form.to_state.data)
    if not saved:
        return _page(ticket, form, None)
    flash(_("The complaint is now: %(state)s.", state=word(form.to_state.data, "complaint_state")))
    return _back_to(ticket, form.department.data)


def _fits(form: NextStep, row: Complaint, moves: dict[str, ComplaintTransition]) -> bool:
    """Check what only the complaint itself can tell; errors go beside the fields."""
    if request.form.get("seen_state") != row.state.value:
        form.to_state.errors = [
            _l("Somebody else changed this complaint meanwhile. Look at it again, then choose.")
        ]
        return False
    if not form.validate():
        return False
    if moves[form.to_state.data].needs_note and not form.note.data:
        form.note.errors = [
            _l("This is what the caller will hear: write the reply.")
            if form.to_state.data == ComplaintState.REPLIED
            else _l("This step needs a reason.")
        ]
        return False
    return True


@blueprint.post("/<ticket>/note")
def annotate(ticket: str) -> ResponseReturnValue:
    """Write a line into the history."""
    form = NoteForm()
    if not form.validate_on_submit():
        return _page(ticket, None, form)
    with desk().database.begin() as session:
        of_own(session, ticket)
        service.annotate(
            session, ticket, who=current_user.username, note=form.note.data, now=desk().now()
        )
        note(session, "complaint_annotated", ticket)
    flash(_("The note is in the history."))
    return redirect(url_for("complaints.complaint", ticket=ticket))


@blueprint.post("/<ticket>/correction")
def correct(ticket: str) -> ResponseReturnValue:
    """Put a mistake right without moving the complaint."""
    with desk().database.begin() as session:
        row = of_own(session, ticket)
        form = _correction_form(session, row, CorrectionForm())
        saved = form.validate()
        if saved:
            wanted = Correction(
                reply=form.reply.data if row.reply else None,
                reply_en=form.reply_en.data if row.reply and form.reply_en.raw_data else None,
                category=form.category.data,
                department=form.department.data or None,
                deadline=form.deadline.data,
                callback_number=form.callback_number.data or None,
                area=form.area.data,
            )
            try:
                changed = corrections.correct(
                    session,
                    ticket,
                    wanted,
                    seen=_seen(form),
                    who=current_user.username,
                    note=_what_changed(session, row, wanted, form.why.data or ""),
                    now=desk().now(),
                )
            except RefusedError as error:
                saved = False
                form.why.errors = [_("Not changed: %(reason)s", reason=said(error))]
            else:
                note(session, "complaint_corrected", ticket, fields=", ".join(changed))
    if not saved:
        return _page(ticket, None, None, form)
    flash(_("The correction is saved and stands in the history."))
    return _back_to(ticket, form.department.data)


def _back_to(ticket: str, department: str | None) -> ResponseReturnValue:
    """Go on to the complaint; to the list where it was just given to another department."""
    own = own_department()
    if own is not None and department and department != own:
        return redirect(url_for("complaints.complaints"))
    return redirect(url_for("complaints.complaint", ticket=ticket))


def _seen(form: CorrectionForm) -> datetime:
    """Return when the complaint had last changed as the page was made; long ago where unknown."""
    try:
        found = datetime.fromisoformat(form.seen.data or "")
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _what_changed(session: Session, row: Complaint, wanted: Correction, why: str) -> str:
    """Return the line for the history: what was there, what is there now, and why."""
    categories = {one.code: named(one) for one in service.categories(session)}
    shown = {
        "category": categories,
        "department": _departments(session),
        "area": _areas(session),
    }

    def value(name: str, holder: Complaint | Correction) -> str:
        kept = getattr(holder, name)
        found = day_text(kept) if isinstance(kept, date) else str(kept or "—")
        return shown.get(name, {}).get(found, found)

    lines = [
        _(
            "Corrected: %(field)s. Before: %(before)s. Now: %(now)s.",
            field=word(name, "corrected"),
            before=value(name, row),
            now=value(name, wanted),
        )
        for name in corrections.changes(row, wanted)
    ]
    return "\n".join([*lines, why] if why else lines) or _("Corrected")


@blueprint.get("/<ticket>/recording.wav")
def recording(ticket: str) -> Response:
    """What the caller said."""
    with desk().database.read() as session:
        row = of_own(session, ticket)
        path = row.recording.path if row.recording else None
    heard(f"complaint {ticket}")
    return send_recording(path, f"complaint-{ticket}")


def _page(
    ticket: str,
    form: NextStep | None,
    note_form: NoteForm | None,
    correction: CorrectionForm | None = None,
) -> ResponseReturnValue:
    refused = form is not None or note_form is not None or correction is not None
    with desk().database.read() as session:
        row = of_own(session, ticket)
        step = _next_step(session, row)
        names = names_of(session)
        corrected = _correction_form(session, row, correction)
        merged = [one for one in merging.duplicates(session, ticket) if own_only(one)]
        alike = [] if row.merged_into else complaint_similar.candidates(session, row)
        no_reply = {} if row.reply else without_reply(session)
        veil = veil_of(session, row)
    # The reply has a form of its own.
    can_reply = any(choice.value == "replied" for choice in step.to_state.choices)
    step.to_state.choices = [one for one in step.to_state.choices if one.value != "replied"]
    workable = row.merged_into is None and row.state in complaint_work.OPEN
    today = local_day(desk().now(), desk().zone)
    if form is not None:  # what was entered, with its errors; the moves are those of now
        form.to_state.choices = step.to_state.choices
        step = form
    else:
        step.process(None, data={"department": row.department or "", "deadline": row.deadline})
    return render_template(
        "complaints/complaint.html",
        complaint=row,
        veil=veil,
        form=step,
        note_form=note_form or NoteForm(None),
        correction=corrected,
        correcting=correction is not None,
        road=_road(row),
        duplicates=merged,
        candidates=[one for one in alike if own_only(one.complaint)],
        no_reply=no_reply,
        can_reply=can_reply and row.merged_into is None,
        workable=workable,
        own=own_department(),
        days_left=(row.deadline - today).days if workable and row.deadline else None,
        hand_overs=complaint_work.hand_overs(row),
        merge_form=MergeForm(None),
        confide_form=ConfideForm(None, data={"confidential": row.confidential}),
        **names,
    ), 422 if refused else 200


def _correction_form(
    session: Session, row: Complaint, given: CorrectionForm | None
) -> CorrectionForm:
    """Return the form of corrections with its choices; filled from the complaint if not given."""
    form = given or CorrectionForm(
        None,
        data={
            "seen": row.updated_at.isoformat(),
            "category": row.category,
            "department": row.department or "",
            "deadline": row.deadline,
            "area": row.area or "",
            # Left empty it stays as it is.
            "callback_number": row.callback_number if sees_whole() else "",
            "reply": row.reply,
            "reply_en": row.reply_en,
        },
    )
    form.area.choices = choices(_areas(session), "—")
    known = {one.code: named(one) for one in service.categories(session)}
    form.category.choices = choices({row.category: row.category, **known})
    form.department.choices = choices(
        _departments(session), "—" if row.department is None else None
    )
    return form


@dataclass(frozen=True, slots=True)
class Station:
    """One state on a complaint's road; ``at`` is when it came there, ``mark`` how it is shown."""

    state: str
    at: datetime | None
    mark: str


def _road(row: Complaint) -> list[Station]:
    """Return the states from filing to the end: passed, skipped, present and still to come."""
    came: dict[str, datetime] = {}
    for event in row.events:
        came[event.to_state.value] = event.at
    end = "rejected" if row.state is ComplaintState.REJECTED else "closed"
    states = [state for state in COMPLAINT_STATE if state not in ("closed", "rejected")] + [end]
    here = states.index(row.state.value)
    return [
        Station(
            state,
            came.get(state) if place <= here else None,
            "here"
            if place == here
            else "ahead"
            if place > here
            else "passed"
            if state in came
            else "skipped",
        )
        for place, state in enumerate(states)
    ]


def of_own(session: Session, ticket: str) -> Complaint:
    """Return a complaint; one of another department is not there for a clerk."""
    try:
        row = service.get(session, ticket)
    except NotFoundError:
        abort(404)
    if not own_only(row):
        abort(404)
    return row


def veil_of(session: Session, row: Complaint) -> Veil:
    """Return the tickets that a complaint's page must not name to whoever is signed in."""
    return veil_over(session, [row.merged_into, *(event.note for event in row.events)])


def _next_step(session: Session, row: Complaint) -> NextStep:
    form = NextStep()
    moves = service.transitions(session, row.state)
    form.to_state.choices = choices(
        {move.to_state.value: word(move.to_state, "complaint_state") for move in moves}
    )
    nobody = "—" if row.department is None else None
    form.department.choices = choices(_departments(session), nobody)
    return form


def _departments(session: Session) -> dict[str, str]:
    return {row.code: named(row) for row in service.departments(session)}


def _areas(session: Session) -> dict[str, str]:
    return {row.code: named(row) for row in areas.all_areas(session)}


def names_of(session: Session) -> dict[str, object]:
    return {
        "categories": {row.code: row for row in service.categories(session)},
        "departments": {row.code: row for row in service.departments(session)},
        "areas": {row.code: row for row in areas.all_areas(session)},
        "note_hint": _("The reason, kept in the history; callers do not hear it."),
    }
