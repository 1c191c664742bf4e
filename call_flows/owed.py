"""What a caller has spoken and nobody has filed yet.

A recording, once made, is owed to the node that its record node names in
`on.hang_up`, wherever the call ends, until it is filed. Nothing is filed twice.
"""

from __future__ import annotations

from call_flows.instructions import CreateCallBack, FileComplaint
from call_flows.model import CallBackNode, FileComplaintNode, FlowSet, InputNode, Node
from call_flows.variables import Variables

Filing = FileComplaint | CreateCallBack
Filer = FileComplaintNode | CallBackNode


class Owed:
    """The recordings of one call, and who files them."""

    def __init__(self, flow_set: FlowSet, variables: Variables) -> None:
        self._set = flow_set
        self._variables = variables
        self._filers: dict[str, tuple[str, str]] = {}  # recording variable -> flow, node
        self._filed: set[str] = set()

    def promise(self, variable: str, flow: str, filer: str) -> None:
        """What is spoken into this variable is filed by that node, if nothing else does."""
        self._filers[variable] = (flow, filer)

    def filing(self, node: Filer) -> Filing:
        """The instruction of a node that files, which is now under way."""
        recording = str(self._variables[node.recording])
        number = str(self._variables[node.number])
        self._filed.add(recording)
        if isinstance(node, CallBackNode):
            return CreateCallBack(recording, number, node.reason)
        category = str(self._variables[node.category])
        return FileComplaint(category, recording, number, node.finished)

    def succeeded(self, node: Filer) -> None:
        self._filers.pop(node.recording, None)

    def failed(self, node: Filer) -> None:
        """Not filed after all: it is still owed when the call ends."""
        self._filed.discard(str(self._variables[node.recording]))

    def due(self, flow: str, node: Node) -> list[Filing]:
        """What the end of the call at this node files."""
        filers = list(self._filers.values())
        if isinstance(node, InputNode) and node.hang_up:
            filers.append((flow, node.hang_up))
        found = []
        for flow_name, name in dict.fromkeys(filers):
            filer = self._set.node(flow_name, name)
            if isinstance(filer, FileComplaintNode | CallBackNode):
                recording = str(self._variables[filer.recording])
                if recording and recording not in self._filed:
                    found.append(self.filing(filer))
        return found
