"""The page on which a flow is edited, and the answers its script asks for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import abort, flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from admin_web.desk import desk
from admin_web.flows.blueprint import blueprint
from admin_web.flows.drafted import begin, companions, lead_others, own, prompts_of
from admin_web.flows.edits import Edited, UnknownEditError
from admin_web.flows.labels import labels
from admin_web.flows.offered import (
    catalogue_of,
    flows_offered,
    schedules_offered,
    services_offered,
)
from admin_web.flows.publishing import Proposal, Refusal, publish
from admin_web.flows.standing import standing
from admin_web.formatting import local
from admin_web.links import with_query
from admin_web.prompts.published import LANGUAGES, example_values
from admin_web.reasons import said
from admin_web.roles import may
from admin_web.voice import not_spoken, spoken_clauses
from call_flows import FlowError
from call_flows.fields import SLUG
from ivr.records.tables import CallOutcome
from ivr.services import flow_drafts, flow_numbers
from ivr.services.errors import ServiceError
from ivr.services.flow_drafts import DraftMovedError
from ivr.services.revisions import StaleEditError
from prompts.compose import compose
from prompts.errors import CatalogueError, PromptError

# What an edit is called in "undo"; see labels.
_WHAT = frozenset(
    (
        "text",
        "words",
        "put",
        "add",
        "connect",
        "keys",
        "remove",
        "rename",
        "copy",
        "head",
        "start",
        "move",
    )
)


@blueprint.get("/<name>/draft")
def draft(name: str) -> ResponseReturnValue:
    """Everything the page of a flow begins with."""
    with desk().database.begin() as session:
        found = begin(session, name)
    if found is None:
        abort(404)
    # Checking takes a while, and calls wait for whoever writes: so it is done after.
    with desk().database.read() as session:
        return jsonify(
            draft=standing(session, found),
            catalogue=catalogue_of(session),
            flows=flows_offered(session, name),
            services=services_offered(session),
            schedules=schedules_offered(session),
            labels=labels(),
        )


@blueprint.post("/<name>/draft")
def change(name: str) -> ResponseReturnValue:
    """Make edits, undo or redo one; answers with how the draft stands then."""
    asked = request.get_json(silent=True)
    seq = asked.get("seq") if isinstance(asked, dict) else None
    if not isinstance(asked, dict) or not isinstance(seq, int):
        return jsonify(error=said(UnknownEditError())), 400
    who, now = current_user.username, desk().now()
    try:
        if asked.get("do") in ("undo", "redo"):
            move = flow_drafts.undo if asked["do"] == "undo" else flow_drafts.redo
            with desk().database.begin() as session:
                found = move(session, name, who, seq=seq, now=now)
        else:
            found = _edit(name, seq, asked)
        with desk().database.read() as session:
            return jsonify(draft=standing(session, found))
    except DraftMovedError as error:
        with desk().database.read() as session:
            here = own(session, name)
            stands = standing(session, here) if here else None
        return jsonify(error=said(error), draft=stands), 409
    except FlowError as error:
        reasons = [said(one.message) for one in error.problems] or [said(error)]
        return jsonify(error="; ".join(reasons)), 422
    except (UnknownEditError, ServiceError) as error:
        return jsonify(error=said(error)), 400 if isinstance(error, UnknownEditError) else 422


def _edit(name: str, seq: int, asked: dict[str, Any]) -> flow_drafts.Draft:
    """Make the edits of a request; all but keeping them is done before the transaction."""
    with desk().database.read() as session:
        present = own(session, name)
        if present is None or present.seq != seq:
            raise DraftMovedError
        edited = Edited(session, present)
        edited.apply(asked.get("edits"))
    what, subject = asked.get("what"), asked.get("subject", "")
    with desk().database.begin() as session:
        return flow_drafts.change(
            session,
            name,
            current_user.username,
            seq=seq,
            text=edited.text,
            words=edited.words,
            what=what if isinstance(what, str) and what in _WHAT else "text",
            subject=subject if isinstance(subject, str) else "",
            now=desk().now(),
        )


@blueprint.post("/<name>/draft/lead")
def lead(name: str) -> ResponseReturnValue:
    """Lead other flows' ways from one node of this flow to another, in drafts of those flows."""
    asked = request.get_json(silent=True)
    old, new = (asked.get("from"), asked.get("to")) if isinstance(asked, dict) else (None, None)
    if not (isinstance(old, str) and isinstance(new, str) and SLUG.fullmatch(new)):
        return jsonify(error=said(UnknownEditError())), 400
    try:
        with desk().database.begin() as session:
            changed = lead_others(session, name, old, new)
        with desk().database.read() as session:
            found = own(session, name)
            stands = standing(session, found) if found else None
    except (FlowError, ServiceError) as error:
        return jsonify(error=said(error)), 422
    told = (
        _(
            "Changed too, as drafts that are published with this one: %(flows)s",
            flows=", ".join(changed),
        )
        if changed
        else ""
    )
    return jsonify(draft=stands, told=told)


@blueprint.post("/<name>/draft/discard")
def discard(name: str) -> ResponseReturnValue:
    """Throw the draft away."""
    with desk().database.begin() as session:
        flow_drafts.discard(session, name, current_user.username)
    flash(_("The draft was thrown away; the published flow stands as before."))
    return redirect(url_for("flows.flows"))


@blueprint.post("/<name>/draft/publish")
def publish_draft(name: str) -> ResponseReturnValue:
    """Publish the draft; where it cannot be, say why and where."""
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict) or not isinstance(asked.get("message"), str):
        return jsonify(error=said(UnknownEditError())), 400
    with desk().database.read() as session:
        found = own(session, name)
        together = companions(session, found) if found else []
    if found is None or found.seq != asked.get("seq"):
        return jsonify(error=said(DraftMovedError())), 409
    message = asked["message"].strip()
    proposals = [
        Proposal(one.name, one.text, one.base, message, one.words) for one in (found, *together)
    ]
    try:
        done = publish(*proposals)
    except StaleEditError as error:
        return jsonify(error=said(error), merge=url_for("flows.merge", name=name)), 409
    except ServiceError as error:
        return jsonify(error=said(error)), 422
    if isinstance(done, Refusal):
        with desk().database.read() as session:
            stands = standing(session, found)
        return jsonify(draft=stands, scenarios=scenario_faults(done)), 422
    with desk().database.begin() as session:
        for one in proposals:
            flow_drafts.discard(session, one.name, current_user.username)
    flash(_("Published. Callers meet it from the next call on."))
    return jsonify(revision=done, next=url_for("flows.flow", name=name))


def scenario_faults(refusal: Refusal) -> list[dict[str, Any]]:
    """Return the scenarios that stopped a publish, as JSON."""
    return [
        {
            "id": one.scenario.id,
            "title": one.scenario.title,
            "at": one.error.at,
            "text": said(one.error),
        }
        for one in refusal.scenarios
    ]


@blueprint.get("/<name>/numbers")
def numbers(name: str) -> ResponseReturnValue:
    """Callers at each node now, and where they left yesterday."""
    with desk().database.read() as session:
        found = flow_numbers.of_flow(session, name, now=desk().now(), zone=desk().zone)
    shown: dict[str, dict[str, int | str]] = {
        node: {"now": n.now, "passed": n.passed, "left": n.left} for node, n in found.items()
    }
    if may("calls.calls"):
        day = (local(desk().now()) - timedelta(days=1)).date().isoformat()
        of_yesterday = {"ended": "1", "first_day": day, "last_day": day}
        for node, n in found.items():
            if n.left:
                where = {"outcome": CallOutcome.ABANDONED.value, "place": f"{name}.{node}"}
                shown[node]["left_at"] = with_query("calls.calls", of_yesterday, **where)
    return jsonify(shown)


@blueprint.post("/<name>/hear")
def hear(name: str) -> ResponseReturnValue:
    """Say one prompt as the draft has it, or as it is being typed; slots take examples."""
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict) or asked.get("language") not in LANGUAGES:
        return not_spoken(said(UnknownEditError()), 400)
    prompt, language, text = str(asked.get("prompt")), str(asked["language"]), asked.get("text")
    with desk().database.read() as session:
        catalogue = prompts_of(session, own(session, name))
    try:
        if isinstance(text, str) and (
            prompt not in catalogue or text != catalogue.prompt(prompt).texts.get(language)
        ):
            catalogue = catalogue.with_overrides({(prompt, language): text})
        known = catalogue.prompt(prompt)
        clauses = compose(catalogue, prompt, language, example_values(known, catalogue, language))
    except (PromptError, CatalogueError) as error:
        return not_spoken(_("This text cannot be spoken: %(reason)s", reason=said(error)), 422)
    return spoken_clauses(clauses)
