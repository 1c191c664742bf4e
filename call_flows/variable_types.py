"""Which variables a set of flows can have, and of what type: what checks compare with slots.

Types are those of slots (`money`, `date`, `phrase`, ...), and three more:
`recording`, `list`, and `=word` for a value written in the flow itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from call_flows.graph import exits, spots
from call_flows.model import (
    AskNode,
    FileComplaintNode,
    FlowSet,
    HoursNode,
    ListNode,
    Literally,
    LookupNode,
    Node,
    RecordNode,
    SetNode,
    Source,
    Variable,
)
from call_flows.service_facts import ServiceFact, ValueType

Types = dict[str, set[str]]

# What a slot of a type can be filled with.
ACCEPTED: Mapping[str, frozenset[str]] = {
    "money": frozenset({"money", "count"}),
    "date": frozenset({"date", "datetime"}),
    "time": frozenset({"time", "datetime"}),
    "weekday": frozenset({"weekday", "date", "datetime"}),
    "datetime": frozenset({"datetime"}),
    "digits": frozenset({"digits", "phone", "count"}),
    "phone": frozenset({"phone", "digits"}),
    "count": frozenset({"count"}),
    "number": frozenset({"number", "count", "money"}),
    "ordinal": frozenset({"count", "ordinal"}),
    "letters": frozenset({"letters", "digits"}),
    "text": frozenset({"text", "digits", "phone", "phrase", "letters"}),
    "phrase": frozenset({"phrase"}),
}


def variable_types(flow_set: FlowSet, services: Mapping[str, ServiceFact]) -> Types:
    """Every variable that anything sets, with the types it may have."""
    types: Types = {"caller.number": {"phone"}, "called.number": {"phone"}}
    items: dict[str, Mapping[str, str]] = {}
    for _spot, _flow, node in spots(flow_set):
        for name, kind in _set_by(node, services):
            if isinstance(kind, str):
                types.setdefault(name, set()).add(kind)
            else:
                types.setdefault(name, set()).add("list")
                items[name] = kind
    for _spot, _flow, node in spots(flow_set):
        if isinstance(node, ListNode):
            types.setdefault("item.position", set()).add("count")
            for name, kind in items.get(node.items, {}).items():
                types.setdefault(f"item.{name}", set()).add(kind)
    assigned = [pair for _spot, _flow, node in spots(flow_set) for pair in _assigned(node)]
    # A value may be handed on from variable to variable: as often as there are assignments.
    for _ in range(len(assigned) + 1):
        before = sum(map(len, types.values()))
        for name, source in assigned:
            if isinstance(source, Literally):
                types.setdefault(name, set()).add(f"={source.value}")
            elif isinstance(source, Variable):
                types.setdefault(name, set()).update(types.get(source.name, ()))
        if sum(map(len, types.values())) == before:
            break
    return types


def fits(slot: str, kind: str) -> bool:
    """Whether a value of a type can be said in a slot of a type."""
    if kind.startswith("="):
        return kind == "=" or slot in ("text", "phrase") or kind[1:].isdigit()
    return kind in ACCEPTED.get(slot, frozenset())


def _set_by(node: Node, services: Mapping[str, ServiceFact]) -> Iterator[tuple[str, ValueType]]:
    if isinstance(node, AskNode | FileComplaintNode):
        yield node.into, "digits"
    elif isinstance(node, RecordNode):
        yield node.into, "recording"
    elif isinstance(node, HoursNode) and node.into:
        yield f"{node.into}.opens", "datetime"
        yield f"{node.into}.closes", "datetime"
    elif isinstance(node, LookupNode):
        fact = services.get(node.service, ServiceFact())
        for values in fact.outcomes.values():
            for name, kind in values.items():
                yield f"{node.into}.{name}", kind


def _assigned(node: Node) -> Iterator[tuple[str, Source]]:
    if isinstance(node, SetNode):
        yield from node.values.items()
    for found in exits(node):
        yield from found.way.values.items()
    if node.back is not None:
        yield from node.back.values.items()
