"""Playing the scenarios that staff keep: which of them do not go as they went, and where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from sqlalchemy.orm import Session

from call_flows import CallFacts, FlowError, FlowSet, load
from call_flows.instructions import Lookup
from call_flows.scenario import INPUTS, ScenarioError, hours_of, play, read_scenario
from call_flows.trial import Given, Trial, hold
from ivr.records.tables import FlowScenario
from ivr.services import flow_scenarios


@dataclass(frozen=True, slots=True)
class ScenarioFault:
    """A scenario that fails; ``at`` is the node (``flow.node``) at which it did."""

    scenario: FlowScenario
    error: ScenarioError


def faults(session: Session, whole: Mapping[str, str]) -> Iterator[ScenarioFault]:
    """Yield the scenarios that fail with these texts; none where the texts cannot be loaded."""
    rows = flow_scenarios.every(session)
    if not rows:
        return
    try:
        flow_set = load(whole)
    except FlowError:
        return
    for row in rows:
        error = fault(flow_set, row.text)
        if error is not None:
            yield ScenarioFault(row, error)


def fault(flow_set: FlowSet, text: str) -> ScenarioError | None:
    """Return why a scenario fails, or None."""
    try:
        play(read_scenario(text), flow_set)
    except ScenarioError as error:
        return error
    return None


def inputs_of(text: str) -> tuple[str, CallFacts, list[Given]]:
    """Return the flow, the caller and the inputs of a scenario; ScenarioError."""
    scenario = read_scenario(text)
    raw: Any = YAML(typ="safe", pure=True).load(text)
    given: list[Given] = [
        {name: step[name] for name in INPUTS if name in step}
        for step in raw["steps"]
        if any(name in step for name in INPUTS)
    ]
    return scenario.flow, scenario.call, given


def held_again(flow_set: FlowSet, text: str) -> Trial:
    """Hold a scenario's call with other flows; ScenarioError."""
    flow, call, given = inputs_of(text)
    return hold(flow_set, flow, call, given, hours_of(read_scenario(text)))


def services_of(trial: Trial) -> Sequence[str]:
    """Return the services that a call asked, in order."""
    return [turn.waits.service for turn in trial.turns if isinstance(turn.waits, Lookup)]
