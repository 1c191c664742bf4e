"""One page for the numbers of a call, a complaint, a call-back or an account.

Who may open the record may have its numbers shown; that it was done stands in the audit log
before they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, abort, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from admin_web.account_keys import account_of
from admin_web.audit import note
from admin_web.departments import own_only
from admin_web.desk import desk
from admin_web.roles import may
from ivr.records.tables import CallBackTask
from ivr.services import bills, call_search, complaints
from ivr.services.errors import NotFoundError
from ivr.services.masking import SHORTEST

blueprint = Blueprint("shown_numbers", __name__, url_prefix="/numbers")

Found = list[tuple[LazyString, str]]


def _call(session: Session, key: str) -> Found:
    detail = call_search.find(session, key)
    keyed = [(_l("Keys"), step.digits) for step in detail.steps if len(step.digits) >= SHORTEST]
    return [
        (_l("Caller"), detail.call.caller),
        (_l("Name"), detail.call.caller_name),
        *dict.fromkeys(keyed),
    ]


def _complaint(session: Session, key: str) -> Found:
    row = complaints.get(session, key)
    if not own_only(row):
        raise NotFoundError("there is no complaint %(ticket)s", ticket=key)
    return [(_l("Caller"), row.caller), (_l("Call-back number"), row.callback_number)]


def _call_back(session: Session, key: str) -> Found:
    row = session.get(CallBackTask, int(key)) if key.isascii() and key.isdigit() else None
    if row is None:
        raise NotFoundError("there is no call-back task %(id)s", id=key)
    return [(_l("Number"), row.number)]


def _account(session: Session, key: str) -> Found:
    row = bills.find_account(session, key)
    return [(_l("Account"), row.number), (_l("Holder"), row.holder)]


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of record: whose page must be open to whom, how the log names it, what it holds."""

    page: str
    record: str
    find: Callable[[Session, str], Found]
    back: Callable[[str], str]


KINDS = {
    "call": _Kind("calls.call", "call {}", _call, lambda key: url_for("calls.call", call_id=key)),
    "complaint": _Kind(
        "complaints.complaint",
        "{}",
        _complaint,
        lambda key: url_for("complaints.complaint", ticket=key),
    ),
    "call-back": _Kind(
        "call_backs.call_backs",
        "call-back {}",
        _call_back,
        lambda _: url_for("call_backs.call_backs"),
    ),
    "account": _Kind("bills.bills", "account {}", _account, lambda _: url_for("bills.bills")),
}


@blueprint.post("/<kind>/<key>")
def show(kind: str, key: str) -> ResponseReturnValue:
    """Note it, then show them."""
    chosen = KINDS.get(kind)
    if chosen is None:
        abort(404)
    if not may(chosen.page):
        abort(403)
    if chosen is KINDS["account"]:
        key = account_of(key) or ""
    try:
        with desk().database.begin() as session:
            found = [(name, value) for name, value in chosen.find(session, key) if value]
            note(session, "numbers_shown", chosen.record.format(key))
    except NotFoundError:
        abort(404)
    return render_template("shown_numbers/shown.html", found=found, back=chosen.back(key))
