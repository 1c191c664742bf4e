"""When somebody is there: schedules, the calendar, and emergency announcements."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from flask_babel import lazy_gettext as _l
from pydantic import BeforeValidator, Field

from admin_web.api.fields import Answer, Listed, Query, read_whole
from admin_web.api.operation import operation
from admin_web.api.shapes import At
from admin_web.desk import desk
from ivr.records.tables import Announcement, DayKind, Manner
from ivr.services import announcements as announcement_service
from ivr.services import schedules as service
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
