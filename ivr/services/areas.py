"""Areas of the town, chosen by a code on the keypad."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.records.tables import Area, Complaint, Outage, OutageArea
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.text import storable


def all_areas(session: Session) -> Sequence[Area]:
    """Every area by code."""
    return session.scalars(select(Area).order_by(Area.code)).all()


def find(session: Session, code: str) -> Area | None:
    """The area a caller keyed; `1` and `01` are the same to a caller who forgot the zero."""
    area = session.get(Area, code)
    if area is None and code.isascii() and code.isdigit():
        for candidate in all_areas(session):
            if candidate.code.isdigit() and int(candidate.code) == int(code[:8]):
                return candidate
    return area


def save(session: Session, code: str, name_zh: str, name_en: str) -> Area:
    """Add an area or rename it; RefusedError for a code that no keypad has."""
    if not (code.isascii() and code.isdigit() and 1 <= len(code) <= 8):
        raise RefusedError("an area's code is 1 to 8 digits, so that callers can key it")
    if not name_zh.strip():
        raise RefusedError("an area needs its Chinese name")
    area = session.get(Area, code)
    if area is None:
        area = Area(code=code)
        session.add(area)
    area.name_zh = storable(name_zh.strip(), 80)
    area.name_en = storable(name_en.strip(), 80)
    session.flush()
    return area


def add(session: Session, code: str, name_zh: str, name_en: str) -> Area:
    """Add an area; RefusedError where callers could not tell its code from another's."""
    known = find(session, code)
    if known is not None:
        raise RefusedError("there is already an area %(code)s", code=known.code)
    return save(session, code, name_zh, name_en)


def used_codes(session: Session) -> set[str]:
    """Codes that notices (ended ones too) or complaints name: these areas cannot be removed."""
    named = [
        *session.scalars(select(Outage.area_code).distinct()),
        *session.scalars(select(OutageArea.area_code).distinct()),
        *session.scalars(select(Complaint.area).distinct()),
    ]
    return {code for code in named if code}


def remove(session: Session, code: str) -> None:
    """Remove an area that no notice names; RefusedError, NotFoundError."""
    area = session.get(Area, code)
    if area is None:
        raise NotFoundError("there is no area %(code)s", code=code)
    of_notices = (
        select(Outage.id).where(Outage.area_code == code).limit(1),
        select(OutageArea.outage_id).where(OutageArea.area_code == code).limit(1),
    )
    if any(session.scalar(query) is not None for query in of_notices):
        raise RefusedError("outage notices name area %(code)s; it cannot be removed", code=code)
    if session.scalar(select(Complaint.ticket).where(Complaint.area == code).limit(1)) is not None:
        raise RefusedError("complaints name area %(code)s; it cannot be removed", code=code)
    session.delete(area)
    session.flush()
