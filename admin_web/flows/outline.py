"""A flow in words, as its page shows it: each node, what it says, and where it leads."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from admin_web.flows.labels import labels
from admin_web.languages import page_language
from admin_web.prompts.published import published
from call_flows import FlowSet
from call_flows.fields import KEYS
from call_flows.picture import Arrow, picture
from prompts.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Way:
    """One way on: by which key or outcome, and where to; ``flow`` is another flow to open."""

    label: str
    target: str
    flow: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One node."""

    node: str
    kind: str
    start: bool
    words: str
    ways: tuple[Way, ...]


def outline_of(session: Session, loaded: FlowSet | None, name: str) -> list[Entry]:
    """Return the nodes of a flow in their order; none where it cannot be read or has none."""
    flow = loaded.flows.get(name) if loaded else None
    if flow is None or loaded is None:
        return []
    drawn, words, catalogue = picture(flow), labels(), published(session)
    return [
        Entry(
            shape.node,
            words.get(f"kind_{shape.kind}", shape.kind),
            shape.start,
            " ".join(
                filter(None, (_said(catalogue, prompt) for prompt in dict.fromkeys(shape.says)))
            ),
            tuple(
                _way(arrow, words, loaded)
                for arrow in drawn.arrows
                if arrow.source == shape.node and not arrow.quiet
            ),
        )
        for shape in drawn.shapes
    ]


def _said(catalogue: Catalogue, prompt: str) -> str:
    return catalogue.prompt(prompt).texts.get(page_language(), "") if prompt in catalogue else ""


def _way(arrow: Arrow, words: dict[str, str], loaded: FlowSet) -> Way:
    label = arrow.label
    if not KEYS.fullmatch(label):
        label = words.get(f"exit_{label}", label)
    target = arrow.target or words.get(f"way_{arrow.move}", arrow.move)
    flow = arrow.target.split(".")[0]
    elsewhere = flow in loaded.flows and arrow.move in ("goto", "call")
    return Way(label, target, flow if elsewhere else "")
