"""Who may do what: one table, asked before every request; what it does not name is refused.

The table is also what the menu is drawn from, so that nobody is shown a door that is shut.
"""

from __future__ import annotations

from enum import Enum

from flask import Flask, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_login import current_user

ADMINISTRATOR = "administrator"
EDITOR = "editor"
SUPERVISOR = "supervisor"

ROLE_NAMES = {
    ADMINISTRATOR: _l("Administrator"),
    EDITOR: _l("Editor"),
    SUPERVISOR: _l("Supervisor"),
}
ROLE_DUTIES = {
    ADMINISTRATOR: _l("Everything, and the accounts of others"),
    EDITOR: _l("Prompts, call flows and outage notices"),
    SUPERVISOR: _l("Call records, complaints, call-backs, bills and outage notices"),
}


class Door(Enum):
    """Doors that ask for no role."""

    PUBLIC = "anyone"
    TOKEN = "a program with the token"  # noqa: S105
    SIGNED_IN = "anyone signed in"


_ADMINISTRATOR = frozenset({ADMINISTRATOR})
_EDITING = frozenset({ADMINISTRATOR, EDITOR})
_SUPERVISING = frozenset({ADMINISTRATOR, SUPERVISOR})
_ALL = frozenset({ADMINISTRATOR, EDITOR, SUPERVISOR})

# endpoint: who may use it
WHO_MAY: dict[str, Door | frozenset[str]] = {
    "static": Door.PUBLIC,
    "favicon": Door.PUBLIC,
    "languages.switch": Door.PUBLIC,
    "health.healthz": Door.PUBLIC,
    "health.metrics": Door.PUBLIC,
    "sign_in.sign_in": Door.PUBLIC,
    "sign_in.sign_out": Door.SIGNED_IN,
    "sign_in.own_password": Door.SIGNED_IN,
    "home.home": Door.SIGNED_IN,
    "api.calls": Door.TOKEN,
    "api.calls_csv": Door.TOKEN,
    "api.complaints": Door.TOKEN,
    "api.complaints_csv": Door.TOKEN,
    "dashboard.figures": _SUPERVISING,
    "dashboard.summary": _SUPERVISING,
    "calls.calls": _READING_CALLS,
    "calls.calls_csv": _READING_CALLS,
    "calls.call": _READING_CALLS,
    "calls.live": _SUPERVISING,
    "calls.live_now": _SUPERVISING,
    "calls.add_note": _SUPERVISING,
    "calls.save_search": _SUPERVISING,
    "calls.remove_search": _SUPERVISING,
    "calls.recording": _SUPERVISING,
    "complaints.complaints": _SUPERVISING,
    "complaints.complaints_csv": _SUPERVISING,
    "complaints.complaint": _SUPERVISING,
    "complaints.change_state": _SUPERVISING,
    "complaints.annotate": _SUPERVISING,
    "complaints.correct": _SUPERVISING,
    "complaints.recording": _SUPERVISING,
    "transcripts.transcript": _SUPERVISING,
    "transcripts.save": _SUPERVISING,
    "transcripts.again": _SUPERVISING,
    "call_backs.call_backs": _SUPERVISING,
    "call_backs.done": _SUPERVISING,
    "call_backs.recording": _SUPERVISING,
    "bills.bills": _SUPERVISING,
    "bills.unlock": _SUPERVISING,
    "bills.import_bills": _ADMINISTRATOR,
    "outages.outages": _ALL,
    "outages.add": _ALL,
    "outages.edit": _ALL,
    "outages.end": _ALL,
    "outages.hear": _ALL,
    "areas.areas": _ALL,
    "areas.edit": _ALL,
    "areas.remove": _ALL,
    "prompts.prompts": _EDITING,
    "prompts.prompt": _EDITING,
    "prompts.publish": _EDITING,
    "prompts.hear": _EDITING,
    "prompts.record": _EDITING,
    "prompts.recorded": _EDITING,
    "prompts.drop_recording": _EDITING,
    "flows.flows": _EDITING,
    "flows.flow": _EDITING,
    "flows.revision": _EDITING,
    "flows.edit": _EDITING,
    "trunks.trunks": _EDITING,
    "trunks.add_number": _ADMINISTRATOR,
    "trunks.edit_number": _ADMINISTRATOR,
    "trunks.remove_number": _ADMINISTRATOR,
    "people.people": _ADMINISTRATOR,
    "people.add": _ADMINISTRATOR,
    "people.add_token": _ADMINISTRATOR,
    "people.revoke_token": _ADMINISTRATOR,
    "people.person": _ADMINISTRATOR,
    "people.reset_password": _ADMINISTRATOR,
    "people.deactivate": _ADMINISTRATOR,
    "people.activate": _ADMINISTRATOR,
    "audit.audit": _ADMINISTRATOR,
}


def may(endpoint: str) -> bool:
    """Say whether whoever is signed in may use ``endpoint``."""
    who = WHO_MAY.get(endpoint)
    if isinstance(who, Door):
        return who is Door.PUBLIC or (who is Door.SIGNED_IN and current_user.is_authenticated)
    return who is not None and current_user.is_authenticated and current_user.role in who


def _first_things_first(endpoint: str) -> bool:
    """Say whether a password given by somebody else must be changed before this page."""
    return (
        WHO_MAY[endpoint] is not Door.PUBLIC
        and endpoint not in ("sign_in.own_password", "sign_in.sign_out")
        and current_user.is_authenticated
        and current_user.must_change_password
    )


def attach(app: Flask) -> None:
    """Ask the table before every request of ``app``."""

    @app.before_request
    def guard() -> ResponseReturnValue | None:
        endpoint = request.endpoint
        if endpoint is None:  # no such page: the error page may say so to anyone
            return None
        if WHO_MAY.get(endpoint) is Door.TOKEN:  # the api's own check follows
            return None
        if may(endpoint):
            if _first_things_first(endpoint):
                return redirect(url_for("sign_in.own_password"))
            return None
        if not current_user.is_authenticated:
            wanted = request.full_path.rstrip("?") if request.method == "GET" else None
            return redirect(url_for("sign_in.sign_in", next=wanted))
        abort(403)

    app.jinja_env.globals["may"] = may
