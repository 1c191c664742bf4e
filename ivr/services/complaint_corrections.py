"""Mistakes in a complaint put right: its reply, category, department, deadline, number.

A correction moves no state. It leaves a line in the history like every other step, so that
what the citizen was told before can still be read.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime

from sqlalchemy.orm import Session

from ivr.records.tables import Area, Complaint, ComplaintCategory, Department, EventKind
from ivr.services import complaints
from ivr.services.errors import RefusedError
from ivr.services.text import digits_of, note_text, storable

LAST_DIGITS = 4
"""How many digits of the callback number a citizen keys to hear of a complaint."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What a complaint should say; None leaves a field as it is."""

    reply: str | None = None
    reply_en: str | None = None
    category: str | None = None
    department: str | None = None
    deadline: date | None = None
    callback_number: str | None = None
    area: str | None = None


def changes(complaint: Complaint, wanted: Correction) -> list[str]:
    """The names of the fields that would change."""
    return [
        field.name
        for field in fields(wanted)
        if (given := getattr(wanted, field.name)) is not None
        and given != (getattr(complaint, field.name) or "")
    ]


def correct(
    session: Session,
    ticket: str,
    wanted: Correction,
    *,
    seen: datetime,
    who: str,
    note: str,
    now: datetime,
) -> list[str]:
    """Put a complaint right and write `note` into its history; the names of what changed.

    `seen` is `updated_at` as the page showed it. RefusedError: somebody else was faster,
    nothing would change, or a value will not do. NotFoundError.
    """
    complaint = complaints.get(session, ticket, lock=True)
    if complaint.updated_at != seen:
        raise RefusedError(
            "complaint %(ticket)s was changed by somebody else meanwhile; load the page again",
            ticket=ticket,
        )
    complaints.refuse_merged(complaint)
    changed = changes(complaint, wanted)
    if not changed:
        raise RefusedError("nothing was changed")
    if "reply" in changed and not (complaint.reply and note_text(wanted.reply or "")):
        raise RefusedError("only a reply that was given can be corrected, and not to nothing")
    if "category" in changed and session.get(ComplaintCategory, wanted.category) is None:
        raise RefusedError("there is no category %(code)s", code=wanted.category)
    if "department" in changed and session.get(Department, wanted.department) is None:
        raise RefusedError("there is no department %(code)s", code=wanted.department)
    if "callback_number" in changed and len(digits_of(wanted.callback_number or "")) < LAST_DIGITS:
        raise RefusedError(
            "a number to call back has at least %(number)s digits", number=LAST_DIGITS
        )
    if wanted.area and "area" in changed and session.get(Area, wanted.area) is None:
        raise RefusedError("there is no area %(code)s", code=wanted.area)
    if "reply_en" in changed and not complaint.reply:
        raise RefusedError("only a reply that was given can be corrected, and not to nothing")
    former = complaint.department
    for name in changed:
        value = getattr(wanted, name)
        if name in ("reply", "reply_en"):
            value = note_text(value)
        elif name == "callback_number":
            value = storable(value.strip(), 128)
        elif name == "area":
            value = value or None
        setattr(complaint, name, value)
    if complaint.department != former:
        complaint.assignee = None
        complaint.updated_at = now
        complaints.remember(
            session,
            complaint,
            complaint.state,
            who,
            note_text(note),
            now,
            kind=EventKind.ASSIGNED,
            hands=(former, complaint.department),
        )
    else:
        complaints.annotate(session, ticket, who=who, note=note, now=now)
    return changed
