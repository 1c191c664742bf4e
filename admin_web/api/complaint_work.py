"""Working on complaints as the pages do: given to departments, taken, merged, kept confidential."""

from __future__ import annotations

from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from pydantic import Field

from admin_web.api.complaints import ComplaintWhole, Ticket, of_own, whole
from admin_web.api.fields import Code, Given, Page, PageSize, Query, Text
from admin_web.api.operation import operation
from admin_web.api.problems import ProblemError
from admin_web.api.shapes import ComplaintOut
from admin_web.audit import note
from admin_web.complaints.work import worker
from admin_web.confidential import veil_over
from admin_web.departments import own_department, own_only, sees_confidential
from admin_web.desk import desk
from ivr.records.tables import ComplaintState
from ivr.services import complaint_merging as merging
from ivr.services import complaint_work as service
from ivr.services import complaints
from ivr.services.complaint_shelves import Shelf, shelf
from ivr.services.errors import NotFoundError
from ivr.services.line_time import local_day

Reason = Annotated[str, Field(max_length=2000)]


class WorkQuery(Query):
    """Which list of work, and which page of it."""

    shelf: Annotated[Shelf, Field(description="`mine`: what the token has taken")] = Shelf.OPEN
    department: Code | None = None
    after: Annotated[
        str | None,
        Field(
            pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?~[0-9]{8}T[0-9]{6}\.[0-9]{6}~[A-Za-z0-9]{1,16}$",
            description="`next` of the page before; without it the first page",
        ),
    ] = None
    limit: PageSize = 50


class Work(Page):
    """Open complaints, the earliest deadline first, those without one last."""

    complaints: list[ComplaintOut]


@operation(
    "GET",
    "/complaint-work",
    _l("Complaints to work on, the earliest deadline first"),
    page="complaints.work",
    scope="complaints:read",
    query=WorkQuery,
    answer=Work,
    name="complaint_work",
)
def work(query: WorkQuery) -> Work:
    """A clerk's token finds those of its department."""
    today = local_day(desk().now(), desk().zone)
    with desk().database.read() as session:
        found = shelf(
            session,
            query.shelf,
            worker(),
            today,
            department=query.department if own_department() is None else None,
            after=query.after,
            limit=query.limit,
        )
        veil = veil_over(session, [row.merged_into for row in found.complaints])
        rows = [ComplaintOut.of(row, veil) for row in found.complaints]
    return Work(complaints=rows, next=found.next)


class Assignment(Given):
    """Where it goes."""

    department: Code
    note: Reason = ""


@operation(
    "POST",
    "/complaints/{ticket}/department",
    _l("Give a complaint to a department"),
    page="complaints.assign",
    scope="complaints:write",
    parts={"ticket": Ticket},
    body=Assignment,
    answer=ComplaintWhole,
    conflicts=True,
)
def assign_complaint(ticket: str, body: Assignment) -> ComplaintWhole:
    """Whoever had taken it has it no more."""
    with desk().database.begin() as session:
        of_own(session, ticket)
        row = service.assign(
            session,
            ticket,
            body.department,
            who=current_user.username,
            note=body.note,
            now=desk().now(),
        )
        note(session, "complaint_assigned", ticket, department=body.department)
        return whole(session, row)


class Returned(Given):
    """Why it is not for the department."""

    reason: Text


@operation(
    "POST",
    "/complaints/{ticket}/return",
    _l("Return a complaint that is not for its department"),
    page="complaints.give_back",
    scope="complaints:write",
    parts={"ticket": Ticket},
    body=Returned,
    answer=ComplaintWhole,
    conflicts=True,
)
def return_complaint(ticket: str, body: Returned) -> ComplaintWhole:
    """It is with the service line again."""
    with desk().database.begin() as session:
        of_own(session, ticket)
        row = service.give_back(
            session, ticket, who=current_user.username, reason=body.reason, now=desk().now()
        )
        note(session, "complaint_returned", ticket)
        return whole(session, row)


@operation(
    "POST",
    "/complaints/{ticket}/take",
    _l("Take a complaint to work on it"),
    page="complaints.take",
    scope="complaints:write",
    parts={"ticket": Ticket},
    answer=ComplaintWhole,
    conflicts=True,
)
def take_complaint(ticket: str) -> ComplaintWhole:
    """Under the token's name; refused where somebody else has it."""
    with desk().database.begin() as session:
        of_own(session, ticket)
        row = service.take(session, ticket, who=current_user.username, now=desk().now())
        note(session, "complaint_taken", ticket)
        return whole(session, row)


@operation(
    "POST",
    "/complaints/{ticket}/let-go",
    _l("Put a complaint back for others"),
    page="complaints.let_go",
    scope="complaints:write",
    parts={"ticket": Ticket},
    answer=ComplaintWhole,
    conflicts=True,
)
def let_go_complaint(ticket: str) -> ComplaintWhole:
    """Nobody works on it then."""
    with desk().database.begin() as session:
        of_own(session, ticket)
        row = service.let_go(session, ticket, who=current_user.username, now=desk().now())
        note(session, "complaint_let_go", ticket)
        return whole(session, row)


class Reply(Given):
    """What the caller will hear; the Chinese text is said in English calls where English lacks."""

    seen_state: Annotated[ComplaintState, Field(description="the state it has as far as you know")]
    reply: Text
    reply_en: Reason = ""


@operation(
    "POST",
    "/complaints/{ticket}/reply",
    _l("Answer the citizen, in both languages"),
    page="complaints.reply",
    scope="complaints:write",
    parts={"ticket": Ticket},
    body=Reply,
    answer=ComplaintWhole,
    conflicts=True,
)
def reply_to_complaint(ticket: str, body: Reply) -> ComplaintWhole:
    """Who asks for the ticket hears it."""
    with desk().database.begin() as session:
        of_own(session, ticket)
        row = service.reply(
            session,
            ticket,
            zh=body.reply,
            en=body.reply_en,
            who=current_user.username,
            now=desk().now(),
            expected=body.seen_state,
        )
        note(session, "complaint_moved", ticket, to="replied")
        return whole(session, row)


class Merge(Given):
    """Of which complaint it is a duplicate."""

    into: Annotated[Ticket, Field(description="the complaint that is kept")]
    why: Reason = ""


@operation(
    "POST",
    "/complaints/{ticket}/merge",
    _l("Close a complaint as a duplicate of another"),
    page="complaints.merge",
    scope="complaints:write",
    parts={"ticket": Ticket},
    body=Merge,
    answer=ComplaintWhole,
    conflicts=True,
)
def merge_complaint(ticket: str, body: Merge) -> ComplaintWhole:
    """Who asks for its ticket hears of the other one, which is what is answered here."""
    why = f"\n{body.why}" if body.why else ""
    notes = (
        _("Merged into %(ticket)s as a duplicate.", ticket=body.into) + why,
        _("%(ticket)s was merged into this one as a duplicate.", ticket=ticket) + why,
    )
    with desk().database.begin() as session:
        of_own(session, ticket)
        if not own_only(complaints.get(session, body.into)):
            raise NotFoundError("there is no complaint %(ticket)s", ticket=body.into)
        merging.merge(
            session, ticket, body.into, who=current_user.username, notes=notes, now=desk().now()
        )
        note(session, "complaint_merged", ticket, into=body.into)
        return whole(session, complaints.get(session, body.into))


@operation(
    "POST",
    "/complaints/{ticket}/separate",
    _l("Take a merge back"),
    page="complaints.separate",
    scope="complaints:write",
    parts={"ticket": Ticket},
    answer=ComplaintWhole,
    conflicts=True,
)
def separate_complaint(ticket: str) -> ComplaintWhole:
    """It is on its own again, as it was before."""
    with desk().database.begin() as session:
        row = of_own(session, ticket)
        line = _("No longer a duplicate of %(ticket)s.", ticket=row.merged_into or "")
        merging.separate(session, ticket, who=current_user.username, note=line, now=desk().now())
        note(session, "complaint_separated", ticket)
        return whole(session, complaints.get(session, ticket))


class Confided(Given):
    """Whether only administrators and supervisors see it."""

    confidential: bool
    why: Reason = ""


@operation(
    "PUT",
    "/complaints/{ticket}/confidential",
    _l("Keep a complaint confidential, or open it to all who work on complaints"),
    page="complaints.confide",
    scope="complaints:write",
    parts={"ticket": Ticket},
    body=Confided,
    answer=ComplaintWhole,
    conflicts=True,
)
def confide_complaint(ticket: str, body: Confided) -> ComplaintWhole:
    """Only for tokens that see confidential complaints: no other could take it back."""
    if not sees_confidential():
        raise ProblemError(403)
    with desk().database.begin() as session:
        row = of_own(session, ticket)
        if row.confidential != body.confidential:
            row.confidential = body.confidential
            line = _("Made confidential.") if body.confidential else _("No longer confidential.")
            why = f"\n{body.why}" if body.why else ""
            now = desk().now()
            complaints.annotate(
                session, ticket, who=current_user.username, note=line + why, now=now
            )
            what = "complaint_confided" if body.confidential else "complaint_opened_up"
            note(session, what, ticket)
        return whole(session, row)
