"""The page of a person's code for recording prompts by telephone: made, renewed, ended.

The digits are shown on the answer that makes them, which no browser keeps, and never again.
"""

from __future__ import annotations

from flask import Blueprint, abort, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session

from admin_web.desk import desk
from admin_web.flows.published import flow_set
from ivr.services import numbers, studio_codes
from ivr.services.errors import NotFoundError, RefusedError

STUDIO_FLOW = "studio"

blueprint = Blueprint("telephone_code", __name__, url_prefix="/account/telephone-code")


@blueprint.get("/")
def telephone_code() -> ResponseReturnValue:
    """Show whether there is a code, when it was used, and how to record with it."""
    return _page(None)


@blueprint.post("/")
def make() -> ResponseReturnValue:
    """Make a code; one that was there ends."""
    now = desk().now()
    try:
        with desk().database.begin() as session:
            code = studio_codes.make(
                session, current_user.username, who=current_user.username, now=now
            )
    except RefusedError:
        abort(403)
    return _page(code)


@blueprint.post("/end")
def end() -> ResponseReturnValue:
    """End one's code."""
    _end(current_user.username)
    return redirect(url_for("telephone_code.telephone_code"))


@blueprint.post("/<username>/end")
def end_of(username: str) -> ResponseReturnValue:
    """End somebody else's code."""
    _end(username)
    return redirect(url_for("people.person", username=username))


def _end(username: str) -> None:
    try:
        with desk().database.begin() as session:
            studio_codes.end(session, username, who=current_user.username, now=desk().now())
    except NotFoundError:
        flash(_("There is no telephone code to end."), "error")
    else:
        flash(_("The telephone code opens nothing any more."))


def _page(new_code: str | None) -> ResponseReturnValue:
    now = desk().now()
    with desk().database.read() as session:
        row = studio_codes.of(session, current_user.username)
        called = _called_numbers(session)
    groups = new_code and f"{new_code[:4]} {new_code[4:7]} {new_code[7:]}"
    page = render_template(
        "telephone_code/telephone_code.html", code=row, groups=groups, numbers=called, now=now
    )
    answer = make_response(page)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _called_numbers(session: Session) -> list[str]:
    """The numbers that lead to the recording room; staff's table of numbers wins."""
    flows = flow_set(session)
    starts = dict(flows.numbers) if flows else {}
    starts |= {row.called: row.flow for row in numbers.all_numbers(session)}
    return sorted(called for called, flow in starts.items() if flow == STUDIO_FLOW)
