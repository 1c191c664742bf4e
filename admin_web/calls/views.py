"""Pages of call records."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qsl

from flask import (
    Response,
    abort,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from admin_web.audit import exported, heard, note, seen
from admin_web.calls.blueprint import blueprint
from admin_web.calls.forms import CallSearch, NoteForm, SaveSearch
from admin_web.calls.quality import described
from admin_web.calls.trace import is_traced
from admin_web.calls.way import visits, way
from admin_web.confidential import Veil, veil_over, veiling
from admin_web.desk import desk
from admin_web.downloads import csv_answer
from admin_web.flows.published import flow_titles
from admin_web.links import with_query
from admin_web.names import word
from admin_web.numbers import number_view
from admin_web.places import places
from admin_web.reasons import said
from admin_web.roles import ADMINISTRATOR, may
from admin_web.sound import send_recording
from ivr.records.tables import Call
from ivr.services import (
    call_notes,
    call_search,
    numbers,
    recordings,
    saved_searches,
)
from ivr.services.call_search import CallDetail
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.line_time import local_day

# Ends that the word for who ended the call has told already.
_SILENT = re.compile(r"no sound packet for ([0-9]+) s")
PAGE = "calls"
SAID_BY_STATE = ("peer hung up", "we hung up", "finished")


@blueprint.app_template_filter()
def call_seconds(call: Call) -> float | None:
    """Return how long a call lasted from its answer on; None while it lasts, or never began."""
    if call.answered_at is None or call.ended_at is None:
        return None
    return max(0.0, (call.ended_at - call.answered_at).total_seconds())


@blueprint.get("/")
def calls() -> ResponseReturnValue:
    """The calls, newest first."""
    return _list(SaveSearch(None))


def _list(naming: SaveSearch) -> ResponseReturnValue:
    page = None
    with desk().database.read() as session:
        form = search_form(session, MultiDict(_kept(naming)) or request.args)
        if form.validate():
            try:
                page = call_search.search(
                    session, form.filter(desk().zone), after=request.args.get("after")
                )
            except RefusedError:
                abort(404)
        saved = saved_searches.seen_by(session, PAGE, current_user.username)
        tickets = [ticket for one in page.calls for ticket in one.tickets] if page else []
        veil = veil_over(session, tickets)
    query = form.query()
    return render_template(
        "calls/calls.html",
        form=form,
        naming=naming,
        saved=saved,
        query=query,
        quick=_quick(),
        today=_days(0, 0),
        page=page,
        veil=veil,
        older=page and page.next and with_query("calls.calls", query, after=page.next),
        first=with_query("calls.calls", query) if "after" in request.args else None,
    ), 422 if page is None or naming.errors else 200


def search_form(session: Session, given: MultiDict[str, str]) -> CallSearch:
    """Return the search that was asked for, with what can be chosen."""
    form = CallSearch(given)
    listed = {row.called: row.called for row in numbers.all_numbers(session)}
    form.offer(listed, flow_titles(session))
    return form


def _kept(naming: SaveSearch) -> dict[str, str]:
    """Return the fields of the search that is to be kept."""
    return dict(parse_qsl(naming.query.data or "", max_num_fields=40)) if naming.errors else {}


@blueprint.post("/searches")
def save_search() -> ResponseReturnValue:
    """Keep the search that is shown under a name."""
    naming = SaveSearch()
    if naming.validate():
        try:
            asked = dict(parse_qsl(naming.query.data or "", max_num_fields=40))
        except ValueError:
            abort(400)
        try:
            with desk().database.begin() as session:
                query = search_form(session, MultiDict(asked)).query()
                saved_searches.save(
                    session,
                    PAGE,
                    naming.name.data,
                    query,
                    owner=current_user.username,
                    shared=bool(naming.shared.data),
                    now=desk().now(),
                )
        except RefusedError as error:
            naming.name.errors = [said(error)]
        else:
            flash(_("The search is kept as “%(name)s”.", name=naming.name.data))
            return redirect(with_query("calls.calls", query))
    return _list(naming)


@blueprint.post("/searches/<int:search_id>/remove")
def remove_search(search_id: int) -> ResponseReturnValue:
    """Forget a search of one's own; an administrator may forget a shared one."""
    try:
        with desk().database.begin() as session:
            saved_searches.remove(
                session,
                search_id,
                owner=current_user.username,
                any_owner=current_user.role == ADMINISTRATOR,
            )
    except NotFoundError:
        abort(404)
    flash(_("The search is forgotten; the calls are still there."))
    return redirect(url_for("calls.calls"))


def _quick() -> list[tuple[str, dict[str, str]]]:
    """Return the searches that are made most, each with its name."""
    return [
        (_("Today"), _days(0, 0)),
        (_("Yesterday"), _days(1, 1)),
        (_("Last 7 days"), _days(6, 0)),
    ]


def _days(first: int, last: int) -> dict[str, str]:
    """Return the search from ``first`` days ago to ``last`` days ago."""
    today = local_day(desk().now(), desk().zone)
    return {
        "first_day": (today - timedelta(days=first)).isoformat(),
        "last_day": (today - timedelta(days=last)).isoformat(),
    }


@blueprint.get("/calls.csv")
def calls_csv() -> Response:
    """The same calls, all of them, as a file."""
    zone = desk().zone
    with desk().database.read() as session:
        form = search_form(session, request.args)
        if not form.validate():
            abort(400)
        wanted = form.filter(zone)
    numbers, hiding = number_view(), veiling()
    exported("calls_exported", form.query())
    return csv_answer(
        "calls",
        lambda session: call_search.csv_rows(
            session, wanted, zone=zone, numbers=numbers, hiding=hiding
        ),
    )


@blueprint.post("/<call_id>/notes")
def add_note(call_id: str) -> ResponseReturnValue:
    """Write something about a call."""
    form = NoteForm()
    if not form.validate():
        return _call(call_id, form)
    try:
        with desk().database.begin() as session:
            call_notes.add(
                session, call_id, form.text.data, who=current_user.username, now=desk().now()
            )
            note(session, "call_annotated", call_id)
    except NotFoundError:
        abort(404)
    flash(_("The note is kept with the call."))
    return redirect(url_for("calls.call", call_id=call_id))


@blueprint.get("/<call_id>")
def call(call_id: str) -> ResponseReturnValue:
    """One call in full."""
    with desk().database.read() as session:
        if session.get(Call, call_id) is None:
            abort(404)
    seen("call_opened", f"call {call_id}")
    return _call(call_id, None)


def _call(call_id: str, note_form: NoteForm | None) -> ResponseReturnValue:
    try:
        with desk().database.read() as session:
            detail = call_search.find(session, call_id)
            titles = flow_titles(session)
            known = places(session)
            veil = _veil(session, detail)
    except NotFoundError:
        abort(404)
    return render_template(
        "calls/call.html",
        call=detail.call,
        detail=detail,
        titles=titles,
        places=known,
        path=visits(detail, veil),
        veil=veil,
        complaints=[row for row in detail.complaints if not veil.covers(row.ticket)],
        quality=described(detail.call),
        note_form=note_form or NoteForm(None),
        reason=_reason(detail.call),
        traced=may("calls.trace") and is_traced(detail.call),
        kept_traces=desk().settings.traces,
    ), 422 if note_form else 200


@blueprint.get("/<call_id>/path")
def path(call_id: str) -> ResponseReturnValue:
    """The way of a call on the pictures of its flows, for the script that draws it."""
    with desk().database.read() as session:
        if session.get(Call, call_id) is None:
            abort(404)
    seen("call_opened", f"call {call_id}")
    with desk().database.read() as session:
        detail = call_search.find(session, call_id)
        call = detail.call
        ended = word(call.ended_by, "ended_by") if call.ended_at else ""
        return jsonify(way(session, detail, ended, _veil(session, detail)))


def _veil(session: Session, detail: CallDetail) -> Veil:
    """Return which tickets of what a call left behind are not for whoever is looking."""
    return veil_over(
        session,
        [
            *(row.ticket for row in detail.complaints),
            *(step.digits for step in detail.steps),
            *(one.text for one in detail.notes),
        ],
    )


def _reason(call: Call) -> str:
    """Return why a call ended, where that says more than who ended it."""
    if not call.end_reason or call.end_reason in SAID_BY_STATE:
        return ""
    silent = _SILENT.fullmatch(call.end_reason)
    if silent:
        return str(_("no sound packet for %(seconds)s seconds", seconds=silent[1]))
    return word(call.end_reason, "end_reason")


@blueprint.get("/recordings/<recording_id>.wav")
def recording(recording_id: str) -> Response:
    """What the caller said."""
    try:
        with desk().database.read() as session:
            row = recordings.get(session, recording_id)
    except NotFoundError:
        abort(404)
    heard(f"recording {recording_id}")
    return send_recording(row.path, f"recording-{recording_id}")
