"""The pages of ``/api``. ``Authorization: Bearer TOKEN`` (RFC 6750) opens them.

A page holds at most ``limit`` records (100 at most); ``next`` is the ``after`` of the next one.
The same filters as on the pages of staff apply; times are RFC 3339, ``until`` is excluded.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from flask import Blueprint, Response, g, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from admin_web.api import shapes
from admin_web.desk import desk
from admin_web.downloads import csv_answer
from ivr.records.tables import Call, ComplaintState, EndedBy
from ivr.services import audit, call_search, complaint_search, tokens
from ivr.services.call_search import CallFilter
from ivr.services.complaint_search import ComplaintFilter
from ivr.services.errors import RefusedError
from ivr.services.masking import NumberView, masked, whole

blueprint = Blueprint("api", __name__, url_prefix="/api")

MOST_RECORDS = 100

Word = TypeVar("Word", EndedBy, ComplaintState)


class BadQueryError(ValueError):
    """A parameter that cannot be read; the text names it."""


@blueprint.before_request
def check_token() -> ResponseReturnValue | None:
    """401 without a token that is in use."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    reader = _reader(given.strip()) if scheme.lower() == "bearer" and given else None
    if reader is not None:
        g.reader = reader
        return None
    answer = jsonify(error="give a token in use: Authorization: Bearer TOKEN")
    answer.headers["WWW-Authenticate"] = 'Bearer realm="Minsheng Line"'
    return answer, 401


@dataclass(frozen=True, slots=True)
class Reader:
    """A program that reads: how the audit log names it, and how it is handed numbers."""

    name: str
    numbers: NumberView


def _reader(given: str) -> Reader | None:
    settled = desk().settings.api_token
    if settled and hmac.compare_digest(given.encode(), settled.encode()):
        return Reader("token IVR_API_TOKEN", whole)
    with desk().database.read() as session:
        token = tokens.verify(session, given)
    if token is None:
        return None
    if token.last_used_at is None or desk().now() - token.last_used_at > tokens.USE_NOTED_EVERY:
        with desk().database.begin() as session:
            tokens.note_use(session, token, desk().now())
    return Reader(f"token {token.name}", whole if token.whole_numbers else masked)


def _note_export(what: str) -> None:
    """Write down that a program took a whole list away, and what it asked for."""
    with desk().database.begin() as session:
        search = request.query_string.decode("ascii", "replace")[:300] or "-"
        audit.record(
            session, who=g.reader.name, what=what, detail={"search": search}, now=desk().now()
        )


@blueprint.errorhandler(BadQueryError)
def bad_query(error: BadQueryError) -> ResponseReturnValue:
    """400, naming the parameter."""
    return jsonify(error=str(error)), 400


@blueprint.errorhandler(RefusedError)
def refused(error: RefusedError) -> ResponseReturnValue:
    """400 for a page key that is not ours."""
    return jsonify(error=str(error)), 400


@blueprint.get("/calls")
def calls() -> ResponseReturnValue:
    """Call records, newest first."""
    with desk().database.read() as session:
        page = call_search.search(
            session, _call_filter(), after=request.args.get("after"), limit=_limit()
        )
        ids = [summary.call.id for summary in page.calls]
        # The same rows again, with paths and recordings: two statements for the whole page.
        session.scalars(
            select(Call)
            .where(Call.id.in_(ids))
            .options(selectinload(Call.steps), selectinload(Call.recordings))
        ).all()
        found = [
            shapes.call(summary.call, summary.tickets, g.reader.numbers) for summary in page.calls
        ]
    return jsonify(calls=found, next=page.next, total=page.total)


@blueprint.get("/calls.csv")
def calls_csv() -> Response:
    """All call records that match, as CSV."""
    wanted, zone, numbers = _call_filter(), desk().zone, g.reader.numbers
    _note_export("calls_exported")
    return csv_answer(
        "calls",
        lambda session: call_search.csv_rows(session, wanted, zone=zone, numbers=numbers),
    )


@blueprint.get("/complaints")
def complaints() -> ResponseReturnValue:
    """Complaints, newest first."""
    with desk().database.read() as session:
        page = complaint_search.search(
            session, _complaint_filter(), after=request.args.get("after"), limit=_limit()
        )
        found = [shapes.complaint(row, g.reader.numbers) for row in page.complaints]
    return jsonify(complaints=found, next=page.next, total=page.total)


@blueprint.get("/complaints.csv")
def complaints_csv() -> Response:
    """All complaints that match, as CSV."""
    wanted, zone, numbers = _complaint_filter(), desk().zone, g.reader.numbers
    _note_export("complaints_exported")
    return csv_answer(
        "complaints",
        lambda session: complaint_search.csv_rows(session, wanted, zone=zone, numbers=numbers),
    )


def _call_filter() -> CallFilter:
    return CallFilter(
        caller=request.args.get("caller", ""),
        called=request.args.get("called", ""),
        language=request.args.get("language") or None,
        ended_by=_one_of(EndedBy, "ended_by"),
        since=_moment("since"),
        until=_moment("until"),
        node=request.args.get("node", ""),
    )


def _complaint_filter() -> ComplaintFilter:
    return ComplaintFilter(
        text=request.args.get("text", ""),
        state=_one_of(ComplaintState, "state"),
        category=request.args.get("category") or None,
        department=request.args.get("department") or None,
        since=_moment("since"),
        until=_moment("until"),
        confidential=False,  # for named people, not for programs
    )


def _one_of(words: type[Word], name: str) -> Word | None:
    given = request.args.get(name)
    if not given:
        return None
    try:
        return words(given)
    except ValueError:
        raise BadQueryError(f"{name}: one of {', '.join(word.value for word in words)}") from None


def _moment(name: str) -> datetime | None:
    given = request.args.get(name)
    if not given:
        return None
    try:
        # A "+" of the zone that was not escaped arrives as a blank.
        at = datetime.fromisoformat(given.replace(" ", "+", 1) if "T" in given else given)
    except ValueError:
        raise BadQueryError(f"{name}: a time such as 2026-11-22T08:00:00+08:00") from None
    return at if at.tzinfo else at.replace(tzinfo=desk().zone)


def _limit() -> int:
    given = request.args.get("limit", str(MOST_RECORDS))
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:6]) <= MOST_RECORDS):
        raise BadQueryError(f"limit: a number from 1 to {MOST_RECORDS}")
    return int(given)
