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
CLERK = "clerk"
AUDITOR = "auditor"

ROLE_NAMES = {
    ADMINISTRATOR: _l("Administrator"),
    EDITOR: _l("Editor"),
    SUPERVISOR: _l("Supervisor"),
    CLERK: _l("Department clerk"),
    AUDITOR: _l("Auditor"),
}
ROLE_DUTIES = {
    ADMINISTRATOR: _l("Everything, and the accounts of others"),
    EDITOR: _l("Prompts, call flows, schedules, outage notices and emergency announcements"),
    SUPERVISOR: _l(
        "Call records, complaints, call-backs, bills, schedules, outage notices and emergency "
        "announcements"
    ),
    CLERK: _l("The complaints of one department"),
    AUDITOR: _l("Reads the audit log, call records and settings; changes nothing"),
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
# The named roles to whom confidential complaints are shown.
MAY_SEE_CONFIDENTIAL = frozenset({ADMINISTRATOR, SUPERVISOR})
_COMPLAINTS = _SUPERVISING | {CLERK}
_READING_CALLS = _SUPERVISING | {AUDITOR}
_OVERSEEING = frozenset({ADMINISTRATOR, AUDITOR})

# endpoint: who may use it
WHO_MAY: dict[str, Door | frozenset[str]] = {
    "static": Door.PUBLIC,
    "favicon": Door.PUBLIC,
    "languages.switch": Door.PUBLIC,
    "health.healthz": Door.PUBLIC,
    "health.metrics": Door.PUBLIC,
    "sign_in.sign_in": Door.PUBLIC,
    "sign_in.sign_out": Door.SIGNED_IN,
    "sign_in.code": Door.PUBLIC,
    "sign_in.own_password": Door.SIGNED_IN,
    "sign_in.strength": Door.SIGNED_IN,
    "telephone_code.telephone_code": _EDITING,
    "telephone_code.make": _EDITING,
    "telephone_code.end": _EDITING,
    "telephone_code.end_of": _ADMINISTRATOR,
    "sign_in.end_session": Door.SIGNED_IN,
    "sign_in.end_other_sessions": Door.SIGNED_IN,
    "sign_in.own_second_factor": Door.SIGNED_IN,
    "sign_in.begin_second_factor": Door.SIGNED_IN,
    "sign_in.confirm_second_factor": Door.SIGNED_IN,
    "sign_in.new_recovery_codes": Door.SIGNED_IN,
    "sign_in.end_second_factor": Door.SIGNED_IN,
    # Asks for the role of the record's own page.
    "shown_numbers.show": Door.SIGNED_IN,
    "home.home": Door.SIGNED_IN,
    "telephone.page": _ALL,
    "telephone.line": _ALL,
    # Ask for the roles of the pages that show or do the same (admin_web.api).
    **dict.fromkeys(
        (
            "api.accounts",
            "api.account",
            "api.unlock_account",
            "api.import_bills",
            "api.call_backs",
            "api.call_back",
            "api.call_back_done",
            "api.call_back_recording",
            "api.calls",
            "api.calls_csv",
            "api.live_calls",
            "api.call",
            "api.add_call_note",
            "api.recording",
            "api.complaints",
            "api.complaints_csv",
            "api.complaint_changes",
            "api.complaint",
            "api.move_complaint",
            "api.annotate_complaint",
            "api.correct_complaint",
            "api.complaint_recording",
            "api.transcript",
            "api.departments",
            "api.categories",
            "api.prompts",
            "api.prompt",
            "api.variants",
            "api.flows",
            "api.flow",
            "api.flow_revisions",
            "api.flow_revision",
            "api.drafts",
            "api.scenarios",
            "api.pronunciations",
            "api.figures",
            "api.summary",
            "api.state",
            "api.trunks",
            "api.numbers",
            "api.settings",
            "api.retention",
            "api.schedules",
            "api.calendar",
            "api.announcements",
            "api.outages",
            "api.outage",
            "api.add_outage",
            "api.change_outage",
            "api.end_outage",
            "api.areas",
            "api.save_area",
            "api.remove_area",
            "api.people",
            "api.person_sessions",
            "api.tokens",
            "api.audit",
            "api.audit_check",
            "api.complaint_work",
            "api.assign_complaint",
            "api.return_complaint",
            "api.take_complaint",
            "api.let_go_complaint",
            "api.reply_to_complaint",
            "api.merge_complaint",
            "api.separate_complaint",
            "api.confide_complaint",
            "api.remove_outage",
            "api.outage_templates",
            "api.add_outage_template",
            "api.change_outage_template",
            "api.remove_outage_template",
            "api.outage_uploads",
            "api.add_outage_list",
            "api.undo_outage_list",
            "api.call_back_tried",
            "api.take_call_back",
            "api.let_go_call_back",
            "api.begin_announcement",
            "api.end_announcement",
            "api.bill_imports",
            "api.one_bill_import",
            "api.undo_bill_import",
            "api.searches",
            "api.save_search",
            "api.remove_search",
            "api.prompt_recordings",
            "api.add_prompt_recording",
            "api.drop_prompt_recording",
            "api.bans",
            "api.alarms",
            "api.flow_numbers_now",
            "api.call_trace",
        ),
        Door.TOKEN,
    ),
    "api.openapi": Door.PUBLIC,
    "api.reference": Door.PUBLIC,
    "dashboard.figures": _SUPERVISING,
    "dashboard.summary": _SUPERVISING,
    "dashboard.availability": _SUPERVISING,
    "calls.calls": _READING_CALLS,
    "calls.calls_csv": _READING_CALLS,
    "calls.call": _READING_CALLS,
    "calls.path": _READING_CALLS,
    "calls.trace": _ADMINISTRATOR,
    "calls.live": _SUPERVISING,
    "calls.live_now": _SUPERVISING,
    "calls.live_events": _SUPERVISING,
    "calls.listen": _SUPERVISING,
    "calls.listen_sound": _SUPERVISING,
    "calls.add_note": _SUPERVISING,
    "calls.save_search": _SUPERVISING,
    "calls.remove_search": _SUPERVISING,
    "calls.recording": _SUPERVISING,
    "complaints.complaints": _COMPLAINTS,
    "complaints.complaints_csv": _COMPLAINTS,
    "complaints.work": _COMPLAINTS,
    "complaints.assign_several": _COMPLAINTS,
    "complaints.assign": _COMPLAINTS,
    "complaints.give_back": _COMPLAINTS,
    "complaints.take": _COMPLAINTS,
    "complaints.let_go": _COMPLAINTS,
    "complaints.reply": _COMPLAINTS,
    "complaints.hear": _COMPLAINTS,
    "complaints.complaint": _COMPLAINTS,
    "complaints.printed": _COMPLAINTS,
    "complaints.merge": _COMPLAINTS,
    "complaints.separate": _COMPLAINTS,
    "complaints.confide": MAY_SEE_CONFIDENTIAL,
    "complaints.change_state": _COMPLAINTS,
    "complaints.annotate": _COMPLAINTS,
    "complaints.correct": _COMPLAINTS,
    "complaints.recording": _COMPLAINTS,
    # Asks for the role and the department of what the recording belongs to.
    "transcripts.transcript": _COMPLAINTS,
    "transcripts.save": _COMPLAINTS,
    "transcripts.again": _COMPLAINTS,
    "call_backs.call_backs": _SUPERVISING,
    "call_backs.done": _SUPERVISING,
    "call_backs.take": _SUPERVISING,
    "call_backs.let_go": _SUPERVISING,
    "call_backs.tried": _SUPERVISING,
    "call_backs.recording": _SUPERVISING,
    "bills.bills": _SUPERVISING,
    "bills.unlock": _SUPERVISING,
    "bills.import_bills": _ADMINISTRATOR,
    "bills.one_import": _ADMINISTRATOR,
    "bills.import_state": _ADMINISTRATOR,
    "bills.choose_columns": _ADMINISTRATOR,
    "bills.store_import": _ADMINISTRATOR,
    "bills.undo_import": _ADMINISTRATOR,
    "bills.drop_import": _ADMINISTRATOR,
    "bills.wrong_lines_csv": _ADMINISTRATOR,
    "outages.outages": _ALL,
    "outages.add": _ALL,
    "outages.edit": _ALL,
    "outages.end": _ALL,
    "outages.hear": _ALL,
    "outages.hear_kept": _ALL,
    "outages.extend": _ALL,
    "outages.publish": _ALL,
    "outages.remove": _ALL,
    "outages.templates": _ALL,
    "outages.template": _ALL,
    "outages.add_template": _ALL,
    "outages.remove_template": _ALL,
    "outages.upload": _ALL,
    "outages.take_in": _ALL,
    "outages.undo_upload": _ALL,
    "areas.areas": _ALL,
    "areas.edit": _ALL,
    "areas.remove": _ALL,
    "pronunciations.words": _EDITING,
    "pronunciations.word": _EDITING,
    "pronunciations.publish": _EDITING,
    "pronunciations.hear": _EDITING,
    "pronunciations.delete": _EDITING,
    "pronunciations.restore": _EDITING,
    "prompts.prompts": _EDITING,
    "prompts.prompt": _EDITING,
    "prompts.publish": _EDITING,
    "prompts.hear": _EDITING,
    "prompts.record": _EDITING,
    "prompts.drop_recording": _EDITING,
    "prompts.take": _EDITING,
    "prompts.hear_version": _EDITING,
    "prompts.compare": _EDITING,
    "prompts.restore": _EDITING,
    "prompts.add": _EDITING,
    "prompts.delete": _EDITING,
    "prompts.variants": _EDITING,
    "prompts.add_variant": _EDITING,
    "prompts.variant": _EDITING,
    "prompts.remove_variant": _EDITING,
    "flows.flows": _EDITING,
    "flows.flow": _EDITING,
    "flows.revision": _EDITING,
    "flows.edit": _EDITING,
    "flows.draft": _EDITING,
    "flows.change": _EDITING,
    "flows.discard": _EDITING,
    "flows.lead": _EDITING,
    "flows.publish_draft": _EDITING,
    "flows.numbers": _EDITING,
    "flows.hear": _EDITING,
    "flows.attempt_call": _EDITING,
    "flows.hear_call": _EDITING,
    "flows.keep_call": _EDITING,
    "flows.compare": _EDITING,
    "flows.restore": _EDITING,
    "flows.merge": _EDITING,
    "flows.export": _EDITING,
    "flows.new": _EDITING,
    "flows.scenarios": _EDITING,
    "flows.scenario": _EDITING,
    "flows.take_again": _EDITING,
    "flows.remove_scenario": _EDITING,
    "schedules.schedules": _ALL | {AUDITOR},
    "schedules.schedule": _ALL | {AUDITOR},
    "schedules.save": _ALL,
    "schedules.add": _ALL,
    "schedules.remove": _ALL,
    "schedules.add_day": _ALL,
    "schedules.edit_day": _ALL,
    "schedules.remove_day": _ALL,
    "schedules.fill": _ALL,
    "schedules.import_days": _ALL,
    "announcements.announcements": _ALL | {AUDITOR},
    "announcements.state": Door.SIGNED_IN,
    "announcements.begin": _ALL,
    "announcements.end": _ALL,
    "announcements.extend": _ALL,
    "announcements.hear": _ALL,
    "announcements.prepare": _ALL,
    "trunks.trunks": _EDITING | {AUDITOR},
    "trunks.add_number": _ADMINISTRATOR,
    "trunks.edit_number": _ADMINISTRATOR,
    "trunks.remove_number": _ADMINISTRATOR,
    "protection.bans": _OVERSEEING,
    "protection.lift": _ADMINISTRATOR,
    "protection.add_network": _ADMINISTRATOR,
    "protection.remove_network": _ADMINISTRATOR,
    "people.people": _OVERSEEING,
    "people.add": _ADMINISTRATOR,
    "people.add_token": _ADMINISTRATOR,
    "people.revoke_token": _ADMINISTRATOR,
    "people.person": _ADMINISTRATOR,
    "people.reset_password": _ADMINISTRATOR,
    "people.deactivate": _ADMINISTRATOR,
    "people.activate": _ADMINISTRATOR,
    "people.reset_second_factor": _ADMINISTRATOR,
    "people.end_session": _ADMINISTRATOR,
    "people.end_sessions": _ADMINISTRATOR,
    "audit.audit": _OVERSEEING,
    "audit.check": _OVERSEEING,
    "retention.retention": _OVERSEEING,
    "line_settings.line_settings": _OVERSEEING,
}


def may(endpoint: str) -> bool:
    """Say whether whoever is signed in may use ``endpoint``."""
    who = WHO_MAY.get(endpoint)
    if isinstance(who, Door):
        return who is Door.PUBLIC or (who is Door.SIGNED_IN and current_user.is_authenticated)
    return who is not None and current_user.is_authenticated and current_user.role in who


# What may be opened before a password that somebody else chose is changed, and before a second
# factor that the role must have is set up.
_FIRST_PASSWORD = frozenset({"sign_in.own_password", "sign_in.strength", "sign_in.sign_out"})
_FIRST_FACTOR = _FIRST_PASSWORD | {
    "sign_in.own_second_factor",
    "sign_in.begin_second_factor",
    "sign_in.confirm_second_factor",
}


def _first_things_first(endpoint: str) -> str | None:
    """Return the page that must be dealt with before ``endpoint`` may be opened."""
    if WHO_MAY[endpoint] is Door.PUBLIC or not current_user.is_authenticated:
        return None
    if current_user.must_change_password:
        return None if endpoint in _FIRST_PASSWORD else "sign_in.own_password"
    if current_user.needs_second_factor:
        return None if endpoint in _FIRST_FACTOR else "sign_in.own_second_factor"
    return None


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
            first = _first_things_first(endpoint)
            return redirect(url_for(first)) if first else None
        if not current_user.is_authenticated:
            wanted = request.full_path.rstrip("?") if request.method == "GET" else None
            return redirect(url_for("sign_in.sign_in", next=wanted))
        abort(403)

    app.jinja_env.globals["may"] = may
