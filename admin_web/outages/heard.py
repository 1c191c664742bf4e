"""A notice as the line says it: the same prompt, filled in the same way, by the same voice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from sqlalchemy.orm import Session

from admin_web.prompts.published import published
from ivr.records.tables import Outage, OutageArea
from ivr.services import areas
from ivr.services.outages import Notice, item
from prompts.catalogue import Catalogue
from prompts.clause import Clause
from prompts.compose import compose

WITH_END, OPEN_END = "outage_item", "outage_item_open_end"
"""What the flow of outages says of each notice (call_flows/flows/outages.yaml)."""


def unsaved(notice: Notice) -> Outage:
    """A notice as it would be kept."""
    row = Outage(
        kind=notice.kind,
        area_code=notice.area_code,
        starts_at=notice.starts_at,
        ends_at=notice.ends_at,
        text_zh=notice.text_zh,
        text_en=notice.text_en,
    )
    row.more_areas = [OutageArea(area_code=code) for code in notice.more_areas]
    return row


def clauses(session: Session, outage: Outage, language: str, zone: tzinfo) -> Sequence[Clause]:
    """What a caller of this language hears of the notice; PromptError."""
    catalogue: Catalogue = published(session)
    names = {row.code: row for row in areas.all_areas(session)}
    values = item(outage, names, language, zone)
    return compose(catalogue, WITH_END if "ends" in values else OPEN_END, language, values)
