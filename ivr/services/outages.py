"""Outage notices: what callers hear now, and what staff add, edit and end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from ivr.records.tables import Area, Outage, OutageArea, UtilityKind
from ivr.services import areas
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.line_time import DEFAULT_ZONE
from ivr.services.outage_text import notice_text
from ivr.services.outcome import Outcome, Spoken
from ivr.services.text import note_text


@dataclass(frozen=True, slots=True)
class Notice:
    """What staff enter. Times are aware; `valid_from` None means from now on.

    `more_areas` are those beside `area_code`; a `draft` is heard by nobody.
    """

    kind: UtilityKind
    area_code: str | None
    starts_at: datetime
    ends_at: datetime | None
    text_zh: str
    text_en: str = ""
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    more_areas: tuple[str, ...] = ()
    draft: bool = False


def current(session: Session, now: datetime, area: str | None = None) -> Sequence[Outage]:
    """The notices callers hear now, newest first; with an area, also those for the whole town."""
    query = select(Outage).where(is_current(now))
    if area is not None:
        also = exists().where(OutageArea.outage_id == Outage.id, OutageArea.area_code == area)
        query = query.where(or_(Outage.area_code == area, Outage.area_code.is_(None), also))
    return session.scalars(query.order_by(Outage.starts_at.desc(), Outage.id.desc())).all()


def is_current(now: datetime) -> ColumnElement[bool]:
    """Published, no draft, not withdrawn, not ended.

    `ends_at` does not end it: a repair that takes longer is still an outage.
    """
    return and_(
        Outage.draft.is_(False),
        or_(Outage.ended_at.is_(None), Outage.ended_at > now),
        Outage.valid_from <= now,
        or_(Outage.valid_to.is_(None), Outage.valid_to > now),
    )


def find(
    session: Session,
    area: str | None,
    language: str,
    now: datetime,
    *,
    zone: tzinfo = DEFAULT_ZONE,
) -> Outcome:
    """What a caller hears: `found` with items, `none`, or `unknown_area`.

    Each item has kind, area, starts, text, and ends where it is known.
    """
    code: str | None = None
    if area:
        known = areas.find(session, area)
        if known is None:
            return Outcome("unknown_area", {"area": area})
        code = known.code
    rows = current(session, now, code)
    if not rows:
        return Outcome("none")
    names = {row.code: row for row in areas.all_areas(session)}
    items = [item(row, names, language, zone) for row in rows]
    return Outcome("found", {"items": items, "count": len(items)})


def item(row: Outage, names: Mapping[str, Area], language: str, zone: tzinfo) -> dict[str, Spoken]:
    """What a prompt can say of one notice; `names` are the areas by their codes."""
    where = areas_named([names[code] for code in row.area_codes if code in names], language)
    said: dict[str, Spoken] = {
        "kind": row.kind.value,
        "area": where,
        "starts": row.starts_at.astimezone(zone),
        "text": notice_text(row, where, language, zone),
    }
    if row.ends_at is not None:
        said["ends"] = row.ends_at.astimezone(zone)
    return said


def areas_named(given: Sequence[Area], language: str) -> str:
    """The names of several areas as they are said one after the other."""
    if not given:
        return area_name(None, language)
    return ("、" if language == "zh-CN" else ", ").join(area_name(one, language) for one in given)


def area_name(area: Area | None, language: str) -> str:
    """An area's name in a language; without an area the whole town is meant."""
    if area is None:
        return "全市" if language == "zh-CN" else "the whole town"
    return area.name_zh if language == "zh-CN" else area.name_en or area.name_zh


def everything(session: Session, *, limit: int = 200) -> Sequence[Outage]:
    """All notices for the desk, newest first, ended ones too."""
    return session.scalars(
        select(Outage).order_by(Outage.starts_at.desc(), Outage.id.desc()).limit(limit)
    ).all()


def get(session: Session, outage_id: int) -> Outage:
    """One notice; NotFoundError."""
    outage = session.get(Outage, outage_id)
    if outage is None:
        raise NotFoundError("there is no outage notice %(id)s", id=outage_id)
    return outage


def add(session: Session, notice: Notice, *, who: str, now: datetime) -> Outage:
    """Publish a notice; RefusedError says what is wrong with it."""
    outage = Outage(created_by=who, created_at=now, ended_at=None, more_areas=[])
    _fill(session, outage, notice, now)
    session.add(outage)
    session.flush()
    return outage


def edit(session: Session, outage_id: int, notice: Notice, *, now: datetime) -> Outage:
    """Change a notice; RefusedError, NotFoundError."""
    outage = get(session, outage_id)
    _fill(session, outage, notice, now)
    session.flush()
    return outage


def end(session: Session, outage_id: int, *, now: datetime) -> Outage:
    """The supply is back: callers hear it no more. Ending twice keeps the first time."""
    outage = get(session, outage_id)
    if outage.ended_at is None:
        outage.ended_at = now
        outage.updated_at = now
        session.flush()
    return outage


def publish(session: Session, outage_id: int, *, now: datetime) -> Outage:
    """Have callers hear a draft, from its time on; what is published stays so."""
    outage = get(session, outage_id)
    if outage.draft:
        outage.draft = False
        outage.valid_from = max(outage.valid_from, now)
        outage.updated_at = now
        session.flush()
    return outage


def extend(session: Session, outage_id: int, ends_at: datetime, *, now: datetime) -> Outage:
    """It takes longer; RefusedError where it has ended, or for a time before its beginning."""
    outage = get(session, outage_id)
    if outage.ended_at is not None:
        raise RefusedError("this notice has ended; make a copy of it instead")
    if ends_at <= max(outage.starts_at, now):
        raise RefusedError("the new end must be later than now")
    outage.ends_at, outage.updated_at = ends_at, now
    if outage.valid_to is not None and outage.valid_to < ends_at:
        outage.valid_to = ends_at
    session.flush()
    return outage


def remove_draft(session: Session, outage_id: int) -> None:
    """Throw a draft away; RefusedError for what callers heard, which only ends."""
    outage = get(session, outage_id)
    if not outage.draft:
        raise RefusedError("only a draft is thrown away; what callers heard is ended")
    session.delete(outage)
    session.flush()


def _fill(session: Session, outage: Outage, notice: Notice, now: datetime) -> None:
    if notice.ends_at is not None and notice.ends_at <= notice.starts_at:
        raise RefusedError("an outage must end after it starts")
    valid_from = notice.valid_from or outage.valid_from or now
    if notice.valid_to is not None and notice.valid_to <= valid_from:
        raise RefusedError("a notice must be withdrawn after it is published")
    more = tuple(code for code in dict.fromkeys(notice.more_areas) if code != notice.area_code)
    for code in (notice.area_code, *more):
        if code is not None and session.get(Area, code) is None:
            raise RefusedError("there is no area %(code)s", code=code)
    outage.kind = notice.kind
    outage.area_code = notice.area_code
    kept = {one.area_code: one for one in outage.more_areas}
    outage.more_areas = [kept.get(code) or OutageArea(area_code=code) for code in sorted(more)]
    outage.draft = notice.draft
    outage.starts_at = notice.starts_at
    outage.ends_at = notice.ends_at
    outage.valid_from = valid_from
    outage.valid_to = notice.valid_to
    outage.text_zh = note_text(notice.text_zh, 1000)
    outage.text_en = note_text(notice.text_en, 1000)
    outage.updated_at = now
