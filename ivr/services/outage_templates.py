"""Wording of outage notices that staff keep: texts with slots that a notice fills.

A slot is a name in braces; what it stands for is filled in when the notice is saved, so that the
text that is kept is the text that is said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.records.tables import OutageTemplate, UtilityKind
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.outage_text import en_time, zh_time
from ivr.services.text import note_text, storable

SLOTS = ("area", "from", "to", "reason")
IN_CHINESE = {"area": "区域", "from": "开始", "to": "结束", "reason": "原因"}
"""What a clerk may write for a slot in either text."""
_MEANT = {name: slot for slot, name in IN_CHINESE.items()} | {slot: slot for slot in SLOTS}
LONGEST = 1000
_SLOT = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Filling:
    """What the slots stand for; empty or None where nobody has said."""

    area: str
    starts_at: datetime | None
    ends_at: datetime | None
    reason: str

    def values(self, language: str, zone: tzinfo) -> Mapping[str, str]:
        """As words of a language."""
        say = zh_time if language == "zh-CN" else en_time

        def at(moment: datetime | None) -> str:
            return say(moment.astimezone(zone)) if moment else ""

        return {
            "area": self.area,
            "from": at(self.starts_at),
            "to": at(self.ends_at),
            "reason": self.reason.strip().rstrip("。.,，"),
        }


class EmptySlotError(RefusedError):
    """A slot stands in a text, and nobody has said what it stands for."""


def slots_in(text: str) -> list[str]:
    """The slots of a text in order; RefusedError for a name that is none."""
    found = _SLOT.findall(text)
    for name in found:
        if name.strip() not in _MEANT:
            raise RefusedError(
                "{%(name)s} is no part that can be filled in; there are %(known)s",
                name=name[:40],
                known=" ".join(f"{{{one}}}" for one in _MEANT),
            )
    if "{" in (rest := _SLOT.sub("", text)) or "}" in rest:
        raise RefusedError("a brace is not closed, or stands alone")
    return list(dict.fromkeys(found))


def fill(text: str, filling: Filling, language: str, zone: tzinfo) -> str:
    """The text as it is said; EmptySlotError names what is missing, RefusedError a wrong slot."""
    values = filling.values(language, zone)
    for name in slots_in(text):
        if not values[_MEANT[name.strip()]]:
            raise EmptySlotError(
                "{%(name)s} has nothing to stand for: fill it in, or take it out of the text",
                name=name,
            )
    return _SLOT.sub(lambda found: values[_MEANT[found[1].strip()]], text)


def every(session: Session) -> Sequence[OutageTemplate]:
    """All templates by kind."""
    return session.scalars(
        select(OutageTemplate).order_by(OutageTemplate.kind, OutageTemplate.id)
    ).all()


def get(session: Session, template_id: int) -> OutageTemplate:
    """One template; NotFoundError."""
    row = session.get(OutageTemplate, template_id)
    if row is None:
        raise NotFoundError("there is no template %(id)s", id=template_id)
    return row


def save(
    session: Session,
    template_id: int | None,
    *,
    kind: UtilityKind,
    names: tuple[str, str],
    texts: tuple[str, str],
    who: str,
    now: datetime,
) -> OutageTemplate:
    """Keep a template, names and texts as (zh, en); RefusedError for a slot there is not."""
    for text in texts:
        slots_in(text)
    if not names[0].strip() or not texts[0].strip():
        raise RefusedError("a template needs a Chinese name and a Chinese text")
    row = OutageTemplate() if template_id is None else get(session, template_id)
    row.kind = kind
    row.name_zh, row.name_en = (storable(name.strip(), 80) for name in names)
    row.text_zh, row.text_en = (note_text(text, LONGEST) for text in texts)
    row.updated_by, row.updated_at = who, now
    session.add(row)
    session.flush()
    return row


def remove(session: Session, template_id: int) -> None:
    """Throw a template away; notices made from it stay. NotFoundError."""
    session.delete(get(session, template_id))
    session.flush()
