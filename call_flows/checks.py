"""What should be looked at in a set of flows that loads: each finding says what to do.

Errors are what a caller would run into (a prompt that is not there, a lookup's
outcome that leads nowhere, a menu without a way to a person); warnings are what
is at least odd (a node nobody reaches). Nothing here raises.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from call_flows.announced import ANNOUNCEMENT
from call_flows.errors import Message
from call_flows.fields import suggestion
from call_flows.graph import Spot, all_said, exits, spots, utterances
from call_flows.model import (
    CallBackNode,
    ChooseNode,
    FileComplaintNode,
    FlowSet,
    HangUpNode,
    HoursNode,
    InputNode,
    LanguageNode,
    ListNode,
    LookupNode,
    MenuNode,
    Move,
    Node,
    RecordNode,
    SetNode,
    TransferNode,
    Utterance,
    Variable,
    Way,
)
from call_flows.routes import Routes, every, onward, silent
from call_flows.service_facts import SERVICES, ServiceFact
from call_flows.variable_types import Types, fits, variable_types


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class PromptFact:
    """What checks need to know of a prompt.

    `languages` are those it has a text in; `slots` are its slots' types;
    `audio` are the languages in which its sound is ready (None: not looked at).
    """

    languages: frozenset[str]
    slots: Mapping[str, str] = field(default_factory=dict)
    audio: frozenset[str] | None = None


PromptFacts = Mapping[str, PromptFact]


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding: what kind, where, and what to do."""

    code: str
    severity: Severity
    place: str
    line: int
    text: Message

    def __str__(self) -> str:
        return f"{self.severity}: {self.place}: line {self.line}: {self.text}"


def check(
    flow_set: FlowSet,
    prompts: PromptFacts,
    services: Mapping[str, ServiceFact] = SERVICES,
    variants: Mapping[str, str] | None = None,
    schedules: Collection[str] | None = None,
) -> list[Issue]:
    """All findings, errors first, each once.

    `variants` are the variants there are, each with its language, `schedules` the codes of the
    schedules (None: not looked at).
    """
    types = variable_types(flow_set, services)
    found: list[Issue] = []
    found += _unreachable(flow_set)
    found += _dead_ends(flow_set)
    found += _loops(flow_set)
    found += _no_person(flow_set)
    for utterance, place in all_said(flow_set):
        found += _prompt(utterance, place, flow_set.languages, prompts, types)
    for _spot, _flow, node in spots(flow_set):
        if isinstance(node, LookupNode):
            found += _lookup(node, services)
        found += _unset(node, types)
    if variants is not None:
        found += _variants(flow_set, variants)
    if schedules is not None:
        found += _schedules(flow_set, schedules)
    return sorted(dict.fromkeys(found), key=lambda i: (i.severity.value, i.place, i.line, i.text))


# --- where ways lead


def _entries(flow_set: FlowSet) -> set[Spot]:
    flows = {flow_set.main, *flow_set.numbers.values()}
    flows |= {ANNOUNCEMENT} & flow_set.flows.keys()  # the line itself sends callers there
    found = {(name, flow_set.flows[name].start) for name in flows}
    for way in (flow_set.home, flow_set.on_error):
        if way.flow:
            found.add((way.flow, way.node or flow_set.flows[way.flow].start))
    return found


def _filers(flow_set: FlowSet) -> set[Spot]:
    """Nodes that run when the caller hangs up."""
    return {
        (flow.id, node.hang_up)
        for _spot, flow, node in spots(flow_set)
        if isinstance(node, InputNode) and node.hang_up
    }


def _unreachable(flow_set: FlowSet) -> Iterator[Issue]:
    routes = Routes(flow_set, every, over_calls=True)
    filers = _filers(flow_set)
    called = routes.reached_from(_entries(flow_set) | filers)
    for flow in flow_set.flows.values():
        if (flow.id, flow.start) not in called:
            yield Issue(
                "unreachable_flow",
                Severity.WARNING,
                f"flows.{flow.id}",
                1,
                Message(
                    "no other flow leads here: it is reached only if the table of called numbers "
                    "names it"
                ),
            )
    starts = {(flow.id, flow.start) for flow in flow_set.flows.values()}
    reached = routes.reached_from(_entries(flow_set) | filers | starts)
    for spot, _flow, node in spots(flow_set):
        if spot not in reached:
            yield Issue(
                "unreachable",
                Severity.WARNING,
                node.place,
                node.line,
                Message("no way leads to this node; lead one here, or remove it"),
            )


def _dead_ends(flow_set: FlowSet) -> Iterator[Issue]:
    routes = Routes(flow_set, onward)
    goals = set(routes.ends) | routes.home()
    for spot, flow, node in spots(flow_set):
        if isinstance(node, TransferNode | HangUpNode):
            goals.add(spot)
        back = node.back or flow.back
        if back is not None and back.move in (Move.RETURN, Move.HANG_UP):
            goals.add(spot)
        if any(found.way.move is Move.RETURN for found in exits(node)):
            goals.add(spot)
    good = routes.reaching(goals)
    for spot, _flow, node in spots(flow_set):
        if spot not in good:
            yield Issue(
                "dead_end",
                Severity.WARNING,
                node.place,
                node.line,
                Message("from here no choice leads on: give the caller a way back or an end"),
            )


def _loops(flow_set: FlowSet) -> Iterator[Issue]:
    nodes = {spot: node for spot, _flow, node in spots(flow_set)}
    for group in Routes(flow_set, silent).loops():
        first = nodes[group[0]]
        names = ", ".join(".".join(spot) for spot in group)
        yield Issue(
            "loop",
            Severity.ERROR,
            first.place,
            first.line,
            Message(
                "a caller who presses nothing goes round for ever (%(nodes)s); lead one of these "
                "to an end or a person",
                nodes=names,
            ),
        )


def _no_person(flow_set: FlowSet) -> Iterator[Issue]:
    routes = Routes(flow_set, lambda node, found: not isinstance(node, InputNode))
    nodes = {spot: node for spot, _flow, node in spots(flow_set)}
    for spot, _flow, node in spots(flow_set):
        if not isinstance(node, MenuNode | ListNode):
            continue
        way = node.choices.get("0") or node.keys.get("0")
        reached = routes.reached_from(routes.targets(spot, way)) if way is not None else set()
        if not any(isinstance(nodes[one], TransferNode) for one in reached):
            yield Issue(
                "no_person",
                Severity.ERROR,
                node.place,
                node.line,
                Message('key 0 does not reach a person here; write keys: {"0": {call: person}}'),
            )


# --- what is said


def _prompt(
    said: Utterance, place: str, languages: tuple[str, ...], prompts: PromptFacts, types: Types
) -> Iterator[Issue]:
    def issue(code: str, severity: Severity, text: Message) -> Issue:
        return Issue(code, severity, place, said.line, text)

    if not said.prompt:
        return
    fact = prompts.get(said.prompt)
    if fact is None:
        near = suggestion(said.prompt, prompts)
        text = Message(
            "there is no prompt %(prompt)r%(hint)s; write its text on the prompts page",
            prompt=said.prompt,
            hint=near,
        )
        yield issue("unknown_prompt", Severity.ERROR, text)
        return
    wanted = (said.language,) if said.language else languages
    for language in wanted:
        if language not in fact.languages:
            text = Message(
                "the prompt %(prompt)r has no text in %(language)s; add the translation",
                prompt=said.prompt,
                language=language,
            )
            yield issue("missing_translation", Severity.ERROR, text)
        elif fact.audio is not None and language not in fact.audio:
            text = Message(
                "the prompt %(prompt)r has no sound in %(language)s yet; render it",
                prompt=said.prompt,
                language=language,
            )
            yield issue("missing_audio", Severity.WARNING, text)
    for slot in sorted(fact.slots.keys() - said.slots.keys()):
        text = Message(
            "the prompt %(prompt)r needs %(slot)r; add it to `with`", prompt=said.prompt, slot=slot
        )
        yield issue("slot_not_filled", Severity.ERROR, text)
    for slot, variable in said.slots.items():
        kind = fact.slots.get(slot)
        if kind is None:
            near = suggestion(slot, fact.slots)
            text = Message(
                "the prompt %(prompt)r has no slot %(slot)r%(hint)s; remove it from `with`",
                prompt=said.prompt,
                slot=slot,
                hint=near,
            )
            yield issue("unknown_slot", Severity.ERROR, text)
            continue
        for given in sorted(types.get(variable, ())):
            if not fits(kind, given):
                text = Message(
                    "%(variable)r is %(given)s, but the prompt %(prompt)r says %(slot)r as "
                    "%(kind)s; change one of them",
                    variable=variable,
                    given=_named(given),
                    prompt=said.prompt,
                    slot=slot,
                    kind=kind,
                )
                yield issue("slot_type", Severity.ERROR, text)
            elif kind == "phrase" and given.startswith("=") and given != "=":
                phrase = f"phrase.{given[1:]}"
                if phrase not in prompts:
                    text = Message(
                        "%(variable)r may be %(word)r, and there is no prompt %(prompt)r",
                        variable=variable,
                        word=given[1:],
                        prompt=phrase,
                    )
                    yield issue("unknown_prompt", Severity.ERROR, text)


def _variants(flow_set: FlowSet, variants: Mapping[str, str]) -> Iterator[Issue]:
    """Every variant that is named exists, and beside its own language."""
    named = [("line.variant", 0, flow_set.variant, "")]
    named += [(f"flows.{f.id}.variant", 0, f.variant or "", "") for f in flow_set.flows.values()]
    named += [
        (node.place, node.line, node.variant or "", node.language)
        for _spot, _flow, node in spots(flow_set)
        if isinstance(node, LanguageNode)
    ]
    for place, line, variant, language in named:
        if not variant:
            continue
        if variant not in variants:
            text = Message(
                "there is no variant %(variant)r%(hint)s; make it on the page of variants",
                variant=variant,
                hint=suggestion(variant, variants),
            )
            yield Issue("unknown_variant", Severity.ERROR, place, line, text)
        elif language and variants[variant] != language:
            text = Message(
                "the variant %(variant)r is one of %(its)s, and this node speaks %(language)s",
                variant=variant,
                its=variants[variant],
                language=language,
            )
            yield Issue("variant_language", Severity.ERROR, place, line, text)


def _schedules(flow_set: FlowSet, schedules: Collection[str]) -> Iterator[Issue]:
    """Every schedule that is named exists."""
    for _spot, _flow, node in spots(flow_set):
        if isinstance(node, HoursNode) and node.schedule not in schedules:
            text = Message(
                "there is no schedule %(schedule)r%(hint)s, so it is always open here; make it on "
                "the page of schedules",
                schedule=node.schedule,
                hint=suggestion(node.schedule, schedules),
            )
            yield Issue("unknown_schedule", Severity.ERROR, node.place, node.line, text)


def _named(kind: str) -> Message:
    if kind.startswith("="):
        return Message("the word %(word)r", word=kind[1:])
    return Message("of the type %(kind)s", kind=kind)


# --- variables and services


def _unset(node: Node, types: Types) -> Iterator[Issue]:
    for name, line in _used(node):
        if name not in types:
            yield Issue(
                "unset_variable",
                Severity.ERROR,
                node.place,
                line,
                Message(
                    "nothing sets the variable %(name)r%(hint)s",
                    name=name,
                    hint=suggestion(name, types),
                ),
            )


def _used(node: Node) -> Iterator[tuple[str, int]]:
    """Every variable a node reads, with the line."""
    for said in utterances(node):
        for name in said.slots.values():
            yield name, said.line
        if said.replay:
            yield said.replay, said.line
        if said.when is not None:
            yield said.when.variable, said.line
    ways: list[Way] = [found.way for found in exits(node)]
    for values, line in [(way.values, way.line) for way in ways] + (
        [(node.values, node.line)] if isinstance(node, SetNode) else []
    ):
        for source in values.values():
            if isinstance(source, Variable):
                yield source.name, line
    names: list[str] = []
    if isinstance(node, LookupNode):
        names += node.arguments.values()
    if isinstance(node, ChooseNode):
        names += [condition.variable for condition, _way in node.cases]
    if isinstance(node, ListNode):
        names.append(node.items)
    if isinstance(node, RecordNode) and node.category:
        names.append(node.category)
    if isinstance(node, FileComplaintNode):
        names += [node.category, node.recording, node.number]
    if isinstance(node, CallBackNode):
        names += [node.recording, node.number]
    for name in names:
        yield name, node.line


def _lookup(node: LookupNode, services: Mapping[str, ServiceFact]) -> Iterator[Issue]:
    def issue(code: str, text: Message) -> Issue:
        return Issue(code, Severity.ERROR, node.place, node.line, text)

    fact = services.get(node.service)
    name = node.service
    if fact is None:
        near = suggestion(name, services)
        text = Message("there is no service %(service)r%(hint)s", service=name, hint=near)
        yield issue("unknown_service", text)
        return
    for outcome in sorted(fact.outcomes.keys() - node.outcomes.keys()):
        text = Message(
            "%(service)s may answer %(outcome)r; write on.%(outcome)s",
            service=name,
            outcome=outcome,
        )
        yield issue("outcome_unhandled", text)
    for outcome in sorted(node.outcomes.keys() - fact.outcomes.keys()):
        text = Message(
            "%(service)s never answers %(outcome)r%(hint)s; remove on.%(outcome)s",
            service=name,
            outcome=outcome,
            hint=suggestion(outcome, fact.outcomes),
        )
        yield issue("outcome_unknown", text)
    for argument in sorted(fact.needs - node.arguments.keys()):
        text = Message(
            "%(service)s needs %(argument)r; add it to `with`", service=name, argument=argument
        )
        yield issue("argument_missing", text)
    for argument in sorted(node.arguments.keys() - fact.needs - fact.takes):
        text = Message(
            "%(service)s takes no %(argument)r%(hint)s",
            service=name,
            argument=argument,
            hint=suggestion(argument, fact.needs | fact.takes),
        )
        yield issue("argument_unknown", text)
