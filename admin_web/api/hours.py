"""When somebody is there: schedules, the calendar, and emergency announcements."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from flask_babel import lazy_gettext as _l
from flask_login import current_user
from pydantic import BeforeValidator, Field

from admin_web.api.fields import Answer, Code, Given, Listed, Moment, Query, read_whole
from admin_web.api.operation import operation
from admin_web.api.outages import Number
from admin_web.api.shapes import At
from admin_web.audit import note
from admin_web.desk import desk
from admin_web.flows.published import flow_names
from admin_web.formatting import local
from admin_web.prompts.published import published
from ivr.records.tables import Announcement, DayKind, Manner
from ivr.services import announcements as announcement_service
from ivr.services import schedules as service
from ivr.services.announcements import LONGEST_TEXT, Notice
from ivr.services.errors import RefusedError
from ivr.services.line_time import local_day

_YEARS = (2000, 2099)


class ScheduleOut(Answer):
    """Hours of the week, Monday first; ``open``: whether they hold at this moment."""

    code: str
    name_zh: str
    name_en: str
    weekly: list[str]
    working_day: int
    follows_calendar: bool
    open: bool
    revision: int
    updated: At
    updated_by: str


@operation(
    "GET",
    "/schedules",
    _l("Schedules, and whether they are open now"),
    page="schedules.schedules",
    scope="line:read",
    answer=Listed[ScheduleOut],
)
def schedules() -> Listed[ScheduleOut]:
    """All of them, by code."""
    now, zone = desk().now(), desk().zone
    with desk().database.read() as session:
        rows = service.all_schedules(session)
        timetable = service.timetable(session, zone)
    return Listed[ScheduleOut](
        items=[
            ScheduleOut(
                code=row.code,
                name_zh=row.name_zh,
                name_en=row.name_en,
                weekly=list(row.weekly),
                working_day=row.working_day,
                follows_calendar=row.follows_calendar,
                open=timetable.standing(row.code, now).open,
                revision=row.revision,
                updated=row.updated_at,
                updated_by=row.updated_by,
            )
            for row in rows
        ]
    )


class YearQuery(Query):
    """Of which year; this one where none is given."""

    year: Annotated[int | None, Field(ge=_YEARS[0], le=_YEARS[1]), BeforeValidator(read_whole)] = (
        None
    )


class DayOut(Answer):
    """Days that differ from the week; no schedule: they hold for all that follow the calendar."""

    id: int
    schedule: str | None
    first_day: date
    last_day: date
    kind: DayKind
    name: str
    hours: str


@operation(
    "GET",
    "/calendar",
    _l("Holidays, moved working days and special days of a year"),
    page="schedules.schedules",
    scope="line:read",
    query=YearQuery,
    answer=Listed[DayOut],
)
def calendar(query: YearQuery) -> Listed[DayOut]:
    """In order."""
    year = query.year or local_day(desk().now(), desk().zone).year
    with desk().database.read() as session:
        rows = service.days(session, first=date(year, 1, 1), last=date(year, 12, 31))
    return Listed[DayOut](
        items=[DayOut(**{name: getattr(row, name) for name in DayOut.model_fields}) for row in rows]
    )


class AnnouncementOut(Answer):
    """What new callers hear first; no flow: all of them. ``prompt`` is said instead of words."""

    id: int
    words_zh: str
    words_en: str
    prompt: str
    flow: str
    manner: Manner
    begins: At
    ends: At
    begun_by: str
    ended: At | None
    ended_by: str

    @classmethod
    def of(cls, row: Announcement) -> AnnouncementOut:
        """From its row."""
        return cls(
            id=row.id,
            words_zh=row.words_zh,
            words_en=row.words_en,
            prompt=row.prompt,
            flow=row.flow,
            manner=row.manner,
            begins=row.begins_at,
            ends=row.ends_at,
            begun_by=row.begun_by,
            ended=row.ended_at,
            ended_by=row.ended_by,
        )


class Announcements(Answer):
    """Those new callers hear now, and those that are over, newest first."""

    in_force: list[AnnouncementOut]
    over: list[AnnouncementOut]


@operation(
    "GET",
    "/announcements",
    _l("Emergency announcements: in force, and over"),
    page="announcements.announcements",
    scope="line:read",
    answer=Announcements,
)
def announcements() -> Announcements:
    """As on the page."""
    now = desk().now()
    with desk().database.read() as session:
        return Announcements(
            in_force=list(map(AnnouncementOut.of, announcement_service.in_force(session, now))),
            over=list(map(AnnouncementOut.of, announcement_service.history(session, now))),
        )


class NewAnnouncement(Given):
    """What new callers hear first: words, or a prompt that is there already; always with an end."""

    words_zh: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""
    words_en: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""
    prompt: Annotated[Code | None, Field(description="said instead of words")] = None
    flow: Annotated[Code | None, Field(description="only callers of this flow hear it")] = None
    manner: Manner = Manner.GO_ON
    ends: Annotated[Moment, Field(description="at most seven days from now")]


@operation(
    "POST",
    "/announcements",
    _l("Put out an emergency announcement"),
    page="announcements.begin",
    scope="line:write",
    body=NewAnnouncement,
    answer=AnnouncementOut,
    status=201,
    conflicts=True,
)
def begin_announcement(body: NewAnnouncement) -> AnnouncementOut:
    """It takes the place of the one in force for the same callers."""
    now = desk().now()
    notice = Notice(
        words_zh=body.words_zh,
        words_en=body.words_en,
        ends_at=body.ends,
        manner=body.manner,
        prompt=body.prompt or "",
        flow=body.flow or "",
    )
    with desk().database.begin() as session:
        if body.prompt is not None:
            known = published(session)
            if body.prompt not in known or not known.prompt(body.prompt).recordable:
                raise RefusedError(
                    "there is no prompt %(id)s that can be said as it is", id=body.prompt
                )
        if body.flow is not None and body.flow not in flow_names(session):
            raise RefusedError("there is no flow %(flow)s", flow=body.flow)
        row = announcement_service.begin(session, notice, who=current_user.username, now=now)
        note(
            session,
            "announcement_begun",
            f"announcement {row.id}",
            until=local(row.ends_at).strftime("%Y-%m-%d %H:%M"),
            flow=row.flow or "-",
            words=(row.words_zh or row.words_en or row.prompt)[:120],
        )
        return AnnouncementOut.of(row)


@operation(
    "POST",
    "/announcements/{announcement_id}/end",
    _l("End an emergency announcement"),
    page="announcements.end",
    scope="line:write",
    parts={"announcement_id": Number},
    answer=AnnouncementOut,
    conflicts=True,
)
def end_announcement(announcement_id: int) -> AnnouncementOut:
    """Calls in progress are not touched; new callers no longer hear it."""
    with desk().database.begin() as session:
        row = announcement_service.end(
            session, announcement_id, who=current_user.username, now=desk().now()
        )
        note(session, "announcement_ended", f"announcement {announcement_id}")
        return AnnouncementOut.of(row)
