"""Scripted calls as data: what a caller does, and what must be said in return.

A scenario is a YAML table for people to read and write:

    call: {caller: "13800138000"}
    steps:
      - expect: [greeting, language_choice, greeting, language_choice]
        press: "1"
      - expect: [main_menu]
        press: "3"
        ...
      - expect: [complaint_notice]
        record: {recording: rec1, seconds: 7}
      - expect: [...]
        lookup: {outcome: found, values: {...}}

One step is what is expected of the session (`expect`: prompts in order, a
recording as `replay:<name>`; `waits`: the instruction it ends with, with the
fields that matter) and then one input: `press`, `silence`, `record`,
`record_fails`, `lookup`, `lookup_fails`, `filed`, `filing_fails`, `transfer`,
`hang_up`. Scenarios are read by tests, and kept beside a town's own flows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ruamel.yaml import YAML

from call_flows.instructions import (
    CallerHungUp,
    CallFacts,
    Digits,
    Filed,
    FilingFailed,
    Input,
    Instruction,
    LookupFailed,
    LookupResult,
    NoInput,
    Play,
    Recorded,
    RecordingFailed,
    Replay,
    Say,
    SetLanguage,
    TransferEnded,
)
from call_flows.model import FlowSet
from call_flows.session import Session


class ScenarioError(AssertionError):
    """A scenario cannot be read, or the line did otherwise; says at which step."""


@dataclass(frozen=True, slots=True)
class ScenarioStep:
    """What is expected, then what is given. None: not looked at, or nothing given."""

    expect: tuple[str, ...] | None
    slots: Mapping[str, Any]
    language: str | None
    waits: Mapping[str, Any]
    given: Input | None


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scripted call."""

    title: str
    flow: str
    call: CallFacts
    steps: tuple[ScenarioStep, ...]
    path: tuple[str, ...] = field(default=())  # nodes that must be passed, in this order


def read_scenario(text: str) -> Scenario:
    """Read one scenario; ScenarioError says what is wrong with it."""
    found = YAML(typ="safe", pure=True).load(text)
    if not isinstance(found, dict):
        raise ScenarioError("a scenario is a table with `steps`")
    _known(found, {"title", "flow", "call", "steps", "path"}, "scenario")
    call = found.get("call") or {}
    _known(call, {"caller", "called"}, "call")
    return Scenario(
        title=str(found.get("title", "")),
        flow=str(found.get("flow", "main")),
        call=CallFacts(str(call.get("caller", "")), str(call.get("called", ""))),
        steps=tuple(_step(step, number) for number, step in enumerate(found["steps"], start=1)),
        path=tuple(found.get("path") or ()),
    )


def play(scenario: Scenario, flow_set: FlowSet, *, language: str | None = None) -> Session:
    """Run a scenario; ScenarioError at the first step where the line does otherwise.

    With `language`, every prompt must be in it (the scenario's own word wins).
    """
    session = Session(flow_set, scenario.flow)
    out = session.start(scenario.call)
    steps = []
    for number, step in enumerate(scenario.steps, start=1):
        _compare(out, step, f"{scenario.title}: step {number}", step.language or language)
        steps += session.take_steps()
        if step.given is not None:
            out = session.resume(step.given)
    steps += session.take_steps()
    nodes = [f"{step.flow}.{step.node}" for step in steps]
    rest = iter(nodes)
    for node in scenario.path:
        if node not in rest:
            raise ScenarioError(f"{scenario.title}: {node} is not on the path {nodes}")
    if session.failures:
        raise ScenarioError(f"{scenario.title}: failed inside: {session.failures}")
    return session


def prompts_of(out: Sequence[Instruction]) -> list[str]:
    """What a list of instructions says, by prompt; a recording as `replay:<name>`."""
    return [
        one.content.prompt if isinstance(one.content, Say) else f"replay:{one.content.recording}"
        for one in out
        if isinstance(one, Play)
    ]


def _compare(
    out: Sequence[Instruction], step: ScenarioStep, where: str, language: str | None
) -> None:
    said = prompts_of(out)
    if step.expect is not None and said != list(step.expect):
        raise ScenarioError(f"{where}: expected {list(step.expect)}, heard {said}")
    contents = [one.content for one in out if isinstance(one, Play)]
    slots: dict[str, Any] = {}
    for content in contents:
        if isinstance(content, Replay):
            continue
        slots.update(content.slots)
        if language is not None and content.language != language:
            raise ScenarioError(f"{where}: {content.prompt} in {content.language}")
    for name, value in step.slots.items():
        if slots.get(name) != value:
            raise ScenarioError(f"{where}: {name} is {slots.get(name)!r}, not {value!r}")
    if step.waits:
        last = [one for one in out if not isinstance(one, SetLanguage)][-1:]
        wanted = dict(step.waits)
        kind = wanted.pop("for", None)
        found = type(last[0]).__name__ if last else "nothing"
        if kind is not None and found != kind:
            raise ScenarioError(f"{where}: ends with {found}, not {kind}")
        for name, value in wanted.items():
            if getattr(last[0], name, None) != value:
                raise ScenarioError(f"{where}: {name} of {last[0]} is not {value!r}")


def _step(found: Mapping[str, Any], number: int) -> ScenarioStep:
    _known(found, {"expect", "slots", "language", "waits", *_INPUTS}, f"step {number}")
    given = [name for name in _INPUTS if name in found]
    if len(given) > 1:
        raise ScenarioError(f"step {number}: one input at a time, not {given}")
    waits = found.get("waits") or {}
    expect = found.get("expect")
    return ScenarioStep(
        expect=tuple(expect) if expect is not None else None,
        slots={name: _value(value) for name, value in (found.get("slots") or {}).items()},
        language=found.get("language"),
        waits={"for": waits} if isinstance(waits, str) else waits,
        given=_INPUTS[given[0]](found[given[0]]) if given else None,
    )


def _known(found: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = found.keys() - known
    if unknown:
        raise ScenarioError(f"{where}: unknown {sorted(unknown)}; there are {sorted(known)}")


def _press(value: Any) -> Input:
    keys = str(value)
    if len(keys) > 1 and keys[-1] in "#*":
        return Digits(keys[:-1], keys[-1])
    return Digits(keys)


def _record(value: Mapping[str, Any]) -> Input:
    return Recorded(
        str(value["recording"]), float(value["seconds"]), str(value.get("ended_by", "terminator"))
    )


def _lookup(value: Mapping[str, Any]) -> Input:
    values = {name: _value(one) for name, one in (value.get("values") or {}).items()}
    return LookupResult(str(value["outcome"]), values)


def _value(value: Any) -> Any:
    """YAML's values as services give them; an amount is written as text, `"128.50 yuan"`."""
    if isinstance(value, list):
        return [{name: _value(one) for name, one in item.items()} for item in value]
    if isinstance(value, str) and value.endswith(" yuan"):
        return Decimal(value.removesuffix(" yuan"))
    if isinstance(value, datetime | date | str | int):
        return value
    raise ScenarioError(f"{value!r} is no value a service gives")


_INPUTS: Mapping[str, Callable[[Any], Input]] = {
    "press": _press,
    "silence": lambda _value: NoInput(),
    "record": _record,
    "record_fails": lambda value: RecordingFailed(str(value)),
    "lookup": _lookup,
    "lookup_fails": lambda value: LookupFailed("timeout" if value == "timeout" else "error"),
    "filed": lambda value: Filed(str(value)),
    "filing_fails": lambda value: FilingFailed(str(value)),
    "transfer": lambda value: TransferEnded(value),
    "hang_up": lambda value: CallerHungUp(_record(value) if isinstance(value, dict) else None),  # type: ignore[arg-type]
}
