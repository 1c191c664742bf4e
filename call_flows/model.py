"""A line's call flows as values: what the loader makes of the YAML files.

Flows hold nodes; a node ends in ways. A way says something, sets variables and
leads to another place. Nothing here runs: `session` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from call_flows.instructions import Purpose


@dataclass(frozen=True, slots=True)
class Literally:
    """A value written in the flow itself."""

    value: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A value known during the call: `account`, `bill.amount`, `item.text`, `caller.number`."""

    name: str


Source = Literally | Variable


@dataclass(frozen=True, slots=True)
class Condition:
    """True where the variable equals one of `values` (`negated`: none). Unset equals ""."""

    variable: str
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Utterance:
    """One thing said: a prompt, or a recording of the caller's (`replay`)."""

    prompt: str = ""
    replay: str = ""
    slots: Mapping[str, str] = field(default_factory=dict)  # slot -> variable
    language: str = ""
    when: Condition | None = None
    barge_in: bool = True
    line: int = 0


class Move(Enum):
    """How a way goes on."""

    NODE = "node"
    GOTO = "goto"
    CALL = "call"
    RETURN = "return"
    BACK = "back"
    REPEAT = "repeat"
    AGAIN = "again"  # what was heard last once more, and wait as before
    HANG_UP = "hang_up"


class Speaking(Enum):
    """What a caller may ask of how the line speaks; asked for once more, it is taken back."""

    SLOWER = "slower"
    LOUDER = "louder"


@dataclass(frozen=True, slots=True)
class Way:
    """What is said and set on the way, and where it leads.

    `speak` changes how the line speaks from here on, before anything is said. `flow` and
    `node` name the place for NODE, GOTO and CALL; `then` is the node at which a CALL goes
    on when it returns (none: the node it left).
    """

    move: Move
    flow: str = ""
    node: str = ""
    then: str = ""
    say: tuple[Utterance, ...] = ()
    values: Mapping[str, Source] = field(default_factory=dict)
    speak: Speaking | None = None
    place: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Retry:
    """What happens on silence or a wrong key: `say` in turn, `then` after `attempts` of them."""

    attempts: int
    then: Way
    say: tuple[Utterance, ...] = ()
    reprompt: bool = True


@dataclass(frozen=True, slots=True)
class Node:
    """What all nodes have. `back` is where `*` leads, where the node says so itself."""

    id: str
    place: str
    line: int
    say: tuple[Utterance, ...] = ()
    back: Way | None = None


@dataclass(frozen=True, slots=True)
class InputNode(Node):
    """A node that waits for the caller.

    `keys` are those inherited by every menu (0, *, 9), after the node's own
    overrides; `hang_up` names a node that files what was said, or is empty.
    """

    keys: Mapping[str, Way] = field(default_factory=dict)
    no_input: Retry | None = None
    no_match: Retry | None = None
    hang_up: str = ""
    no_input_timeout_s: float = 6.0
    inter_digit_timeout_s: float = 3.0
    clear_type_ahead: bool = False


@dataclass(frozen=True, slots=True)
class SayNode(Node):
    then: Way = Way(Move.HANG_UP)


@dataclass(frozen=True, slots=True)
class MenuNode(InputNode):
    choices: Mapping[str, Way] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AskNode(InputNode):
    """Digits into a variable. `choices` are whole entries that mean something else (`1`: right)."""

    into: str = ""
    min_digits: int = 1
    max_digits: int = 20
    terminators: str = "#"
    sensitive: bool = False
    choices: Mapping[str, Way] = field(default_factory=dict)
    then: Way = Way(Move.HANG_UP)


@dataclass(frozen=True, slots=True)
class RecordNode(InputNode):
    """The caller's voice into a variable. Less than `min_s` counts as no input."""

    into: str = ""
    purpose: Purpose = "complaint"
    category: str = ""
    min_s: float = 1.0
    max_s: float = 180.0
    silence_s: float | None = 8.0
    terminators: str = "#"
    beep: bool = True
    then: Way = Way(Move.HANG_UP)
    failed: Way = Way(Move.HANG_UP)


@dataclass(frozen=True, slots=True)
class ListNode(InputNode):
    """The items of a list variable, one at a time, as `item.<value>`."""

    items: str = ""
    next_key: str = "1"
    more: tuple[Utterance, ...] = ()
    last: tuple[Utterance, ...] = ()
    no_more: tuple[Utterance, ...] = ()
    choices: Mapping[str, Way] = field(default_factory=dict)
    empty: Way = Way(Move.BACK)


@dataclass(frozen=True, slots=True)
class LookupNode(Node):
    service: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    into: str = ""
    timeout_s: float = 5.0
    retries: int = 0
    waiting: tuple[Utterance, ...] = ()
    outcomes: Mapping[str, Way] = field(default_factory=dict)
    timeout: Way = Way(Move.HANG_UP)
    error: Way = Way(Move.HANG_UP)


@dataclass(frozen=True, slots=True)
class ChooseNode(Node):
    cases: tuple[tuple[Condition, Way], ...] = ()
    otherwise: Way = Way(Move.HANG_UP)


@dataclass(frozen=True, slots=True)
class HoursNode(Node):
    """Open or closed by a schedule of the town, at the moment the caller comes here.

    `into`, where given, holds `opens` (while closed) or `closes` (while open).
    """

    schedule: str = ""
    into: str = ""
    open: Way = Way(Move.HANG_UP)
    closed: Way = Way(Move.HANG_UP)


@dataclass(frozen=True, slots=True)
class SetNode(Node):
    values: Mapping[str, Source] = field(default_factory=dict)
    then: Way = Way(Move.HANG_UP)


@dataclass(frozen=True, slots=True)
class LanguageNode(Node):
    """Changes the language; `variant` is None where the one in force stays, "" for none."""

    language: str = ""
    variant: str | None = None
    then: Way = Way(Move.HANG_UP)


@dataclass(frozen=True, slots=True)
class FileComplaintNode(Node):
    category: str = ""
    recording: str = ""
    number: str = ""
    finished: bool = True
    into: str = ""
    filed: Way = Way(Move.HANG_UP)
    failed: Way = Way(Move.HANG_UP)


@dataclass(frozen=True, slots=True)
class CallBackNode(Node):
    recording: str = ""
    number: str = ""
    reason: str = ""
    filed: Way = Way(Move.HANG_UP)
    failed: Way = Way(Move.HANG_UP)


@dataclass(frozen=True, slots=True)
class TransferNode(Node):
    target: str = ""
    timeout_s: float = 30.0
    outcomes: Mapping[str, Way] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HangUpNode(Node):
    reason: str = ""


@dataclass(frozen=True, slots=True)
class GotoNode(Node):
    then: Way = Way(Move.HANG_UP)


@dataclass(frozen=True, slots=True)
class Flow:
    """One job of the line, in one file. `back` is where `*` leads from its nodes.

    `variant`, where given, is what is spoken from here on (see `LanguageNode`).
    """

    id: str
    title: Mapping[str, str]
    start: str
    nodes: Mapping[str, Node]
    back: Way | None = None
    variant: str | None = None


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is said when a way of speaking is chosen, and when it is taken back."""

    chosen: tuple[Utterance, ...] = ()
    taken_back: tuple[Utterance, ...] = ()


@dataclass(frozen=True, slots=True)
class FlowSet:
    """All flows of the line, and what they share (`line.yaml`)."""

    flows: Mapping[str, Flow]
    languages: tuple[str, ...]
    main: str
    home: Way
    on_error: Way
    numbers: Mapping[str, str]
    home_prefixes: tuple[str, ...] = ()
    speaking: Mapping[Speaking, Announcement] = field(default_factory=dict)
    variant: str = ""

    def node(self, flow: str, node: str = "") -> Node:
        """A node by name; without one, the flow's first."""
        found = self.flows[flow]
        return found.nodes[node or found.start]
