"""Pages of call flows: list, read, edit, publish, history."""

from __future__ import annotations

from dataclasses import dataclass

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session

from admin_web.desk import desk
from admin_web.differences import Difference, differences
from admin_web.flows.blueprint import blueprint
from admin_web.flows.checks import findings_of, flow_of, issues_of
from admin_web.flows.drafted import begin
from admin_web.flows.forms import FlowText
from admin_web.flows.highlight import yaml
from admin_web.flows.outline import outline_of
from admin_web.flows.published import LINE, delivered, flow_set, texts
from admin_web.flows.publishing import Proposal, Refusal, judged, publish
from admin_web.formatting import local
from admin_web.languages import page_language
from call_flows import FlowSet
from ivr.services import flow_drafts, flow_scenarios, numbers, revisions
from ivr.services.errors import NotFoundError
from ivr.services.revisions import StaleEditError

blueprint.add_app_template_filter(yaml)


@dataclass(frozen=True, slots=True)
class Clash:
    """What was published while somebody edited."""

    revision: int
    author: str
    diff: list[Difference]


@blueprint.get("/")
def flows() -> ResponseReturnValue:
    """All flows, and how they stand."""
    with desk().database.read() as session:
        names = texts(session)
        newest = revisions.newest_flows(session)
        loaded = flow_set(session)
        issues = issues_of(session, loaded) if loaded else []
        listed = numbers.all_numbers(session)
        drafts = flow_drafts.of_author(session, current_user.username)
        scenarios = len(flow_scenarios.every(session))
    # What is shared by all flows comes last: it is no way of a caller.
    order = sorted(names, key=lambda name: (name == LINE, name != "main", name))
    rows = [
        {
            "name": name,
            "title": _title(loaded, name),
            "nodes": len(loaded.flows[name].nodes) if loaded and name in loaded.flows else None,
            "numbers": [row.called for row in listed if row.flow == name],
            "revision": newest.get(name),
            "issues": [issue for issue in issues if flow_of(issue.place) == name],
        }
        for name in order
    ]
    return render_template(
        "flows/flows.html",
        rows=rows,
        loaded=loaded is not None,
        drafts=drafts,
        scenarios=scenarios,
    )


@blueprint.get("/<name>")
def flow(name: str) -> ResponseReturnValue:
    """One flow as it is in force."""
    with desk().database.read() as session:
        text = _text(session, name)
        loaded = flow_set(session)
        issues = findings_of(session, loaded, name, text) if loaded else []
        history = revisions.flow_history(session, name)
        draft = flow_drafts.find(session, name, current_user.username)
        outline = outline_of(session, loaded, name)
    return render_template(
        "flows/flow.html",
        outline=outline,
        name=name,
        title=_title(loaded, name),
        text=text,
        issues=issues,
        history=history,
        old=None,
        draft=draft,
        delivered=name in delivered(),
    )


@blueprint.get("/<name>/revisions/<int:revision>")
def revision(name: str, revision: int) -> ResponseReturnValue:
    """One flow as it was."""
    try:
        with desk().database.read() as session:
            row = revisions.flow_revision(session, name, revision)
    except NotFoundError:
        abort(404)
    return render_template(
        "flows/flow.html",
        name=name,
        title="",
        text=row.text,
        issues=[],
        history=[],
        old=row,
        outline=[],
        draft=None,
    )


@blueprint.route("/<name>/edit", methods=["GET", "POST"])
def edit(name: str) -> ResponseReturnValue:
    """Edit a flow: a page with a picture where there is a script, a text to be sent where not."""
    with desk().database.begin() as session:
        draft = begin(session, name)
        if draft is None:
            abort(404)
    if request.method == "GET":
        form = FlowText(None, data={"base": str(draft.base), "text": draft.text})
        return _edit_page(name, form)
    form = FlowText()
    if not form.validate():
        return _edit_page(name, form, status=422)
    if "check" not in request.form and not form.message.data:
        form.message.errors = [_("Say in a few words what you changed.")]
        return _edit_page(name, form, status=422)
    with desk().database.begin() as session:
        draft = flow_drafts.change(
            session,
            name,
            current_user.username,
            seq=draft.seq,
            text=form.text.data,
            words=draft.words,
            what="text",
            now=desk().now(),
        )
    proposal = Proposal(name, draft.text, _base(form), form.message.data or "", draft.words)
    if "check" in request.form:
        with desk().database.read() as session:
            return _edit_page(name, form, judged(session, proposal), checked=True)
    try:
        done = publish(proposal)
    except StaleEditError:
        return _refuse_stale(name, form)
    if isinstance(done, Refusal):
        return _edit_page(name, form, done, status=422)
    with desk().database.begin() as session:
        flow_drafts.discard(session, name, current_user.username)
    flash(_("Published. Callers meet it from the next call on."))
    return redirect(url_for("flows.flow", name=name))


def _refuse_stale(name: str, form: FlowText) -> ResponseReturnValue:
    with desk().database.read() as session:
        newest = revisions.newest_flow(session, name)
    text = newest.text if newest else delivered().get(name, "")
    clash = Clash(
        newest.revision if newest else 0,
        newest.author if newest else "",
        differences(text, form.text.data),
    )
    form.base.data = form.base.raw_data = str(clash.revision)
    return _edit_page(name, form, clash=clash, status=409)


def _edit_page(
    name: str,
    form: FlowText,
    refusal: Refusal | None = None,
    *,
    checked: bool = False,
    clash: Clash | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    with desk().database.read() as session:
        title = _title(flow_set(session), name)
    return render_template(
        "flows/edit.html",
        name=name,
        title=title,
        form=form,
        refusal=refusal,
        now_here=local(desk().now()).strftime("%Y-%m-%dT%H:%M"),
        checked=checked,
        clash=clash,
    ), status


def _text(session: Session, name: str) -> str:
    known = texts(session)
    if name not in known:
        abort(404)
    return known[name]


def _title(loaded: FlowSet | None, name: str) -> str:
    if name == LINE:
        return str(_("What all flows share"))
    flow = loaded.flows.get(name) if loaded else None
    return flow.title.get(page_language(), "") if flow else ""


def _base(form: FlowText) -> int:
    given = form.base.data or "0"
    return int(given) if given.isascii() and given.isdigit() and len(given) < 9 else -1
