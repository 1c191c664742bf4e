"""Call records, calls in progress and recordings."""

from __future__ import annotations

from typing import Annotated

from flask import Response, request
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from admin_web.api.fields import Answer, AskedMoment, Code, Flag, Given, Paged, Query, Text, Words
from admin_web.api.operation import CSV, WAV, operation
from admin_web.api.problems import ProblemError
from admin_web.api.shapes import At, CallOut, Calls, CallWhole, NoteOut, call_facts
from admin_web.audit import exported, heard, note, seen
from admin_web.confidential import veil_over, veiling
from admin_web.departments import own_only
from admin_web.desk import desk
from admin_web.downloads import csv_answer
from admin_web.numbers import number_view, sees_whole
from admin_web.sound import send_recording
from ivr.records.tables import Call, CallOutcome, Complaint, EndedBy
from ivr.services import call_notes, call_search, live_calls, recordings
from ivr.services.call_search import CallFilter

Identity = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]


class CallFilters(Query):
    """Which calls; as on the page."""

    caller: Annotated[
        Words,
        Field(
            description="the whole number, its beginning, or its last four digits or more; a token "
            "that is handed numbers masked: the whole number or its last four digits"
        ),
    ] = ""
    called: Annotated[Words, Field(description="the whole number or its beginning")] = ""
    number: Annotated[Words | None, Field(description="the whole called number")] = None
    flow: Code | None = None
    language: Code | None = None
    ended_by: EndedBy | None = None
    outcome: CallOutcome | None = None
    since: Annotated[AskedMoment | None, Field(description="began then or later")] = None
    until: Annotated[AskedMoment | None, Field(description="began before")] = None
    answered: Flag | None = None
    in_time: Annotated[Flag | None, Field(description="answered within 15 s")] = None
    self_served: Flag | None = None
    ended: Flag | None = None
    with_recording: Flag = False
    with_complaint: Flag = False
    with_note: Flag = False
    node: Annotated[Words, Field(description="went through it: node or flow.node")] = ""
    step_outcome: Annotated[Words, Field(description="what came of node")] = ""
    place: Annotated[Words, Field(description="ended at it: node or flow.node")] = ""

    def filter(self) -> CallFilter:
        """Return the search it asks for."""
        asked = {name: getattr(self, name) for name in CallFilters.model_fields}
        return CallFilter(**asked, masked=not sees_whole())


class CallQuery(CallFilters, Paged):
    """A page of them."""


@operation(
    "GET",
    "/calls",
    _l("Call records, newest first"),
    page="calls.calls",
    scope="calls:read",
    query=CallQuery,
    answer=Calls,
)
def calls(query: CallQuery) -> Calls:
    """Two more statements than the page of the desk, for the paths and recordings of all."""
    with desk().database.read() as session:
        page = call_search.search(session, query.filter(), after=query.after, limit=query.limit)
        session.scalars(
            select(Call)
            .where(Call.id.in_([summary.call.id for summary in page.calls]))
            .options(selectinload(Call.steps), selectinload(Call.recordings))
        ).all()
        veil = veil_over(
            session,
            [
                *(one for summary in page.calls for one in summary.tickets),
                *(step.digits for summary in page.calls for step in summary.call.steps),
            ],
        )
        found = [CallOut.of(summary.call, summary.tickets, veil) for summary in page.calls]
    return Calls(calls=found, next=page.next, total=page.total, more=page.more)


@operation(
    "GET",
    "/calls.csv",
    _l("All call records that fit, as CSV"),
    page="calls.calls_csv",
    scope="calls:read",
    query=CallFilters,
    gives=CSV,
)
def calls_csv(query: CallFilters) -> Response:
    """Streamed: it takes no more memory for more calls."""
    wanted, zone = query.filter(), desk().zone
    numbers, hiding = number_view(), veiling()
    exported("calls_exported", request.args.to_dict())
    return csv_answer(
        "calls",
        lambda session: call_search.csv_rows(
            session, wanted, zone=zone, numbers=numbers, hiding=hiding
        ),
    )


class LiveOut(Answer):
    """A call in progress; flow and node are empty until the line has said them."""

    id: str
    caller: str
    called: str
    language: str | None
    start: At
    answer: At | None
    flow: str
    node: str
    since: At | None


class PlaceOut(Answer):
    """How many callers are at a node now."""

    flow: str
    node: str
    calls: int


class LiveCalls(Answer):
    """Up to 200 calls, the longest first; ``time`` is when the line said where they are."""

    calls: list[LiveOut]
    total: int
    places: list[PlaceOut]
    time: At | None


@operation(
    "GET",
    "/calls/live",
    _l("Calls in progress, and where each stands"),
    page="calls.live",
    scope="calls:read",
    answer=LiveCalls,
    name="live_calls",
)
def live() -> LiveCalls:
    """As on the page."""
    with desk().database.read() as session:
        found = live_calls.in_progress(session, desk().now())
    numbers = number_view()
    return LiveCalls(
        calls=[
            LiveOut(
                id=one.id,
                caller=numbers(one.caller),
                called=one.called,
                language=one.language,
                start=one.started_at,
                answer=one.answered_at,
                flow=one.flow,
                node=one.node,
                since=one.since,
            )
            for one in found.calls
        ],
        total=found.total,
        places=[PlaceOut(flow=flow, node=node, calls=n) for (flow, node), n in found.by_place],
        time=found.at,
    )


@operation(
    "GET",
    "/calls/{call_id}",
    _l("One call with its path, recordings and notes"),
    page="calls.call",
    scope="calls:read",
    parts={"call_id": Identity},
    answer=CallWhole,
)
def call(call_id: str) -> CallWhole:
    """Noted like a page that was opened."""
    with desk().database.read() as session:
        detail = call_search.find(session, call_id)
        tickets = tuple(row.ticket for row in detail.complaints if own_only(row))
        veil = veil_over(
            session,
            [
                *tickets,
                *(step.digits for step in detail.steps),
                *(one.text for one in detail.notes),
            ],
        )
        whole = CallWhole(
            **call_facts(detail.call, tickets, veil),
            notes=[NoteOut.of(one, veil) for one in detail.notes],
            call_backs=[task.id for task in detail.call_backs],
        )
    seen("call_opened", f"call {call_id}")
    return whole


class NewNote(Given):
    """Something about a call or a complaint."""

    text: Text


@operation(
    "POST",
    "/calls/{call_id}/notes",
    _l("Write a note on a call"),
    page="calls.add_note",
    scope="calls:write",
    parts={"call_id": Identity},
    body=NewNote,
    answer=NoteOut,
    status=201,
    conflicts=True,
)
def add_call_note(call_id: str, body: NewNote) -> NoteOut:
    """As on the page."""
    with desk().database.begin() as session:
        row = call_notes.add(
            session, call_id, body.text, who=current_user.username, now=desk().now()
        )
        note(session, "call_annotated", call_id)
        return NoteOut.of(row, veil_over(session, [row.text]))


@operation(
    "GET",
    "/recordings/{recording_id}.wav",
    _l("What a caller said, as sound"),
    page="calls.recording",
    scope="recordings:read",
    parts={"recording_id": Identity},
    gives=WAV,
)
def recording(recording_id: str) -> Response:
    """By ranges, and noted in the audit log."""
    with desk().database.read() as session:
        row = recordings.get(session, recording_id)
        filed = session.scalar(select(Complaint).where(Complaint.recording_id == recording_id))
    if filed is not None and not own_only(filed):
        raise ProblemError(404)
    heard(f"recording {recording_id}")
    return send_recording(row.path, f"recording-{recording_id}")
