"""A call tried out: what a caller would do is written down, and the line's answers come back.

The session is a pure function of its inputs, so a trial needs no memory between two keys: the
whole call is run again from its first word, with one input more. Inputs are written as in a
scenario (`{press: "1"}`, `{lookup: {outcome: found, values: {...}}}`), and a trial that went as
wanted becomes a scenario.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from call_flows.hours import Hours, Standing, always_open
from call_flows.instructions import (
    CallFacts,
    Collect,
    Content,
    CreateCallBack,
    FileComplaint,
    HangUp,
    Instruction,
    Lookup,
    Play,
    Record,
    Replay,
    Step,
    Transfer,
)
from call_flows.model import FlowSet
from call_flows.scenario import read_input, written_hours
from call_flows.service_facts import SERVICES
from call_flows.session import Session
from call_flows.variable_types import variable_types
from call_flows.watched import WatchedSession

MOST_INPUTS = 300
Given = Mapping[str, Any]
Waits = Collect | Record | Lookup | FileComplaint | CreateCallBack | Transfer | HangUp


@dataclass(frozen=True, slots=True)
class Turn:
    """What was given (None: the call began), what was said then, and the nodes it passed."""

    given: Given | None
    said: tuple[Content, ...]
    steps: tuple[Step, ...]
    waits: Waits | None


@dataclass(frozen=True, slots=True)
class Trial:
    """A call so far. `at` is where it stands; `variables` are masked where they are secret."""

    flow: str
    call: CallFacts
    turns: tuple[Turn, ...]
    at: tuple[str, str]
    variables: Mapping[str, Any]
    language: str
    finished: bool
    failures: tuple[str, ...]
    hours: Mapping[str, Standing] = field(default_factory=dict)
    """What the schedules that were asked said."""

    @property
    def waits(self) -> Waits | None:
        """What the line waits for now."""
        return self.turns[-1].waits


def hold(
    flow_set: FlowSet,
    flow: str,
    call: CallFacts,
    given: Sequence[Given],
    hours: Hours = always_open,
) -> Trial:
    """Hold a call from its start, the time of day told by `hours`.

    ScenarioError for an input that is none.
    """
    asked: dict[str, Standing] = {}

    def answered(schedule: str) -> Standing:
        return asked.setdefault(schedule, hours(schedule))

    session = WatchedSession(flow_set, flow, hours=answered)
    turns = [_turn(None, session.start(call), session)]
    for one in given[:MOST_INPUTS]:
        if session.finished and turns[-1].waits is None:
            break
        out = session.resume(read_input(one))
        turns.append(_turn(one, out, session))
    names = sorted(variable_types(flow_set, SERVICES))
    return Trial(
        flow,
        call,
        tuple(turns),
        session.at,
        session.known(names),
        session.language,
        session.finished,
        tuple(str(failure) for failure in session.failures),
        asked,
    )


def _turn(given: Given | None, out: Sequence[Instruction], session: Session) -> Turn:
    last = out[-1] if out else None
    return Turn(
        given,
        tuple(one.content for one in out if isinstance(one, Play)),
        tuple(session.take_steps()),
        last if isinstance(last, Waits) else None,
    )


# --- as a scenario


def as_scenario(trial: Trial, title: str) -> str:
    """The trial as the text of a scenario: what was given, and that the same must be said."""
    steps = CommentedSeq()
    for turn, following in zip(trial.turns, (*trial.turns[1:], None), strict=True):
        step = CommentedMap()
        step["expect"] = _line(
            content.prompt if not isinstance(content, Replay) else f"replay:{content.recording}"
            for content in turn.said
        )
        if turn.waits is not None:
            step["waits"] = type(turn.waits).__name__
        if following is not None and following.given is not None:
            for name, value in following.given.items():
                step[name] = _written(value)
        steps.append(step)
    whole = CommentedMap()
    whole["title"] = title
    whole["flow"] = trial.flow
    whole["call"] = _flat({"caller": trial.call.caller, "called": trial.call.called})
    if trial.hours:
        # What the schedules said stays with the call: it is replayed long after they changed.
        whole["hours"] = CommentedMap(
            {name: _flat(written_hours(one)) for name, one in trial.hours.items()}
        )
    whole["steps"] = steps
    # The node at which it stands is not left yet; a scenario's path are those that are.
    path = [f"{step.flow}.{step.node}" for turn in trial.turns for step in turn.steps]
    if path:
        whole["path"] = CommentedSeq(path)
    yaml = YAML(typ="rt", pure=True)
    yaml.width = 10_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    buffer = io.StringIO()
    yaml.dump(whole, buffer)
    return buffer.getvalue()


def _line(words: Any) -> CommentedSeq:
    found = CommentedSeq(list(words))
    found.fa.set_flow_style()
    return found


def _flat(values: Mapping[str, Any]) -> CommentedMap:
    found = CommentedMap({key: _written(value) for key, value in values.items()})
    found.fa.set_flow_style()
    return found


def _written(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value} yuan"
    if isinstance(value, Mapping):
        return CommentedMap({key: _written(inner) for key, inner in value.items()})
    if isinstance(value, list | tuple):
        return CommentedSeq([_written(inner) for inner in value])
    if isinstance(value, bool | int | float | date | datetime):
        return value
    return DoubleQuotedScalarString(str(value))
