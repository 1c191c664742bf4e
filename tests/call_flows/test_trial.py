"""A call tried out, run again from its first word with every input."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from call_flows import CallFacts, default_texts, load
from call_flows.instructions import Collect, HangUp, Lookup
from call_flows.scenario import ScenarioError, play, read_scenario
from call_flows.trial import as_scenario, hold

LINE = load(default_texts())
CALL = CallFacts("13800138000", "12345")
FOUND = {
    "lookup": {
        "outcome": "found",
        "values": {
            "account": "880456",
            "kind": "water",
            "amount": Decimal("36.00"),
            "due": date(2026, 12, 5),
            "state": "unpaid",
            "count": 1,
        },
    }
}
BILL = [
    {"press": "2"},
    {"press": "1"},
    {"press": "880456#"},
    {"lookup": {"outcome": "code_needed"}},
    {"press": "4321#"},
    FOUND,
]


def test_a_trial_tells_what_is_said_where_it_stands_and_what_it_waits_for() -> None:
    trial = hold(LINE, "main", CALL, BILL[:1])
    assert [one.prompt for one in trial.turns[0].said][:2] == ["greeting", "language_choice"]
    assert [one.language for one in trial.turns[1].said] == ["en"]
    assert trial.at == ("main", "menu")
    assert isinstance(trial.waits, Collect)
    assert [step.node for step in trial.turns[1].steps] == ["greeting", "english"]


def test_a_trial_shows_what_is_known_and_masks_what_is_secret() -> None:
    trial = hold(LINE, "main", CALL, BILL)
    assert trial.variables["account"] == "880456"
    assert trial.variables["bill.amount"] == Decimal("36.00")
    assert trial.variables["code"] == "****"
    assert "4321" not in repr([turn.steps for turn in trial.turns])


def test_a_trial_goes_on_to_the_end_and_not_beyond() -> None:
    trial = hold(LINE, "main", CALL, [{"press": "1"}, {"hang_up": True}, {"press": "1"}])
    assert trial.finished
    assert len(trial.turns) == 3
    trial = hold(LINE, "main", CALL, [{"press": "2"}, {"press": "1"}, {"press": "880123#"}])
    assert isinstance(trial.waits, Lookup)
    ended = hold(LINE, "person", CALL, [{"transfer": "answered"}])
    assert isinstance(ended.waits, HangUp)


@pytest.mark.parametrize("given", [{}, {"sing": 1}, {"press": "1", "silence": True}, {"lookup": 3}])
def test_an_input_that_is_none_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(ScenarioError):
        hold(LINE, "main", CALL, [given])


def test_a_trial_becomes_a_scenario_that_passes_and_can_fail() -> None:
    text = as_scenario(hold(LINE, "main", CALL, BILL), "A protected account")
    scenario = read_scenario(text)
    assert scenario.title == "A protected account"
    assert play(scenario, LINE).language == "en"
    changed = default_texts()
    changed["bills"] = changed["bills"].replace("found: tell\n", "found: after\n")
    with pytest.raises(ScenarioError, match="expected") as caught:
        play(scenario, load(changed))
    assert caught.value.at == "bills.after"


def test_a_recording_and_a_filing_become_a_scenario_too() -> None:
    given = [
        {"press": "1"},
        {"press": "3"},
        {"press": "2"},
        {"record": {"recording": "spoken", "seconds": 6}},
        {"press": "2"},
        {"press": "1"},
        {"press": "1"},
        {"filed": "202611220001"},
        {"silence": True},
        {"hang_up": True},
    ]
    trial = hold(LINE, "main", CALL, given)
    play(read_scenario(as_scenario(trial, "Roads")), LINE)
    assert ("complaint", "file_unfinished") not in [(s.flow, s.node) for s in trial.turns[-1].steps]
