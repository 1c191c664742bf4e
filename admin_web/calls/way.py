"""The way of one call on the pictures of the flows it went through, as they were at that time.

The pictures are drawn as the flow editor draws them (`call_flows.picture`), from the revisions
that were in force for the call. Which arrow a caller took is not written down: it follows from
the node that was left, what was keyed or came of it, and the node that came next. Where no arrow
fits (a node called a flow and was returned to, a revision that is no longer complete) one is put
in, so that the way never has a gap. What nodes say is worded as it is now.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask_babel import format_decimal
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from admin_web.confidential import Veil
from admin_web.flows.labels import labels
from admin_web.flows.published import LINE, delivered
from admin_web.formatting import clock_text
from admin_web.languages import page_language
from admin_web.names import word
from admin_web.numbers import number
from admin_web.prompts.published import published
from call_flows import FlowSet
from call_flows.loader import attempt
from call_flows.picture import Arrow, Picture, picture
from ivr.records.tables import CallStep
from ivr.services import revisions
from ivr.services.call_search import CallDetail
from prompts.catalogue import Catalogue

SECRET = "****"  # noqa: S105 - what the flow writes instead of secret digits
_LONGEST = 90
_SLOT = re.compile(r"\{[^{}]*\}")
_KEYS = frozenset("0123456789*#")


@dataclass(frozen=True, slots=True)
class Visit:
    """A node that was visited: what was keyed there, and how long the caller stayed."""

    step: CallStep
    seconds: float | None
    veil: Veil

    @property
    def keys(self) -> str:
        """What was keyed, masked for whoever looks; a recording's name is no key."""
        if self.step.kind == "record" or not self.step.digits:
            return ""
        if self.veil.covers(self.step.digits):
            return self.veil(self.step.digits)
        return self.step.digits if self.step.digits == SECRET else number(self.step.digits)


def visits(detail: CallDetail, veil: Veil) -> list[Visit]:
    """Return the steps with the seconds spent at each: a step is noted when its node is left."""
    since = detail.call.answered_at
    found = []
    for step in detail.steps:
        found.append(Visit(step, (step.at - since).total_seconds() if since else None, veil))
        since = step.at
    return found


def way(session: Session, detail: CallDetail, ended: str, veil: Veil) -> dict[str, Any]:
    """Return what the page draws, as JSON; `ended` says how the call ended, if it has."""
    call = detail.call
    known = revisions.flows_at(
        session, call.started_at, flow=call.flow, revision=call.flow_revision
    )
    newest = revisions.newest_flows(session)
    loaded = _loaded(
        tuple(sorted({**delivered(), **{name: row.text for name, row in known.items()}}.items()))
    )
    catalogue = published(session)
    trail = visits(detail, veil)
    flows: dict[str, dict[str, Any]] = {}
    taken: list[int] = []
    for n, visit in enumerate(trail):
        name = visit.step.flow
        if name not in flows:
            row, now = known.get(name), newest.get(name)
            flows[name] = _flow(name, loaded, catalogue) | {
                "revision": row.revision if row else 0,
                "in_force": (row.revision if row else 0) == (now.revision if now else 0),
            }
        following = trail[n + 1].step if n + 1 < len(trail) else None
        taken.append(_arrow_taken(flows[name], visit.step, following))
    return {
        "flows": {name: _drawn(flow) for name, flow in flows.items()},
        "steps": [_step(n, visit, taken[n], flows) for n, visit in enumerate(trail)],
        "ended": ended,
    }


@lru_cache(maxsize=8)
def _loaded(texts: tuple[tuple[str, str], ...]) -> FlowSet:
    """Return these flows as far as they can be read; kept, for it takes a third of a second."""
    return attempt(dict(texts))[0]


def _flow(name: str, loaded: FlowSet, catalogue: Catalogue) -> dict[str, Any]:
    language = page_language()
    flow = loaded.flows.get(name) if name != LINE else None
    drawn = picture(flow) if flow else Picture(name, (), (), ())
    shapes = {
        one.node: {
            "node": one.node,
            "kind": one.kind,
            "kind_word": word(one.kind, "step_kind"),
            "words": _cut(" ".join(catalogue.text(p, language) or "" for p in one.says if p)),
            "start": one.start,
        }
        for one in drawn.shapes
    }
    return {
        "title": (flow.title.get(language, "") if flow else "") or name,
        "shapes": shapes,
        "arrows": list(drawn.arrows),
        "inherited": drawn.inherited,
    }


def _cut(text: str) -> str:
    """Return the beginning of what is said; what was filled in is not known any more."""
    text = _SLOT.sub("…", text)
    return text[:_LONGEST].rstrip() + "…" if len(text) > _LONGEST else text


def _arrow_taken(flow: dict[str, Any], step: CallStep, following: CallStep | None) -> int:
    """Return the place of the arrow that was taken; -1 where the call ended at the node."""
    arrows: list[Arrow] = flow["arrows"]
    if step.node not in flow["shapes"]:  # the node is in no text that we have
        flow["shapes"][step.node] = {
            "node": step.node,
            "kind": step.kind,
            "kind_word": word(step.kind, "step_kind"),
            "words": "",
            "start": False,
        }
    best, found = 0, None
    for arrow in (*arrows, *flow["inherited"]):
        fits = _fits(arrow, step, following) if arrow.source == step.node else 0
        if fits > best:
            best, found = fits, arrow
    if found is None:
        if following is None:
            return -1
        target = following.node if following.flow == step.flow else following.flow
        found = Arrow(step.node, "then", "own", "node", target, False, 0)
    if found not in arrows:
        arrows.append(found)
    return arrows.index(found)


def _fits(arrow: Arrow, step: CallStep, following: CallStep | None) -> int:
    """Say how well an arrow explains what came next; 0: not at all."""
    named = 2 if arrow.label in (step.digits, step.outcome) else 0
    if following is None:
        return 2 + named if arrow.move == "hang_up" and step.outcome != "hang_up" else 0
    if arrow.target:
        places = {f"{following.flow}.{following.node}"}
        if following.flow == step.flow:
            places.add(following.node)
        elif following.node:
            places.add(following.flow)
        return 4 + named if arrow.target in places else 0
    if arrow.move == "hang_up":
        return 0
    return 1 + named  # back, or return: where to is known only by where the caller was


def _drawn(flow: dict[str, Any]) -> dict[str, Any]:
    names = labels()
    return {
        "title": flow["title"],
        "revision": flow["revision"],
        "in_force": flow["in_force"],
        "shapes": list(flow["shapes"].values()),
        "arrows": [
            {
                "source": one.source,
                "target": one.target,
                "label": _label(one, names),
                "sign": _sign(one, names) if one.target not in flow["shapes"] else "",
                "quiet": one.quiet,
            }
            for one in flow["arrows"]
        ],
    }


def _label(arrow: Arrow, names: Mapping[str, str]) -> str:
    if arrow.label == "then" or set(arrow.label) <= _KEYS:
        return "" if arrow.label == "then" else arrow.label
    return names.get(f"exit_{arrow.label}", arrow.label)


def _sign(arrow: Arrow, names: Mapping[str, str]) -> str:
    if arrow.move == "call":
        return f"⇄ {arrow.target}"
    if arrow.target:
        return f"→ {arrow.target}"
    mark = {"back": "↩", "return": "↩", "hang_up": "×"}.get(arrow.move, "")
    return f"{mark} {names.get(f'way_{arrow.move}', arrow.move)}".strip()


def _step(
    n: int, visit: Visit, arrow: int, flows: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    step = visit.step
    stayed = (
        str(_("%(number)s s", number=format_decimal(round(visit.seconds, 1))))
        if visit.seconds is not None
        else ""
    )
    shape = flows[step.flow]["shapes"][step.node]
    parts = [
        _(
            "Step %(number)s: %(flow)s, %(node)s (%(kind)s)",
            number=n + 1,
            flow=flows[step.flow]["title"],
            node=step.node,
            kind=shape["kind_word"],
        )
    ]
    if step.digits == SECRET:
        parts.append(_("keyed something secret"))
    elif visit.keys:
        parts.append(_("keyed %(keys)s", keys=visit.keys))
    if step.outcome and step.outcome != "match":
        parts.append(word(step.outcome, "step_outcome"))
    if stayed:
        parts.append(_("stayed %(time)s", time=stayed))
    return {
        "flow": step.flow,
        "node": step.node,
        "at": clock_text(step.at, seconds=True),
        "seconds": visit.seconds,
        "stayed": stayed,
        "keys": visit.keys,
        "arrow": arrow,
        "sentence": _("; ").join(str(part) for part in parts),
    }
