"""Pages of scenarios: which are kept, whether they pass now, their text; take again, remove."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from admin_web.audit import note
from admin_web.desk import desk
from admin_web.flows.blueprint import blueprint
from admin_web.flows.drafted import own
from admin_web.flows.playing import fault, held_again
from admin_web.flows.published import flow_set, texts
from admin_web.reasons import said
from call_flows import FlowError, load
from call_flows.scenario import ScenarioError
from call_flows.trial import as_scenario
from ivr.services import flow_drafts, flow_scenarios
from ivr.services.errors import NotFoundError


@blueprint.get("/-/scenarios")
def scenarios() -> ResponseReturnValue:
    """All scenarios, each played with the flows in force."""
    with desk().database.read() as session:
        loaded = flow_set(session)
        rows = [
            {"row": row, "fault": fault(loaded, row.text) if loaded else None}
            for row in flow_scenarios.every(session)
        ]
    return render_template("flows/scenarios.html", rows=rows, loaded=loaded is not None)


@blueprint.get("/-/scenarios/<int:scenario>")
def scenario(scenario: int) -> ResponseReturnValue:
    """One scenario: its text, and how it goes with the flows in force and with own drafts."""
    try:
        with desk().database.read() as session:
            row = flow_scenarios.get(session, scenario)
            loaded = flow_set(session)
            drafts = [
                (draft.name, _with_draft(session, draft.name, row.text))
                for draft in flow_drafts.of_author(session, current_user.username)
            ]
    except NotFoundError:
        abort(404)
    return render_template(
        "flows/scenario.html",
        row=row,
        fault=fault(loaded, row.text) if loaded else None,
        drafts=drafts,
    )


def _with_draft(session: object, name: str, text: str) -> object | None:
    draft = own(session, name)  # type: ignore[arg-type]
    if draft is None:
        return None
    try:
        loaded = load({**texts(session), name: draft.text})  # type: ignore[arg-type]
    except FlowError as error:
        return error.problems[0].message if error.problems else error
    return fault(loaded, text)


@blueprint.post("/-/scenarios/<int:scenario>/again/<name>")
def take_again(scenario: int, name: str) -> ResponseReturnValue:
    """Let a scenario expect what the draft of a flow says to the same caller."""
    try:
        with desk().database.begin() as session:
            row = flow_scenarios.get(session, scenario)
            draft = own(session, name)
            whole = texts(session)
            loaded = load({**whole, name: draft.text} if draft else whole)
            trial = held_again(loaded, row.text)
            if trial.failures:
                flash(_("A call that failed inside cannot be kept."), "error")
                return redirect(url_for("flows.scenario", scenario=scenario))
            flow_scenarios.rewrite(
                session,
                scenario,
                as_scenario(trial, row.title),
                author=current_user.username,
                now=desk().now(),
            )
            note(session, "scenario_taken_again", row.title)
    except NotFoundError:
        abort(404)
    except (FlowError, ScenarioError) as error:
        flash(said(error), "error")
        return redirect(url_for("flows.scenario", scenario=scenario))
    flash(_("The scenario now expects what was said this time."))
    return redirect(url_for("flows.scenario", scenario=scenario))


@blueprint.post("/-/scenarios/<int:scenario>/remove")
def remove_scenario(scenario: int) -> ResponseReturnValue:
    """Forget a scenario."""
    try:
        with desk().database.begin() as session:
            row = flow_scenarios.remove(session, scenario)
            note(session, "scenario_removed", row.title)
    except NotFoundError:
        abort(404)
    flash(_("The scenario was removed."))
    return redirect(url_for("flows.scenarios"))
