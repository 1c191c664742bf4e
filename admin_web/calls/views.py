"""Pages of call records."""

from __future__ import annotations

import re
from datetime import timedelta

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from admin_web.audit import heard
from admin_web.calls.forms import CallSearch
from admin_web.desk import desk
from admin_web.downloads import csv_answer
from admin_web.flows.published import flow_titles
from admin_web.links import with_query
from admin_web.names import word
from admin_web.sound import send_recording
from ivr.records.tables import Call
from ivr.services import call_search, recordings
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.line_time import local_day

# Ends that the word for who ended the call has told already.
_SILENT = re.compile(r"no sound packet for ([0-9]+) s")
SAID_BY_STATE = ("peer hung up", "we hung up", "finished")

blueprint = Blueprint("calls", __name__, url_prefix="/calls")


@blueprint.app_template_filter()
def call_seconds(call: Call) -> float | None:
    """Return how long a call lasted from its answer on; None while it lasts, or never began."""
    if call.answered_at is None or call.ended_at is None:
        return None
    return max(0.0, (call.ended_at - call.answered_at).total_seconds())


@blueprint.get("/")
def calls() -> ResponseReturnValue:
    """The calls, newest first."""
    form = CallSearch(request.args)
    page = None
    if form.validate():
        try:
            with desk().database.read() as session:
                page = call_search.search(
                    session, form.filter(desk().zone), after=request.args.get("after")
                )
        except RefusedError:
            abort(404)
    query = form.query()
    return render_template(
        "calls/calls.html",
        form=form,
        query=query,
        quick=_quick(),
        today=_days(0, 0),
        page=page,
        older=page and page.next and with_query("calls.calls", query, after=page.next),
        first=with_query("calls.calls", query) if "after" in request.args else None,
    ), 200 if page else 422


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
    form = CallSearch(request.args)
    if not form.validate():
        abort(400)
    zone = desk().zone
    wanted = form.filter(zone)
    return csv_answer("calls", lambda session: call_search.csv_rows(session, wanted, zone=zone))


@blueprint.get("/<call_id>")
def call(call_id: str) -> ResponseReturnValue:
    """One call in full."""
    try:
        with desk().database.read() as session:
            detail = call_search.find(session, call_id)
            titles = flow_titles(session)
    except NotFoundError:
        abort(404)
    return render_template(
        "calls/call.html",
        call=detail.call,
        detail=detail,
        titles=titles,
        reason=_reason(detail.call),
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
