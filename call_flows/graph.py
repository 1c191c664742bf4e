"""The flows as a graph: every way out of every node, with why it is taken.

Loader and checks walk the flows by this one table of edges.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from call_flows.model import (
    AskNode,
    CallBackNode,
    ChooseNode,
    FileComplaintNode,
    Flow,
    FlowSet,
    GotoNode,
    HoursNode,
    InputNode,
    LanguageNode,
    ListNode,
    LookupNode,
    MenuNode,
    Node,
    RecordNode,
    SayNode,
    SetNode,
    TransferNode,
    Utterance,
    Way,
)


class Cause(Enum):
    """Why a way is taken."""

    OWN = "own"  # the node's own business: a choice, an entry, an outcome
    KEY = "key"  # a key inherited by every menu
    SILENCE = "silence"  # no input
    WRONG = "wrong"  # no match
    FAILURE = "failure"  # something of ours did not work


@dataclass(frozen=True, slots=True)
class Exit:
    """One way out of a node; `label` is the event or key."""

    cause: Cause
    label: str
    way: Way


def exits(node: Node) -> Iterator[Exit]:
    """Every way out of a node; on.hang_up is not one (the caller is gone)."""
    if isinstance(node, InputNode):
        for key, way in node.keys.items():
            yield Exit(Cause.KEY, key, way)
        if node.no_input is not None:
            yield Exit(Cause.SILENCE, "no_input", node.no_input.then)
        if node.no_match is not None:
            yield Exit(Cause.WRONG, "no_match", node.no_match.then)
    if isinstance(node, MenuNode | AskNode | ListNode):
        for key, way in node.choices.items():
            yield Exit(Cause.OWN, key, way)
    if isinstance(node, SayNode | AskNode | RecordNode | SetNode | LanguageNode | GotoNode):
        yield Exit(Cause.OWN, "then", node.then)
    if isinstance(node, RecordNode):
        yield Exit(Cause.FAILURE, "failed", node.failed)
    if isinstance(node, ListNode):
        yield Exit(Cause.OWN, "empty", node.empty)
    if isinstance(node, LookupNode | TransferNode):
        for name, way in node.outcomes.items():
            yield Exit(Cause.OWN, name, way)
    if isinstance(node, LookupNode):
        yield Exit(Cause.FAILURE, "timeout", node.timeout)
        yield Exit(Cause.FAILURE, "error", node.error)
    if isinstance(node, ChooseNode):
        for condition, way in node.cases:
            yield Exit(Cause.OWN, condition.variable, way)
        yield Exit(Cause.OWN, "otherwise", node.otherwise)
    if isinstance(node, HoursNode):
        yield Exit(Cause.OWN, "open", node.open)
        yield Exit(Cause.OWN, "closed", node.closed)
    if isinstance(node, FileComplaintNode | CallBackNode):
        yield Exit(Cause.OWN, "filed", node.filed)
        yield Exit(Cause.FAILURE, "failed", node.failed)


def ways(node: Node) -> Iterator[Way]:
    """Every way written in a node, where `*` leads included."""
    for found in exits(node):
        yield found.way
    if node.back is not None:
        yield node.back


def utterances(node: Node) -> Iterator[Utterance]:
    """Everything a node may say, on its ways too."""
    yield from node.say
    if isinstance(node, InputNode):
        for retry in (node.no_input, node.no_match):
            if retry is not None:
                yield from retry.say
    if isinstance(node, ListNode):
        yield from node.more
        yield from node.last
        yield from node.no_more
    if isinstance(node, LookupNode):
        yield from node.waiting
    for way in ways(node):
        yield from way.say


Spot = tuple[str, str]


def spots(flow_set: FlowSet) -> Iterator[tuple[Spot, Flow, Node]]:
    """Every node with its flow."""
    for flow in flow_set.flows.values():
        for node in flow.nodes.values():
            yield (flow.id, node.id), flow, node


def all_said(flow_set: FlowSet) -> Iterator[tuple[Utterance, str]]:
    """Everything the flows may say, with its place."""
    for _spot, _flow, node in spots(flow_set):
        for utterance in utterances(node):
            yield utterance, node.place
    for way, place in ((flow_set.on_error, "line.on_error"), (flow_set.home, "line.home")):
        for utterance in way.say:
            yield utterance, place
    for flow in flow_set.flows.values():
        for utterance in flow.back.say if flow.back is not None else ():
            yield utterance, f"flows.{flow.id}.back"
    for kind, words in flow_set.speaking.items():
        for utterance in (*words.chosen, *words.taken_back):
            yield utterance, f"line.speaking.{kind.value}"
