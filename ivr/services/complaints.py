"""Complaints: filing, progress, and changes of state by the transition table.

A caller hears a ticket number only after the commit, and may hang up at any
moment after speaking: so filing is one short transaction, and filing the same
recording again (a retry, a late confirmation) gives the same ticket.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from ivr.records.tables import (
    Complaint,
    ComplaintCategory,
    ComplaintEvent,
    ComplaintState,
    ComplaintTransition,
    Department,
    EventKind,
    Recording,
    Transcript,
)
from ivr.services import tickets
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.line_time import DEFAULT_ZONE, local_day
from ivr.services.outcome import Outcome
from ivr.services.text import digits_of, note_text, storable

LINE = "line"
"""Who did it, in the history, where no member of staff did."""
DEFAULT_REPLY_DAYS = 15


@dataclass(frozen=True, slots=True)
class FiledComplaint:
    """What filing made; `deadline` is the day by which the department must reply."""

    ticket: str
    department: str | None
    deadline: date


def file(
    session: Session,
    *,
    category: str,
    call_id: str | None,
    recording_id: str | None,
    caller: str,
    callback_number: str,
    finished: bool,
    now: datetime,
    language: str | None = None,
    zone: tzinfo = DEFAULT_ZONE,
) -> FiledComplaint:
    """File a complaint and give it a ticket; it is filed when the transaction commits.

    `finished` is false where the caller hung up before confirming.
    """
    known = _of_recording(session, recording_id)
    if known is not None:
        if finished:
            known.finished = True
            known.callback_number = storable(callback_number, 128) or known.callback_number
            known.updated_at = now
            session.flush()
        return FiledComplaint(known.ticket, known.department, known.deadline or now.date())
    rule = session.get(ComplaintCategory, category)
    department = rule.department if rule else None
    days = rule.reply_days if rule else DEFAULT_REPLY_DAYS
    deadline = local_day(now, zone) + timedelta(days=days)
    complaint = Complaint(
        ticket=tickets.allocate(session, now, zone=zone),
        category=storable(category, 40) or "other",
        state=ComplaintState.RECEIVED,
        call_id=call_id,
        recording_id=recording_id,
        caller=storable(caller, 128),
        # Somebody who hung up before giving a number can be reached at the one they called from.
        callback_number=storable(callback_number or caller, 128),
        language=language,
        department=department,
        deadline=deadline,
        reply="",
        finished=finished,
        created_at=now,
        updated_at=now,
    )
    session.add(complaint)
    session.flush()
    remember(session, complaint, None, LINE, "", now, kind=EventKind.FILED)
    return FiledComplaint(complaint.ticket, department, deadline)


def _of_recording(session: Session, recording_id: str | None) -> Complaint | None:
    if recording_id is None:
        return None
    return session.scalar(select(Complaint).where(Complaint.recording_id == recording_id))


def progress(session: Session, ticket: str, last4: str, language: str, now: datetime) -> Outcome:
    """What a caller hears of a ticket; the last four digits of the callback number must fit.

    A wrong ticket and wrong digits sound the same, or tickets could be counted out.
    """
    complaint = session.get(Complaint, digits_of(ticket))
    given = digits_of(last4)
    if complaint is None or len(given) != 4:
        return Outcome("not_found")
    if digits_of(complaint.callback_number)[-4:] != given:
        return Outcome("not_found")
    # A duplicate stands as the complaint it was merged into; its own ticket is said.
    kept = session.get(Complaint, complaint.merged_into) if complaint.merged_into else complaint
    standing = kept or complaint
    return Outcome(
        "found",
        {
            "ticket": complaint.ticket,
            "state": standing.state.value,
            "department": department_name(session, standing.department, language),
            "deadline": standing.deadline or local_day(standing.created_at, DEFAULT_ZONE),
            "reply": reply_in(standing, language),
        },
    )


def reply_in(complaint: Complaint, language: str) -> str:
    """The reply a caller of this language hears; one written in the other is better than none."""
    return (complaint.reply_en if language == "en" else "") or complaint.reply


def department_name(session: Session, code: str | None, language: str) -> str:
    """A department's name in a language; a complaint nobody has yet is with the service line."""
    department = session.get(Department, code) if code else None
    if department is None:
        return "服务热线" if language == "zh-CN" else "the service line"
    return department.name_zh if language == "zh-CN" else department.name_en


def departments(session: Session) -> Sequence[Department]:
    """Every office a complaint can be given to."""
    return session.scalars(select(Department).order_by(Department.code)).all()


def categories(session: Session) -> Sequence[ComplaintCategory]:
    """What a complaint can be about, in the order of the keys on the telephone."""
    return session.scalars(select(ComplaintCategory).order_by(ComplaintCategory.position)).all()


def get(session: Session, ticket: str, *, lock: bool = False) -> Complaint:
    """One complaint with its recording and history; NotFoundError."""
    query = select(Complaint).where(Complaint.ticket == ticket)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    complaint = session.scalar(
        query.options(
            selectinload(Complaint.recording)
            .selectinload(Recording.transcript)
            .selectinload(Transcript.edits),
            selectinload(Complaint.events),
        )
    )
    if complaint is None:
        raise NotFoundError("there is no complaint %(ticket)s", ticket=ticket)
    return complaint


def transitions(session: Session, state: ComplaintState) -> Sequence[ComplaintTransition]:
    """Which states may follow, and which of them need a note."""
    return session.scalars(
        select(ComplaintTransition)
        .where(ComplaintTransition.from_state == state)
        .order_by(ComplaintTransition.to_state)
    ).all()


def change_state(
    session: Session,
    ticket: str,
    to_state: ComplaintState | str,
    *,
    who: str,
    note: str = "",
    now: datetime,
    expected: ComplaintState | str | None = None,
    department: str | None = None,
    deadline: date | None = None,
) -> Complaint:
    """Move a complaint on; the note of a move to `replied` is the reply the citizen hears.

    `expected` is the state the page showed. RefusedError: somebody else was
    faster, the table does not allow the move, or it needs a note. NotFoundError.
    """
    complaint = get(session, ticket, lock=True)
    refuse_merged(complaint)
    before = complaint.state
    after = ComplaintState(to_state)
    if expected is not None and before is not ComplaintState(expected):
        raise RefusedError(
            "complaint %(ticket)s is %(state)s by now; load the page again before changing it",
            ticket=ticket,
            state=before,
        )
    rule = session.get(ComplaintTransition, (before, after))
    if rule is None:
        raise RefusedError(
            "a complaint that is %(before)s cannot become %(after)s", before=before, after=after
        )
    said = note_text(note)
    if rule.needs_note and not said:
        raise RefusedError(
            "a change from %(before)s to %(after)s needs a note", before=before, after=after
        )
    if department is not None and session.get(Department, department) is None:
        raise RefusedError("there is no department %(code)s", code=department)
    former = complaint.department
    if department is not None and department != former:
        complaint.department, complaint.assignee = department, None
    if deadline is not None:
        complaint.deadline = deadline
    if after is ComplaintState.REPLIED:
        complaint.reply, complaint.reply_en = said, ""
    complaint.state = after
    complaint.updated_at = now
    handed_over = complaint.department != former
    remember(
        session,
        complaint,
        before,
        who,
        said,
        now,
        kind=EventKind.ASSIGNED if handed_over else EventKind.MOVED,
        hands=(former, complaint.department) if handed_over else None,
    )
    return complaint


def refuse_merged(complaint: Complaint) -> None:
    """RefusedError where it was merged: work goes on in the other one."""
    if complaint.merged_into is not None:
        raise RefusedError(
            "complaint %(ticket)s was merged into %(into)s; work on that one",
            ticket=complaint.ticket,
            into=complaint.merged_into,
        )


def annotate(session: Session, ticket: str, *, who: str, note: str, now: datetime) -> Complaint:
    """Write a line into the history without moving the complaint; RefusedError if it is empty."""
    complaint = get(session, ticket, lock=True)
    said = note_text(note)
    if not said:
        raise RefusedError("there is nothing in this note")
    complaint.updated_at = now
    remember(session, complaint, complaint.state, who, said, now, kind=EventKind.NOTE)
    return complaint


def remember(
    session: Session,
    complaint: Complaint,
    before: ComplaintState | None,
    who: str,
    note: str,
    now: datetime,
    *,
    kind: EventKind = EventKind.UNSAID,
    hands: tuple[str | None, str | None] | None = None,
) -> None:
    """Write a line of the history; `hands` are the departments it went from and to."""
    complaint.events.append(
        ComplaintEvent(
            at=now,
            who=who,
            from_state=before,
            to_state=complaint.state,
            note=note,
            kind=kind,
            from_department=hands[0] if hands else None,
            to_department=hands[1] if hands else None,
        )
    )
    session.flush()
