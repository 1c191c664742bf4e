"""Pages of call flows: list, read, edit, publish, history."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session

from admin_web.audit import note
from admin_web.desk import desk
from admin_web.differences import Difference, differences
from admin_web.flows.checks import Verdict, findings_of, flow_of, issues_of, judge
from admin_web.flows.forms import FlowText
from admin_web.flows.highlight import yaml
from admin_web.flows.published import LINE, delivered, flow_set, texts
from admin_web.languages import page_language
from call_flows import FlowSet
from ivr.services import numbers, revisions
from ivr.services.errors import NotFoundError
from ivr.services.revisions import StaleEditError

blueprint = Blueprint("flows", __name__, url_prefix="/flows")
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
    return render_template("flows/flows.html", rows=rows, loaded=loaded is not None)


@blueprint.get("/<name>")
def flow(name: str) -> ResponseReturnValue:
    """One flow as it is in force."""
    with desk().database.read() as session:
        text = _text(session, name)
        loaded = flow_set(session)
        issues = findings_of(session, loaded, name, text) if loaded else []
        history = revisions.flow_history(session, name)
    return render_template(
        "flows/flow.html",
        name=name,
        title=_title(loaded, name),
        text=text,
        issues=issues,
        history=history,
        old=None,
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
        "flows/flow.html", name=name, title="", text=row.text, issues=[], history=[], old=row
    )


@blueprint.route("/<name>/edit", methods=["GET", "POST"])
def edit(name: str) -> ResponseReturnValue:
    """Edit a flow's text, check it, publish it."""
    with desk().database.read() as session:
        text = _text(session, name)
        newest = revisions.newest_flow(session, name)
    if request.method == "GET":
        base = str(newest.revision if newest else 0)
        form = FlowText(None, data={"base": base, "text": text})
        return _edit_page(name, form)
    form = FlowText()
    if not form.validate():
        return _edit_page(name, form, status=422)
    if "check" not in request.form and not form.message.data:
        form.message.errors = [_("Say in a few words what you changed.")]
        return _edit_page(name, form, status=422)
    while True:  # again only where somebody published something else between check and write
        with desk().database.read() as session:
            checked_at = revisions.stamp(session)
            verdict = judge(session, name, form.text.data)
        if verdict.refused or "check" in request.form:
            asked = "check" in request.form
            return _edit_page(name, form, verdict, checked=asked, status=200 if asked else 422)
        try:
            if _publish(name, form, checked_at):
                break
        except StaleEditError:
            return _refuse_stale(name, form)
    flash(_("Published. Callers meet it from the next call on."))
    return redirect(url_for("flows.flow", name=name))


def _publish(name: str, form: FlowText, checked_at: revisions.Stamp) -> bool:
    """Publish; False where something was published since it was checked."""
    with desk().database.begin() as session:
        newest = revisions.newest_flow(session, name)
        unmoved = _base(form) == (newest.revision if newest else 0)
        if unmoved and revisions.stamp(session) != checked_at:
            return False
        row = revisions.publish_flow(
            session,
            name,
            form.text.data,
            base=_base(form),
            author=current_user.username,
            message=form.message.data,
            now=desk().now(),
        )
        note(session, "flow_published", name, revision=str(row.revision))
    return True


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
    verdict: Verdict | None = None,
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
        verdict=verdict,
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
