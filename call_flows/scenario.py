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
`hang_up`. `hours: {office: closed}` says how the schedules stood; all others are
open. Scenarios are read by tests, and kept beside a town's own flows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from call_flows.errors import Message
from call_flows.hours import Hours, Said, Standing, always_open
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
from call_flows.source import MAX_CHARACTERS, outsized
from call_flows.watched import WatchedSession


class ScenarioError(AssertionError):
    """A scenario cannot be read, or the line did otherwise.

    `message` says at which step and what; `at` is the node at which the call stood, as
    `flow.node`, where it came to that.
    """

    def __init__(self, template: str, /, **params: object) -> None:
        self.message = Message(template, **params)
        self.at = ""
        super().__init__(self.message)


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
    hours: Mapping[str, Standing] = field(default_factory=dict)  # others are open


def read_scenario(text: str) -> Scenario:
    """Read one scenario; ScenarioError says what is wrong with it."""
    found = _loaded(text)
    if not isinstance(found, dict):
        raise ScenarioError("a scenario is a table with `steps`")
    _known(found, {"title", "flow", "call", "hours", "steps", "path"}, Message("scenario"))
    call, steps = found.get("call") or {}, found.get("steps")
    if not isinstance(call, dict) or not isinstance(steps, list):
        raise ScenarioError("a scenario is a table with `steps`")
    _known(call, {"caller", "called"}, Message("call"))
    return Scenario(
        title=str(found.get("title", "")),
        flow=str(found.get("flow", "main")),
        call=CallFacts(str(call.get("caller", "")), str(call.get("called", ""))),
        steps=tuple(_step(step, number) for number, step in enumerate(steps, start=1)),
        path=tuple(found.get("path") or ()),
        hours=_hours(found.get("hours") or {}),
    )


def _loaded(text: str) -> Any:
    """The values of one YAML document, nothing in it twice by an alias; ScenarioError."""
    try:
        text.encode()
        if len(text) > MAX_CHARACTERS:
            raise ValueError(f"longer than {MAX_CHARACTERS} characters")
        if outsized(text):
            raise ValueError("nested too deep")
        for event in YAML(typ="safe", pure=True).parse(text):
            # What stands for itself ten times over at each of ten levels is written for hours.
            if type(event).__name__ == "AliasEvent":
                raise ValueError("anchors and aliases (& and *) are not allowed; write it out")
        return YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError, TypeError) as error:
        reason = str(error).splitlines()[0] if str(error) else repr(error)
        raise ScenarioError("not YAML: %(reason)s", reason=reason) from None


def read_input(given: Mapping[str, Any]) -> Input:
    """One input as a scenario writes it: `{press: "1"}`; ScenarioError."""
    step = _step(given, 1)
    if step.given is None:
        raise ScenarioError("one of %(inputs)s is wanted", inputs=", ".join(_INPUTS))
    return step.given


def _hours(found: Any) -> dict[str, Standing]:
    """`{office: closed}`, or `{office: {open: false, opens: 2026-11-23 09:00:00+08:00}}`."""
    try:
        return {str(name): _standing(one) for name, one in found.items()}
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise ScenarioError(
            "hours: %(reason)s; write {office: closed}, or open", reason=repr(error)
        ) from None


def _standing(found: Any) -> Standing:
    if isinstance(found, str):
        return Said(open={"open": True, "closed": False}[found])
    times = {name: found.get(name) for name in ("opens", "closes")}
    wrong = found.keys() - {"open", *times}
    if wrong or not all(one is None or isinstance(one, datetime) for one in times.values()):
        raise ValueError(str(found))
    return Said(open=bool(found["open"]), **times)


def written_hours(standing: Standing) -> dict[str, Any]:
    """A standing as a scenario writes it."""
    times = {"opens": standing.opens, "closes": standing.closes}
    return {"open": standing.open, **{name: one for name, one in times.items() if one}}


def hours_of(scenario: Scenario) -> Hours:
    """The hours by which a scenario is played: what it does not say is open."""
    return lambda schedule: scenario.hours.get(schedule) or always_open(schedule)


def play(scenario: Scenario, flow_set: FlowSet, *, language: str | None = None) -> Session:
    """Run a scenario; ScenarioError at the first step where the line does otherwise.

    With `language`, every prompt must be in it (the scenario's own word wins).
    """
    session = WatchedSession(flow_set, scenario.flow, hours=hours_of(scenario))
    try:
        _play(scenario, session, language)
    except ScenarioError as error:
        error.at = session.stands
        raise
    return session


def _play(scenario: Scenario, session: WatchedSession, language: str | None) -> None:
    out = session.start(scenario.call)
    steps = []
    for number, step in enumerate(scenario.steps, start=1):
        where = Message("%(title)s: step %(number)s", title=scenario.title, number=number)
        _compare(out, step, where, step.language or language)
        steps += session.take_steps()
        if step.given is not None:
            out = session.resume(step.given)
    steps += session.take_steps()
    nodes = [f"{step.flow}.{step.node}" for step in steps]
    rest = iter(nodes)
    for node in scenario.path:
        if node not in rest:
            raise ScenarioError(
                "%(title)s: %(node)s is not on the path %(path)s",
                title=scenario.title,
                node=node,
                path=nodes,
            )
    if session.failures:
        raise ScenarioError(
            "%(title)s: failed inside: %(failures)s",
            title=scenario.title,
            failures=session.failures,
        )


def prompts_of(out: Sequence[Instruction]) -> list[str]:
    """What a list of instructions says, by prompt; a recording as `replay:<name>`."""
    return [
        one.content.prompt if isinstance(one.content, Say) else f"replay:{one.content.recording}"
        for one in out
        if isinstance(one, Play)
    ]


def _compare(
    out: Sequence[Instruction], step: ScenarioStep, where: Message, language: str | None
) -> None:
    said = prompts_of(out)
    if step.expect is not None and said != list(step.expect):
        raise ScenarioError(
            "%(where)s: expected %(expected)s, heard %(heard)s",
            where=where,
            expected=list(step.expect),
            heard=said,
        )
    contents = [one.content for one in out if isinstance(one, Play)]
    slots: dict[str, Any] = {}
    for content in contents:
        if isinstance(content, Replay):
            continue
        slots.update(content.slots)
        if language is not None and content.language != language:
            raise ScenarioError(
                "%(where)s: %(prompt)s in %(language)s",
                where=where,
                prompt=content.prompt,
                language=content.language,
            )
    for name, value in step.slots.items():
        if slots.get(name) != value:
            raise ScenarioError(
                "%(where)s: %(name)s is %(found)s, not %(wanted)s",
                where=where,
                name=name,
                found=repr(slots.get(name)),
                wanted=repr(value),
            )
    if step.waits:
        _compare_waits(out, dict(step.waits), where)


def _compare_waits(out: Sequence[Instruction], wanted: dict[str, Any], where: Message) -> None:
    last = [one for one in out if not isinstance(one, SetLanguage)][-1:]
    kind = wanted.pop("for", None)
    found = type(last[0]).__name__ if last else "nothing"
    if kind is not None and found != kind:
        raise ScenarioError(
            "%(where)s: ends with %(found)s, not %(wanted)s",
            where=where,
            found=found,
            wanted=kind,
        )
    for name, value in wanted.items():
        if not last or getattr(last[0], name, None) != value:
            raise ScenarioError(
                "%(where)s: %(name)s of %(found)s is not %(wanted)s",
                where=where,
                name=name,
                found=last[0] if last else found,
                wanted=repr(value),
            )


def _step(found: Any, number: int) -> ScenarioStep:
    place = Message("step %(number)s", number=number)
    if not isinstance(found, dict):
        raise ScenarioError("%(where)s: a table is wanted", where=place)
    _known(found, {"expect", "slots", "language", "waits", *_INPUTS}, place)
    given = [name for name in _INPUTS if name in found]
    if len(given) > 1:
        raise ScenarioError(
            "%(where)s: one input at a time, not %(given)s", where=place, given=given
        )
    waits = found.get("waits") or {}
    expect = found.get("expect")
    try:
        read = _INPUTS[given[0]](found[given[0]]) if given else None
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise ScenarioError(
            "%(where)s: %(input)s cannot be read: %(reason)s",
            where=place,
            input=given[0],
            reason=repr(error),
        ) from None
    return ScenarioStep(
        expect=tuple(expect) if expect is not None else None,
        slots={name: _value(value) for name, value in (found.get("slots") or {}).items()},
        language=found.get("language"),
        waits={"for": waits} if isinstance(waits, str) else waits,
        given=read,
    )


def _known(found: Mapping[str, Any], known: set[str], where: Message) -> None:
    unknown = found.keys() - known
    if unknown:
        raise ScenarioError(
            "%(where)s: unknown %(unknown)s; there are %(known)s",
            where=where,
            unknown=sorted(map(str, unknown)),
            known=sorted(known),
        )


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
    if isinstance(value, datetime | date | str | int | Decimal):
        return value
    raise ScenarioError("%(value)s is no value a service gives", value=repr(value))


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
INPUTS = tuple(_INPUTS)
"""What a step may give, by name."""
