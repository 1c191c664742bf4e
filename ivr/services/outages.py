"""Outage notices: what callers hear now, and what staff add, edit and end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from ivr.records.tables import Area, Outage, UtilityKind
from ivr.services import areas
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.line_time import DEFAULT_ZONE
from ivr.services.outage_text import notice_text
from ivr.services.outcome import Outcome, Spoken
from ivr.services.text import note_text


@dataclass(frozen=True, slots=True)
class Notice:
    """What staff enter. Times are aware; `valid_from` None means from now on."""

    kind: UtilityKind
    area_code: str | None
    starts_at: datetime
    ends_at: datetime | None
    text_zh: str
    text_en: str = ""
    valid_from: datetime | None = None
    valid_to: datetime | None = None


def current(session: Session, now: datetime, area: str | None = None) -> Sequence[Outage]:
    """The notices callers hear now, newest first; with an area, also those for the whole town."""
    query = select(Outage).where(is_current(now))
    if area is not None:
        query = query.where(or_(Outage.area_code == area, Outage.area_code.is_(None)))
    return session.scalars(query.order_by(Outage.starts_at.desc(), Outage.id.desc())).all()


def is_current(now: datetime) -> ColumnElement[bool]:
    """Published, not withdrawn, not ended.

    `ends_at` does not end it: a repair that takes longer is still an outage.
    """
    return and_(
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
    items = [_item(row, names.get(row.area_code or ""), language, zone) for row in rows]
    return Outcome("found", {"items": items, "count": len(items)})


def _item(row: Outage, area: Area | None, language: str, zone: tzinfo) -> dict[str, Spoken]:
    item: dict[str, Spoken] = {
        "kind": row.kind.value,
        "area": area_name(area, language),
        "starts": row.starts_at.astimezone(zone),
        "text": notice_text(row, area_name(area, language), language, zone),
    }
    if row.ends_at is not None:
        item["ends"] = row.ends_at.astimezone(zone)
    return item


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
    outage = Outage(created_by=who, created_at=now, ended_at=None)
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


def _fill(session: Session, outage: Outage, notice: Notice, now: datetime) -> None:
    if notice.ends_at is not None and notice.ends_at <= notice.starts_at:
        raise RefusedError("an outage must end after it starts")
    valid_from = notice.valid_from or outage.valid_from or now
    if notice.valid_to is not None and notice.valid_to <= valid_from:
        raise RefusedError("a notice must be withdrawn after it is published")
    if notice.area_code is not None and session.get(Area, notice.area_code) is None:
        raise RefusedError("there is no area %(code)s", code=notice.area_code)
    outage.kind = notice.kind
    outage.area_code = notice.area_code
    outage.starts_at = notice.starts_at
    outage.ends_at = notice.ends_at
    outage.valid_from = valid_from
    outage.valid_to = notice.valid_to
    outage.text_zh = note_text(notice.text_zh, 1000)
    outage.text_en = note_text(notice.text_en, 1000)
    outage.updated_at = now
