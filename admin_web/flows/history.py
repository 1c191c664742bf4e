"""What was published when: two revisions compared, and a former one brought back."""

from __future__ import annotations

from dataclasses import dataclass

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from admin_web.desk import desk
from admin_web.differences import differences
from admin_web.flows.blueprint import blueprint
from admin_web.flows.drafted import in_force, own
from admin_web.flows.published import delivered
from admin_web.flows.publishing import Proposal, Refusal, publish
from admin_web.reasons import said
from call_flows import FlowError
from call_flows.editing import nodes_of
from ivr.services import revisions
from ivr.services.errors import NotFoundError, ServiceError
from ivr.services.revisions import StaleEditError

DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class NodeChanges:
    """Which nodes came, went and changed between two texts."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


def node_changes(old: str, new: str) -> NodeChanges | None:
    """Return what happened to the nodes; None where a text is no YAML."""
    try:
        before, after = nodes_of(old), nodes_of(new)
    except FlowError:
        return None
    return NodeChanges(
        tuple(name for name in after if name not in before),
        tuple(name for name in before if name not in after),
        tuple(name for name in after if name in before and before[name] != after[name]),
    )


def text_of(session: Session, name: str, which: str) -> str:
    """Return the text of a revision, of the delivered flow (0) or of the own draft; 404."""
    if which == DRAFT:
        draft = own(session, name)
        if draft is not None:
            return draft.text
    elif which == "0":
        text = delivered().get(name)
        if text is not None:
            return text
    elif which.isascii() and which.isdigit() and len(which) < 9:
        try:
            return revisions.flow_revision(session, name, int(which)).text
        except NotFoundError:
            pass
    abort(404)


@blueprint.get("/<name>/compare")
def compare(name: str) -> ResponseReturnValue:
    """Two revisions side by side; the one in force and the one before, unless others are named."""
    with desk().database.read() as session:
        known = revisions.flow_history(session, name)
        newest = known[0].revision if known else 0
        there = [str(row.revision) for row in known]
        if name in delivered():
            there.append("0")
        if not there:
            abort(404)
        draft = own(session, name)
        if draft is not None and draft.changed:
            there.insert(0, DRAFT)
        old = request.args.get("old", str(max(newest - 1, 0)))
        new = request.args.get("new", str(newest))
        if old not in there or new not in there:
            old, new = there[-1], there[0]
        before, after = text_of(session, name, old), text_of(session, name, new)
    return render_template(
        "flows/compare.html",
        name=name,
        old=old,
        new=new,
        choices=[(one, _which(one)) for one in there],
        diff=differences(before, after),
        same=before == after,
        nodes=node_changes(before, after),
    )


def _which(which: str) -> str:
    if which == DRAFT:
        return str(_("your draft"))
    if which == "0":
        return str(_("as delivered"))
    return str(_("revision %(number)s", number=which))


@blueprint.post("/<name>/revisions/<int:revision>/restore")
def restore(name: str, revision: int) -> ResponseReturnValue:
    """Publish a former text again, as a new revision; refused where callers would run into it."""
    with desk().database.read() as session:
        text = text_of(session, name, str(revision))
        present, newest = in_force(session, name)
    if present == text:
        flash(_("This text is in force already."))
        return redirect(url_for("flows.flow", name=name))
    message = request.form.get("message", "").strip()[:500]
    told = message or str(_("Back to %(which)s", which=_which(str(revision))))
    try:
        done = publish(Proposal(name, text, newest, told, {}))
    except StaleEditError as error:
        flash(said(error), "error")
        return redirect(url_for("flows.flow", name=name))
    except ServiceError as error:
        flash(said(error), "error")
        return redirect(url_for("flows.flow", name=name))
    if isinstance(done, Refusal):
        return render_template(
            "flows/refused.html", name=name, refusal=done, which=_which(str(revision))
        ), 422
    flash(_("Rolled back. Callers meet it from the next call on."))
    return redirect(url_for("flows.flow", name=name))
