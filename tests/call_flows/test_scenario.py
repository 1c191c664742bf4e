"""Scenarios notice when the line does otherwise; else no scenario could fail."""

import pytest

from call_flows import default_texts, load
from call_flows.scenario import ScenarioError, play, read_scenario

LINE = load(default_texts())
GOOD = """
title: t
path: [main.greeting, main.menu]
steps:
  - {expect: [greeting, language_choice, greeting, language_choice], waits: Collect, press: "2"}
  - {expect: [main_menu], language: en, waits: {for: Collect, max_digits: 1}, press: "1"}
  - {expect: [bill_ask_account]}
"""


def test_a_scenario_that_fits_passes() -> None:
    assert play(read_scenario(GOOD), LINE).language == "en"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[main_menu]", "[bill_menu]", "step 2: expected"),
        ("language: en", "language: zh-CN", "main_menu in en"),
        ("max_digits: 1", "max_digits: 2", "max_digits of"),
        ("waits: Collect", "waits: Record", "ends with Collect, not Record"),
        ("main.menu]", "main.english, main.greeting]", "main.greeting is not on the path"),
        ("[bill_ask_account]", "[bill_ask_account], slots: {x: 1}", "x is None, not 1"),
    ],
)
def test_a_difference_is_told_with_its_step(old: str, new: str, told: str) -> None:
    assert old in GOOD
    with pytest.raises(ScenarioError, match=told.replace("[", r"\[")):
        play(read_scenario(GOOD.replace(old, new)), LINE)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- a", "a table"),
        ("steps: [{pres: 1}]", "unknown"),
        ("steps: [{press: 1, silence: true}]", "one input at a time"),
        ("steps: [{lookup: {outcome: found, values: {a: 1.5}}}]", "no value a service gives"),
        ("stesp: []", "unknown"),
    ],
)
def test_a_scenario_that_cannot_be_read_is_refused(text: str, told: str) -> None:
    with pytest.raises(ScenarioError, match=told):
        read_scenario(text)


def test_a_failure_inside_the_session_fails_the_scenario() -> None:
    text = GOOD + '    press: "880123#"\n  - {lookup: {outcome: found}}\n'
    with pytest.raises(ScenarioError, match="failed inside"):
        play(
            read_scenario(
                text.replace("{expect: [bill_ask_account]}", "expect: [bill_ask_account]")
            ),
            LINE,
        )


def test_a_scenario_with_aliases_is_refused_before_they_are_written_out() -> None:
    """Found by fuzzing: the text of a title may be a list that holds itself a billion times."""
    levels = ["&a0 [l, l]", *(f"&a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))]
    with pytest.raises(ScenarioError, match="anchors and aliases"):
        read_scenario(f"title: [{', '.join(levels)}]\nsteps: []\n")
