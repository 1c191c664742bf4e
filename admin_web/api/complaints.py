"""Complaints: read, followed, and worked on."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from flask import Response, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from pydantic import Field
from sqlalchemy.orm import Session

from admin_web.api.calls import NewNote
from admin_web.api.fields import (
    Answer,
    AskedMoment,
    Code,
    Day,
    Flag,
    Given,
    Listed,
    Moment,
    Page,
    Paged,
    Query,
    Text,
    Words,
)
from admin_web.api.operation import CSV, WAV, operation
from admin_web.api.problems import ProblemError
from admin_web.api.shapes import (
    At,
    ComplaintOut,
    Complaints,
    EventOut,
    TranscriptOut,
    complaint_facts,
)
from admin_web.audit import exported, heard, note, seen
from admin_web.confidential import veil_over
from admin_web.departments import kept_to_own, own_only
from admin_web.desk import desk
from admin_web.downloads import csv_answer
from admin_web.formatting import day_text
from admin_web.names import word
from admin_web.numbers import number_view, numbers_in
from admin_web.sound import send_recording
from admin_web.transcripts.reading import words_read
from ivr.records.tables import CallBackTask, Complaint, ComplaintState
from ivr.services import complaint_changes, complaint_search, transcripts
from ivr.services import complaint_corrections as corrections
from ivr.services import complaint_merging as merging
from ivr.services import complaints as service
from ivr.services.complaint_corrections import Correction
from ivr.services.complaint_search import ComplaintFilter
from ivr.services.errors import NotFoundError
from ivr.services.line_time import local_day

Ticket = Annotated[str, Field(pattern=r"^[0-9]{8,16}$")]


class ComplaintFilters(Query):
    """Which complaints; as on the page."""

    text: Annotated[
        Words, Field(description="words of ticket, number or what was said, parted by blanks")
    ] = ""
    state: ComplaintState | None = None
    unsettled: Annotated[Flag, Field(description="those that wait for a reply")] = False
    overdue: Annotated[Flag, Field(description="those whose deadline has passed")] = False
    category: Code | None = None
    department: Code | None = None
    area: Code | None = None
    without_area: Flag = False
    finished: Flag | None = None
    since: Annotated[AskedMoment | None, Field(description="filed then or later")] = None
    until: Annotated[AskedMoment | None, Field(description="filed before")] = None
    replied_since: Annotated[
        AskedMoment | None, Field(description="given a reply then or later")
    ] = None
    replied_until: Annotated[AskedMoment | None, Field(description="given a reply before")] = None

    def filter(self) -> ComplaintFilter:
        """Return the search it asks for, kept to what the token may see."""
        wanted = ComplaintFilter(
            text=self.text,
            state=self.state,
            unsettled=self.unsettled,
            category=self.category,
            department=self.department,
            since=self.since,
            until=self.until,
            finished=self.finished,
            area=self.area,
            without_area=self.without_area,
            overdue_on=local_day(desk().now(), desk().zone) if self.overdue else None,
            replied_since=self.replied_since,
            replied_until=self.replied_until,
        )
        return kept_to_own(wanted)


class ComplaintQuery(ComplaintFilters, Paged):
    """A page of them."""


@operation(
    "GET",
    "/complaints",
    _l("Complaints, newest first"),
    page="complaints.complaints",
    scope="complaints:read",
    query=ComplaintQuery,
    answer=Complaints,
)
def complaints(query: ComplaintQuery) -> Complaints:
    """As on the page."""
    with desk().database.read() as session:
        page = complaint_search.search(
            session, query.filter(), after=query.after, limit=query.limit
        )
        veil = veil_over(session, [row.merged_into for row in page.complaints])
        found = [ComplaintOut.of(row, veil) for row in page.complaints]
    return Complaints(complaints=found, next=page.next, total=page.total, more=page.more)


@operation(
    "GET",
    "/complaints.csv",
    _l("All complaints that fit, as CSV"),
    page="complaints.complaints_csv",
    scope="complaints:read",
    query=ComplaintFilters,
    gives=CSV,
)
def complaints_csv(query: ComplaintFilters) -> Response:
    """Streamed: it takes no more memory for more complaints."""
    wanted, zone, numbers = query.filter(), desk().zone, number_view()
    exported("complaints_exported", request.args.to_dict())
    return csv_answer(
        "complaints",
        lambda session: complaint_search.csv_rows(session, wanted, zone=zone, numbers=numbers),
    )


class ChangesQuery(Paged):
    """What changed since when."""

    since: Annotated[AskedMoment | None, Field(description="changed then or later")] = None


class ComplaintChanges(Page):
    """Complaints by when they last changed, the one that waited longest first.

    ``next`` is never null while there is a complaint at all: keep the last one and ask with it
    again later.
    """

    complaints: list[ComplaintOut]


@operation(
    "GET",
    "/changes/complaints",
    _l("Complaints in the order they last changed, to keep a copy up to date"),
    page="complaints.complaints",
    scope="complaints:read",
    query=ChangesQuery,
    answer=ComplaintChanges,
    name="complaint_changes",
)
def complaint_changes_since(query: ChangesQuery) -> ComplaintChanges:
    """One that changes while a program reads comes again at the end; the last 10 s come later."""
    kept = kept_to_own(ComplaintFilter())
    with desk().database.read() as session:
        page = complaint_changes.since(
            session,
            query.since,
            now=desk().now(),
            department=kept.department,
            confidential=kept.confidential,
            after=query.after,
            limit=query.limit,
        )
        veil = veil_over(session, [row.merged_into for row in page.complaints])
        found = [ComplaintOut.of(row, veil) for row in page.complaints]
    return ComplaintChanges(complaints=found, next=page.next)


class NextState(Answer):
    """A state that may follow, and whether a note must come with it."""

    state: ComplaintState
    needs_note: bool


class ComplaintWhole(ComplaintOut):
    """One complaint with its history; ``duplicates`` were merged into it."""

    history: list[EventOut]
    duplicates: list[str]
    next_states: list[NextState]


@operation(
    "GET",
    "/complaints/{ticket}",
    _l("One complaint with its history"),
    page="complaints.complaint",
    scope="complaints:read",
    parts={"ticket": Ticket},
    answer=ComplaintWhole,
)
def complaint(ticket: str) -> ComplaintWhole:
    """Noted like a page that was opened."""
    with desk().database.read() as session:
        found = whole(session, of_own(session, ticket))
    seen("complaint_opened", ticket)
    return found


class Step(Given):
    """Moves a complaint on. The note of a move to ``replied`` is what the caller will hear."""

    seen_state: Annotated[ComplaintState, Field(description="the state it has as far as you know")]
    to_state: ComplaintState
    note: Annotated[str, Field(max_length=2000)] = ""
    department: Code | None = None
    deadline: Day | None = None


@operation(
    "POST",
    "/complaints/{ticket}/state",
    _l("Move a complaint on: assign, handle, reply, close, reject"),
    page="complaints.change_state",
    scope="complaints:write",
    parts={"ticket": Ticket},
    body=Step,
    answer=ComplaintWhole,
    conflicts=True,
)
def move_complaint(ticket: str, body: Step) -> ComplaintWhole:
    """By the table of states; refused where somebody else was faster."""
    with desk().database.begin() as session:
        of_own(session, ticket)
        row = service.change_state(
            session,
            ticket,
            body.to_state,
            who=current_user.username,
            note=body.note,
            now=desk().now(),
            expected=body.seen_state,
            department=body.department,
            deadline=body.deadline,
        )
        note(session, "complaint_moved", ticket, to=body.to_state.value)
        return whole(session, row)


@operation(
    "POST",
    "/complaints/{ticket}/notes",
    _l("Write a note into the history of a complaint"),
    page="complaints.annotate",
    scope="complaints:write",
    parts={"ticket": Ticket},
    body=NewNote,
    answer=ComplaintWhole,
    status=201,
    conflicts=True,
)
def annotate_complaint(ticket: str, body: NewNote) -> ComplaintWhole:
    """For staff; the caller does not hear it."""
    with desk().database.begin() as session:
        of_own(session, ticket)
        row = service.annotate(
            session, ticket, who=current_user.username, note=body.text, now=desk().now()
        )
        note(session, "complaint_annotated", ticket)
        return whole(session, row)


class Corrected(Given):
    """What should stand there instead; what is not named stays."""

    seen: Annotated[Moment, Field(description="`updated` of the complaint as far as you know")]
    why: Annotated[str, Field(max_length=2000)] = ""
    category: Code | None = None
    department: Code | None = None
    area: Annotated[
        str | None, Field(pattern=r"^[A-Za-z0-9._-]{0,64}$", description="empty: none")
    ] = None
    deadline: Day | None = None
    callback_number: Annotated[str | None, Field(pattern=r"^\+?[0-9 -]{4,40}$")] = None
    reply: Text | None = None


@operation(
    "PATCH",
    "/complaints/{ticket}",
    _l("Put a complaint right: category, department, area, deadline, number, reply"),
    page="complaints.correct",
    scope="complaints:write",
    parts={"ticket": Ticket},
    body=Corrected,
    answer=ComplaintWhole,
    conflicts=True,
)
def correct_complaint(ticket: str, body: Corrected) -> ComplaintWhole:
    """Each correction stands in the history; refused where somebody else was faster."""
    wanted = Correction(
        reply=body.reply,
        category=body.category,
        department=body.department,
        deadline=body.deadline,
        callback_number=body.callback_number,
        area=body.area,
    )
    with desk().database.begin() as session:
        row = of_own(session, ticket)
        line = _line(row, wanted, body.why)
        changed = corrections.correct(
            session,
            ticket,
            wanted,
            seen=body.seen,
            who=current_user.username,
            note=line,
            now=desk().now(),
        )
        note(session, "complaint_corrected", ticket, fields=", ".join(changed))
        return whole(session, service.get(session, ticket))


@operation(
    "GET",
    "/complaints/{ticket}/recording.wav",
    _l("What the caller said, as sound"),
    page="complaints.recording",
    scope="recordings:read",
    parts={"ticket": Ticket},
    gives=WAV,
)
def complaint_recording(ticket: str) -> Response:
    """By ranges, and noted in the audit log."""
    with desk().database.read() as session:
        row = of_own(session, ticket)
        path = row.recording.path if row.recording else None
    heard(f"complaint {ticket}")
    return send_recording(path, f"complaint-{ticket}")


class EditOut(Answer):
    """A wording of staff."""

    time: At
    who: str
    text: str


class TranscriptWhole(Answer):
    """The words of a recording and who wrote them."""

    recording: str
    transcript: TranscriptOut | None
    edits: list[EditOut]


@operation(
    "GET",
    "/transcripts/{recording_id}",
    _l("What was said in a recording, with every wording of staff"),
    page="transcripts.transcript",
    scope="complaints:read",
    parts={"recording_id": Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]},
    answer=TranscriptWhole,
)
def transcript(recording_id: str) -> TranscriptWhole:
    """Numbers in it are masked where the token sees them masked."""
    with desk().database.read() as session:
        filed = transcripts.filed_as(session, recording_id)
        if isinstance(filed, CallBackTask):
            theirs = current_user.may("call_backs.recording", "call-backs:read")
            record = f"call-back {filed.id}"
        else:
            theirs, record = own_only(filed), f"complaint {filed.ticket}"
        if not theirs:
            raise ProblemError(404)
        row = transcripts.find(session, recording_id)
        told = TranscriptOut.of(row)
        edits = [
            EditOut(time=one.at, who=one.who, text=numbers_in(one.text))
            for one in (row.edits if row else ())
        ]
    if told is not None and told.text:
        words_read([record])
    return TranscriptWhole(recording=recording_id, transcript=told, edits=edits)


class DepartmentOut(Answer):
    """An office that complaints are given to."""

    code: str
    name_zh: str
    name_en: str


class CategoryOut(Answer):
    """What a complaint may be about; ``reply_days`` until its deadline."""

    code: str
    name_zh: str
    name_en: str
    department: str | None
    reply_days: int


@operation(
    "GET",
    "/departments",
    _l("Departments"),
    page="complaints.complaints",
    scope="complaints:read",
    answer=Listed[DepartmentOut],
)
def departments() -> Listed[DepartmentOut]:
    """All of them."""
    with desk().database.read() as session:
        rows = service.departments(session)
    return Listed[DepartmentOut](
        items=[DepartmentOut(code=r.code, name_zh=r.name_zh, name_en=r.name_en) for r in rows]
    )


@operation(
    "GET",
    "/categories",
    _l("Categories of complaints, in the order of the keys"),
    page="complaints.complaints",
    scope="complaints:read",
    answer=Listed[CategoryOut],
)
def categories() -> Listed[CategoryOut]:
    """All of them."""
    with desk().database.read() as session:
        rows = service.categories(session)
    return Listed[CategoryOut](
        items=[
            CategoryOut(**{name: getattr(row, name) for name in CategoryOut.model_fields})
            for row in rows
        ]
    )


def of_own(session: Session, ticket: str) -> Complaint:
    """Return a complaint; what the token may not see is not there."""
    row = service.get(session, ticket)
    if not own_only(row):
        raise NotFoundError("there is no complaint %(ticket)s", ticket=ticket)
    return row


def whole(session: Session, row: Complaint) -> ComplaintWhole:
    merged = merging.duplicates(session, row.ticket)
    moves = () if row.merged_into else service.transitions(session, row.state)
    veil = veil_over(session, [row.merged_into, *(event.note for event in row.events)])
    return ComplaintWhole(
        **complaint_facts(row, veil),
        history=[EventOut.of(event, veil) for event in row.events],
        duplicates=[one.ticket for one in merged if own_only(one)],
        next_states=[NextState(state=m.to_state, needs_note=m.needs_note) for m in moves],
    )


def _line(row: Complaint, wanted: Correction, why: str) -> str:
    """Return the line for the history: what was there, what is there now, and why."""

    def shown(value: str | date | None) -> str:
        return day_text(value) if isinstance(value, date) else value or "—"

    lines = [
        _(
            "Corrected: %(field)s. Before: %(before)s. Now: %(now)s.",
            field=word(name, "corrected"),
            before=shown(getattr(row, name)),
            now=shown(getattr(wanted, name)),
        )
        for name in corrections.changes(row, wanted)
    ]
    return "\n".join([*lines, *([why] if why else [])]) or _("Corrected")
