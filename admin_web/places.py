"""Nodes and lookups of the call flows in words: the flow's title, what the node is and says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from admin_web.flows.published import texts
from admin_web.languages import page_language
from admin_web.names import word
from admin_web.prompts.published import published
from call_flows import FlowError, FlowSet, load
from call_flows.model import Node, Utterance
from call_flows.nodes import NAMES
from prompts.catalogue import Catalogue

SERVICES = {
    "bills.find": _l("Bills"),
    "outages.current": _l("Outages"),
    "complaints.progress": _l("Progress of a complaint"),
}
_LONGEST = 28


@dataclass(frozen=True, slots=True)
class Places:
    """What flows and nodes are called on a page, in its language."""

    flows: FlowSet | None
    catalogue: Catalogue
    language: str

    def flow(self, flow: str) -> str:
        """A flow's title, or its name."""
        found = self.flows.flows.get(flow) if self.flows else None
        return (found.title.get(self.language) if found else "") or flow

    def node(self, flow: str, node: str) -> str:
        """What a node is and how it begins to speak: “Menu: For bills, press 1 …”."""
        found = self._node(flow, node)
        if found is None:
            return node
        kind = word(NAMES[type(found)], "step_kind")
        spoken = next((text for text in self._spoken(found) if text), "")
        if not spoken:
            return kind
        cut = spoken[:_LONGEST].rstrip(" ,，。.;；") + "…" if len(spoken) > _LONGEST else spoken
        return f"{kind}: {cut}" if self.language == "en" else f"{kind}：{cut}"

    def knows(self, flow: str, node: str) -> bool:
        """Whether the flows have this node now; an old call may name another."""
        return self._node(flow, node) is not None

    def service(self, flow: str, node: str) -> str:
        """What a lookup asks."""
        found = self._node(flow, node)
        name = getattr(found, "service", "")
        return str(SERVICES.get(name, name or f"{flow}.{node}"))

    def titles(self, names: Iterable[str]) -> Mapping[str, str]:
        """The titles of flows by their names."""
        return {name: self.flow(name) for name in names}

    def _node(self, flow: str, node: str) -> Node | None:
        found = self.flows.flows.get(flow) if self.flows else None
        return found.nodes.get(node) if found else None

    def _spoken(self, node: Node) -> Iterator[str]:
        for prompt in _prompts(getattr(node, "say", ())):
            yield self.catalogue.text(prompt, self.language) or ""


def places(session: Session) -> Places:
    """The flows as they are now; a revision is loaded once."""
    now = texts(session)
    return Places(_loaded(tuple(sorted(now.items()))), published(session), page_language())


@lru_cache(maxsize=2)
def _loaded(flow_texts: tuple[tuple[str, str], ...]) -> FlowSet | None:
    try:
        return load(dict(flow_texts))
    except FlowError:
        return None


def _prompts(value: object) -> Iterator[str]:
    if isinstance(value, Utterance):
        yield value.prompt
    elif is_dataclass(value):
        for field in fields(value):
            yield from _prompts(getattr(value, field.name))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _prompts(one)
