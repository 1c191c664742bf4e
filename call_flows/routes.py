"""Where every way of a set of flows leads, returns from called flows included."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from call_flows.graph import Cause, Exit, Spot, exits, spots
from call_flows.model import FlowSet, InputNode, Move, Node, Way

Choice = Callable[[Node, Exit], bool]


def every(_node: Node, _exit: Exit) -> bool:
    """All ways."""
    return True


def silent(node: Node, found: Exit) -> bool:
    """The ways taken while the caller does nothing."""
    if isinstance(node, InputNode):
        return found.cause in (Cause.SILENCE, Cause.FAILURE) or found.label == "empty"
    return True


def onward(_node: Node, found: Exit) -> bool:
    """The ways that a node itself offers, and `*`: not what happens on mistakes."""
    return found.cause is Cause.OWN or (found.cause is Cause.KEY and found.label == "*")


class Routes:
    """The edges from node to node, for a choice of ways.

    Returns lead to every node that calls the flow. With `over_calls` a call
    leads to its return as well, and returns lead nowhere by themselves: so a
    node is not reached merely because it could call what is reached.
    """

    def __init__(self, flow_set: FlowSet, choice: Choice, *, over_calls: bool = False) -> None:
        self._set = flow_set
        self._over_calls = over_calls
        self._nodes = {spot: (flow, node) for spot, flow, node in spots(flow_set)}
        self._taken: dict[Spot, list[Way]] = {
            spot: [found.way for found in exits(node) if choice(node, found)]
            for spot, _flow, node in spots(flow_set)
        }
        self._returns: dict[str, set[Spot]] = {}
        for spot, taken in self._taken.items():
            for way in taken:
                if way.move is Move.CALL:
                    point = (spot[0], way.then or spot[1])
                    self._returns.setdefault(way.flow, set()).add(point)
        self.edges: dict[Spot, set[Spot]] = {}
        self.ends: set[Spot] = set()  # nodes from which a way ends the call
        for spot, taken in self._taken.items():
            targets = self.edges.setdefault(spot, set())
            for way in taken:
                if way.move is Move.HANG_UP:
                    self.ends.add(spot)
                targets.update(self.targets(spot, way))

    def targets(self, spot: Spot, way: Way) -> set[Spot]:
        """The nodes at which a way may arrive."""
        flow, node = self._nodes[spot]
        if way.move is Move.BACK:
            back = node.back or flow.back
            if back is None or back.move is Move.BACK:
                return self._returned(flow.id) or {spot}
            way = back
        if way.move is Move.CALL and self._over_calls:
            return {self.named(way), (spot[0], way.then or spot[1])}
        if way.move in (Move.NODE, Move.GOTO, Move.CALL):
            return {self.named(way)}
        if way.move in (Move.REPEAT, Move.AGAIN):
            return {spot}
        if way.move is Move.RETURN:
            return self._returned(flow.id) or self.home()
        return set()

    def _returned(self, flow: str) -> set[Spot]:
        return set() if self._over_calls else set(self._returns.get(flow, ()))

    def named(self, way: Way) -> Spot:
        """The node that a way names."""
        return way.flow, way.node or self._set.flows[way.flow].start

    def home(self) -> set[Spot]:
        """The main menu."""
        home = self._set.home
        return {self.named(home)} if home.move is Move.GOTO else set()

    def reached_from(self, starts: Iterable[Spot]) -> set[Spot]:
        """Every node that can be reached from `starts`, those included."""
        return _closure(starts, lambda spot: self.edges.get(spot, ()))

    def reaching(self, goals: Iterable[Spot]) -> set[Spot]:
        """Every node from which one of `goals` can be reached, those included."""
        against: dict[Spot, set[Spot]] = {}
        for spot, targets in self.edges.items():
            for target in targets:
                against.setdefault(target, set()).add(spot)
        return _closure(goals, lambda spot: against.get(spot, ()))

    def loops(self) -> Iterator[list[Spot]]:
        """Each group of nodes that lead in a circle, once."""
        seen: set[Spot] = set()
        for spot in sorted(self.edges):
            if spot in seen:
                continue
            group = {
                other
                for other in self.reached_from(self.edges[spot])
                if spot in self.reached_from(self.edges[other])
            }
            if spot in group:
                seen |= group
                yield sorted(group)


def _closure(starts: Iterable[Spot], following: Callable[[Spot], Iterable[Spot]]) -> set[Spot]:
    found = set(starts)
    waiting = list(found)
    while waiting:
        for spot in following(waiting.pop()):
            if spot not in found:
                found.add(spot)
                waiting.append(spot)
    return found
