"""Outage notices and the areas of the town."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from pydantic import Field

from admin_web.api.fields import SEEN, Answer, Given, Listed, Moment, Page, Paged, Text
from admin_web.api.operation import operation
from admin_web.api.shapes import At
from admin_web.audit import note
from admin_web.desk import desk
from ivr.records.tables import Area, Outage, UtilityKind
from ivr.services import areas as area_service
from ivr.services import outages as service
from ivr.services import recent
from ivr.services.outages import Notice

LONGEST_TEXT = 1000
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
AreaCode = Annotated[str, Field(pattern=r"^[0-9]{1,8}$")]
Name = Annotated[str, Field(min_length=1, max_length=80, pattern=f"^{SEEN}")]


class OutageOut(Answer):
    """A notice. Without areas it is for the whole town; ``heard``: callers hear it now.

    A draft is heard by nobody.
    """

    id: int
    kind: UtilityKind
    areas: list[str]
    draft: bool
    starts: At
    ends: At | None
    ended: At | None
    heard_from: At
    heard_until: At | None
    text_zh: str
    text_en: str
    heard: bool
    created: At
    created_by: str
    updated: At

    @classmethod
    def of(cls, row: Outage, heard: bool) -> OutageOut:
        """From its row."""
        return cls(
            id=row.id,
            kind=row.kind,
            areas=list(row.area_codes),
            draft=row.draft,
            starts=row.starts_at,
            ends=row.ends_at,
            ended=row.ended_at,
            heard_from=row.valid_from,
            heard_until=row.valid_to,
            text_zh=row.text_zh,
            text_en=row.text_en,
            heard=heard,
            created=row.created_at,
            created_by=row.created_by,
            updated=row.updated_at,
        )


class Outages(Page):
    """Notices by when the supply goes, the latest first."""

    outages: list[OutageOut]


@operation(
    "GET",
    "/outages",
    _l("Outage notices, the latest first"),
    page="outages.outages",
    scope="outages:read",
    query=Paged,
    answer=Outages,
)
def outages(query: Paged) -> Outages:
    """Those that are over, too."""
    now = desk().now()
    with desk().database.read() as session:
        found = recent.outages(session, after=query.after, limit=query.limit)
        heard = {row.id for row in service.current(session, now)}
        listed = [OutageOut.of(row, row.id in heard) for row in found.rows]
    return Outages(outages=listed, next=found.next)


@operation(
    "GET",
    "/outages/{outage_id}",
    _l("One outage notice"),
    page="outages.edit",
    scope="outages:read",
    parts={"outage_id": Number},
    answer=OutageOut,
)
def outage(outage_id: int) -> OutageOut:
    """As in the list."""
    return _one(outage_id)


class NewOutage(Given):
    """What callers will hear. ``heard_from``: from now on where it is not given."""

    kind: UtilityKind
    areas: Annotated[list[AreaCode], Field(max_length=50, description="none: the whole town")] = []  # noqa: RUF012 - pydantic copies it
    draft: bool = False
    starts: Moment
    ends: Annotated[Moment | None, Field(description="as far as it is known")] = None
    heard_from: Moment | None = None
    heard_until: Moment | None = None
    text_zh: Annotated[Text, Field(max_length=LONGEST_TEXT)]
    text_en: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""

    def notice(self) -> Notice:
        """Return it as the service takes it."""
        return Notice(
            kind=self.kind,
            area_code=self.areas[0] if self.areas else None,
            more_areas=tuple(self.areas[1:]),
            draft=self.draft,
            starts_at=self.starts,
            ends_at=self.ends,
            text_zh=self.text_zh,
            text_en=self.text_en,
            valid_from=self.heard_from,
            valid_to=self.heard_until,
        )


@operation(
    "POST",
    "/outages",
    _l("Publish an outage notice"),
    page="outages.add",
    scope="outages:write",
    body=NewOutage,
    answer=OutageOut,
    status=201,
    conflicts=True,
)
def add_outage(body: NewOutage) -> OutageOut:
    """Callers hear it from the next call on."""
    with desk().database.begin() as session:
        row = service.add(session, body.notice(), who=current_user.username, now=desk().now())
        note(session, "outage_saved", f"outage {row.id}")
        number = row.id
    return _one(number)


@operation(
    "PUT",
    "/outages/{outage_id}",
    _l("Change an outage notice"),
    page="outages.edit",
    scope="outages:write",
    parts={"outage_id": Number},
    body=NewOutage,
    answer=OutageOut,
    conflicts=True,
)
def change_outage(outage_id: int, body: NewOutage) -> OutageOut:
    """It says what is sent here, and nothing of what it said before."""
    with desk().database.begin() as session:
        service.edit(session, outage_id, body.notice(), now=desk().now())
        note(session, "outage_saved", f"outage {outage_id}")
    return _one(outage_id)


@operation(
    "POST",
    "/outages/{outage_id}/end",
    _l("Say that the supply is back"),
    page="outages.end",
    scope="outages:write",
    parts={"outage_id": Number},
    answer=OutageOut,
)
def end_outage(outage_id: int) -> OutageOut:
    """Callers hear it no more; ending it twice keeps the first time."""
    with desk().database.begin() as session:
        service.end(session, outage_id, now=desk().now())
        note(session, "outage_ended", f"outage {outage_id}")
    return _one(outage_id)


class AreaOut(Answer):
    """A part of the town and the code callers key."""

    code: str
    name_zh: str
    name_en: str

    @classmethod
    def of(cls, row: Area) -> AreaOut:
        """From its row."""
        return cls(code=row.code, name_zh=row.name_zh, name_en=row.name_en)


@operation(
    "GET",
    "/areas",
    _l("Areas of the town"),
    page="areas.areas",
    scope="outages:read",
    answer=Listed[AreaOut],
)
def areas() -> Listed[AreaOut]:
    """All of them, by code."""
    with desk().database.read() as session:
        return Listed[AreaOut](items=list(map(AreaOut.of, area_service.all_areas(session))))


class AreaNames(Given):
    """What an area is called."""

    name_zh: Name
    name_en: Annotated[str, Field(max_length=80)] = ""


@operation(
    "PUT",
    "/areas/{code}",
    _l("Add an area, or rename it"),
    page="areas.edit",
    scope="outages:write",
    parts={"code": AreaCode},
    body=AreaNames,
    answer=AreaOut,
    conflicts=True,
)
def save_area(code: str, body: AreaNames) -> AreaOut:
    """Callers can key its code from now on."""
    with desk().database.begin() as session:
        known = {row.code for row in area_service.all_areas(session)}
        write = area_service.save if code in known else area_service.add
        row = write(session, code, body.name_zh, body.name_en)
        note(session, "area_saved", f"area {code}")
        return AreaOut.of(row)


@operation(
    "DELETE",
    "/areas/{code}",
    _l("Remove an area that nothing names"),
    page="areas.remove",
    scope="outages:write",
    parts={"code": AreaCode},
    status=204,
    conflicts=True,
)
def remove_area(code: str) -> Response:
    """Refused while a notice or a complaint names it."""
    with desk().database.begin() as session:
        area_service.remove(session, code)
        note(session, "area_removed", f"area {code}")
    return Response(status=204)


def _one(outage_id: int) -> OutageOut:
    now = desk().now()
    with desk().database.read() as session:
        row = service.get(session, outage_id)
        return OutageOut.of(row, row.id in {one.id for one in service.current(session, now)})
