"""An emergency announcement before everything else: the flows of one call, with it in front.

No instruction of its own and no state: an announcement is a node that speaks, put before the flow
the caller dialled. What is said comes into `announcement.words`, and after it the call goes on as
dialled; or, where only a person is offered, at the menu of that flow, and the line's main menu
leads back there from everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from call_flows.model import (
    Flow,
    FlowSet,
    GotoNode,
    HangUpNode,
    Move,
    Node,
    SayNode,
    Utterance,
    Way,
)

ANNOUNCEMENT = "announcement"
"""The flow of emergency announcements; staff may change its menu like any other."""
WORDS = "words"
"""Its node that says the announcement."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What is said first: prompts, each in every language it has; and what callers can do then."""

    prompts: Sequence[tuple[str, Sequence[str]]]
    person_only: bool = False


def announced(flow_set: FlowSet, dialled: str, first: Announced) -> tuple[FlowSet, str]:
    """The flows of a call that hears an announcement first, and the flow it begins in.

    Keys do not cut it short: they are kept for the menu that follows.
    """
    if dialled not in flow_set.flows:
        dialled = flow_set.main
    said = tuple(
        Utterance(prompt, language=language, barge_in=False)
        for prompt, languages in first.prompts
        for language in flow_set.languages
        if language in languages
    )
    flow = flow_set.flows.get(ANNOUNCEMENT) or _bare(flow_set)
    after = _after_words(flow) if first.person_only else Way(Move.GOTO, dialled)
    place = f"flows.{ANNOUNCEMENT}.nodes.{WORDS}"
    words: Node = SayNode(WORDS, place, 0, said, then=after)
    flow = replace(flow, start=WORDS, nodes={**flow.nodes, WORDS: words})
    flows = {**flow_set.flows, ANNOUNCEMENT: flow}
    if first.person_only:
        flows |= _home_shut(flow_set, after)
    return replace(flow_set, flows=flows), ANNOUNCEMENT


def _bare(flow_set: FlowSet) -> Flow:
    """The least that will do, where staff have taken the flow away."""
    place = f"flows.{ANNOUNCEMENT}.nodes.end"
    end = HangUpNode("end", place, 0, reason="finished")
    return Flow(ANNOUNCEMENT, {}, WORDS, {"end": end})


def _after_words(flow: Flow) -> Way:
    """Where the flow goes on behind its words; a person, where it does not say."""
    words = flow.nodes.get(WORDS)
    if isinstance(words, SayNode) and words.then.move is Move.NODE:
        return words.then
    others = [name for name in flow.nodes if name != WORDS]
    return Way(Move.NODE, flow.id, others[0])


def _home_shut(flow_set: FlowSet, after: Way) -> dict[str, Flow]:
    """The main menu leads to the announcement's menu: nothing else of the line is open."""
    home = flow_set.flows.get(flow_set.home.flow)
    if home is None or home.id == ANNOUNCEMENT:
        return {}
    name = flow_set.home.node or home.start
    menu = home.nodes[name]
    shut = GotoNode(name, menu.place, menu.line, then=Way(Move.GOTO, ANNOUNCEMENT, after.node))
    return {home.id: replace(home, nodes={**home.nodes, name: shut})}
