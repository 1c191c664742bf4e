"""How many callers are at each node of a flow now, and where callers left yesterday."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr.records.tables import StepDay
from ivr.services import live_calls


@dataclass(frozen=True, slots=True)
class NodeNumbers:
    """One node: callers there now, and yesterday those who passed and those who gave up."""

    now: int = 0
    passed: int = 0
    left: int = 0


def of_flow(session: Session, flow: str, *, now: datetime, zone: tzinfo) -> dict[str, NodeNumbers]:
    """The numbers of a flow's nodes; a node that nobody met is absent."""
    standing = Counter(
        {
            node: count
            for (where, node), count in live_calls.in_progress(session, now, limit=1).by_place
            if where == flow
        }
    )
    yesterday = (now.astimezone(zone) - timedelta(days=1)).date()
    counted = {
        node: (int(steps), int(abandoned))
        for node, steps, abandoned in session.execute(
            select(StepDay.node, func.sum(StepDay.steps), func.sum(StepDay.abandoned))
            .where(StepDay.day == yesterday, StepDay.flow == flow)
            .group_by(StepDay.node)
        )
    }
    return {
        node: NodeNumbers(standing[node], *counted.get(node, (0, 0)))
        for node in {*standing, *counted}
    }
