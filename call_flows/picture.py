"""One flow as a picture: its nodes, and an arrow for every way that is written in them.

What a node inherits (the keys 0, 9 and *, what happens on silence) is no arrow: it would be the
same from every node and hide what this flow does. Such ways are listed apart, by node. A flow
that is still being written is drawn as far as it can be read (`loader.attempt`).
"""

from __future__ import annotations

from dataclasses import dataclass

from call_flows.graph import Cause, exits, utterances
from call_flows.model import Flow, InputNode, Move, Node, Way
from call_flows.nodes import NAMES


@dataclass(frozen=True, slots=True)
class Shape:
    """A node: its kind, where it stands in the text, and the prompts it says itself."""

    node: str
    kind: str
    line: int
    says: tuple[str, ...]
    start: bool


@dataclass(frozen=True, slots=True)
class Arrow:
    """A way from a node. `target` is a node of this flow, or `flow` or `flow.node`, or empty.

    `quiet` ways are those of mistakes, silence and faults: what a caller seldom meets.
    """

    source: str
    label: str
    cause: str
    move: str
    target: str
    quiet: bool
    line: int
    says: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn of a flow; `inherited` are each node's ways that others wrote."""

    flow: str
    shapes: tuple[Shape, ...]
    arrows: tuple[Arrow, ...]
    inherited: tuple[Arrow, ...]


HANG_UP = "hang_up"
_QUIET = frozenset({Cause.SILENCE, Cause.WRONG, Cause.FAILURE})


def picture(flow: Flow) -> Picture:
    """What is drawn of `flow`."""
    own: list[Arrow] = []
    inherited: list[Arrow] = []
    for node in flow.nodes.values():
        for arrow, place in _arrows(flow, node):
            if place.startswith(f"{node.place}."):
                own.append(arrow)
            elif place != node.place:  # else nobody has written it yet
                inherited.append(arrow)
    shapes = tuple(
        Shape(
            node.id,
            NAMES[type(node)],
            node.line,
            tuple(one.prompt for one in node.say if one.prompt),
            node.id == flow.start,
        )
        for node in flow.nodes.values()
    )
    return Picture(flow.id, shapes, tuple(own), tuple(inherited))


def said_by(node: Node) -> list[str]:
    """Every prompt a node may say, on its ways too, each once."""
    return list(dict.fromkeys(one.prompt for one in utterances(node) if one.prompt))


def _arrows(flow: Flow, node: Node) -> list[tuple[Arrow, str]]:
    found = [
        (
            _arrow(flow, node, one.label, one.cause.value, one.way, quiet=one.cause in _QUIET),
            one.way.place,
        )
        for one in exits(node)
    ]
    if isinstance(node, InputNode) and node.hang_up:
        # Where it is written is not kept: the flow's defaults name it for all, as a rule.
        way = Way(Move.NODE, flow.id, node.hang_up, line=node.line)
        found.append((_arrow(flow, node, HANG_UP, HANG_UP, way, quiet=True), f"{node.place}.on"))
    return found


def _arrow(flow: Flow, node: Node, label: str, cause: str, way: Way, *, quiet: bool) -> Arrow:
    target = ""
    if way.move in (Move.NODE, Move.GOTO, Move.CALL):
        target = way.node if way.flow == flow.id and way.node else way.flow
        if way.flow != flow.id and way.node:
            target = f"{way.flow}.{way.node}"
        if way.flow == flow.id and not way.node:
            target = flow.start
    elif way.move is Move.REPEAT:
        target = node.id
    move = way.move.value
    if way.move is Move.AGAIN and way.speak is not None:
        move, target = way.speak.value, node.id
    said = tuple(one.prompt for one in way.say if one.prompt)
    return Arrow(node.id, label, cause, move, target, quiet, way.line, said)
