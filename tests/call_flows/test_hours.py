"""A node that branches by a schedule: told to the session, checked, tried, kept and replayed."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from call_flows import CallFacts, FlowError, PromptFact, Session, check, default_texts, load
from call_flows.hours import Said
from call_flows.instructions import Collect, Digits, Play, Say, Transfer
from call_flows.picture import picture
from call_flows.scenario import ScenarioError, play, prompts_of, read_scenario
from call_flows.simulator import simulate
from call_flows.trial import as_scenario, hold

LINE = load(default_texts())
MONDAY = datetime(2026, 11, 23, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
CLOSED = Said(open=False, opens=MONDAY)


def line(on: str, rest: str = "") -> str:
    return f"""
spec_version: 1
start: by_hours
nodes:
  by_hours:
    kind: hours
    schedule: office
    {rest}
    on: {on}
  day: {{kind: hang_up, say: day}}
  night: {{kind: hang_up, say: night}}
"""


def test_a_line_that_is_told_no_hours_is_open() -> None:
    out = Session(LINE, "person").start(CallFacts("13800138000"))
    assert isinstance(out[-1], Transfer)


def test_zero_out_of_hours_says_when_people_are_there_and_offers_a_message() -> None:
    asked = []

    def hours(schedule: str) -> Said:
        asked.append(schedule)
        return CLOSED

    session = Session(LINE, "person", hours=hours)
    out = session.start(CallFacts("13800138000"))
    assert asked == ["office"]
    assert prompts_of(out) == ["person_closed_until", "message_offer_closed"]
    first = out[0]
    assert isinstance(first, Play)
    assert isinstance(first.content, Say)
    assert first.content.slots == {"day": MONDAY, "weekday": MONDAY, "time": MONDAY}
    assert isinstance(out[-1], Collect)
    assert prompts_of(session.resume(Digits("1"))) == ["message_notice"]
    assert session.take_steps()[0].outcome == "closed"


def test_zero_with_no_opening_in_sight_says_no_day() -> None:
    out = Session(LINE, "person", hours=lambda _: Said(open=False)).start(CallFacts())
    assert prompts_of(out) == ["person_closed", "message_offer_closed"]


def test_the_schedule_is_asked_anew_each_time_a_caller_comes_by() -> None:
    answers = iter([CLOSED, Said()])
    session = Session(LINE, "person", hours=lambda _: next(answers))
    session.start(CallFacts())
    assert isinstance(session.resume(Digits("0"))[-1], Transfer)


def test_what_hours_need_is_named_with_its_place() -> None:
    with pytest.raises(FlowError) as caught:
        load({"main": line("{open: day}")})
    assert "flows.main.nodes.by_hours" in str(caught.value)
    assert "'closed' is missing" in str(caught.value)
    with pytest.raises(FlowError, match="unknown key 'shut'"):
        load({"main": line("{open: day, closed: night, shut: day}")})


def test_a_schedule_nobody_made_is_an_error_and_the_next_name_is_offered() -> None:
    flows = load({"main": line("{open: day, closed: night}").replace("office", "offce")})
    prompts = {name: PromptFact(frozenset({"zh-CN", "en"})) for name in ("day", "night")}
    found = check(flows, prompts, schedules=["office"])
    assert [issue.code for issue in found] == ["unknown_schedule"]
    assert "did you mean 'office'?" in found[0].text
    assert check(flows, prompts) == []  # where nobody knows the schedules, none is judged


def test_the_picture_has_an_arrow_for_open_and_one_for_closed() -> None:
    arrows = picture(LINE.flows["person"]).arrows
    found = {one.label: one.target for one in arrows if one.source == "in_hours"}
    assert found == {"open": "connect", "closed": "offer_closed"}


def test_a_kept_call_goes_as_it_went_whatever_the_schedule_says_later() -> None:
    trial = hold(LINE, "person", CallFacts("13800138000"), [{"press": "1"}], lambda _: CLOSED)
    text = as_scenario(trial, "At night")
    scenario = read_scenario(text)
    assert scenario.hours["office"] == CLOSED
    play(scenario, LINE)
    with pytest.raises(ScenarioError, match="expected"):
        play(read_scenario(text.replace("open: false", "open: true")), LINE)


def test_a_scenario_says_how_a_schedule_stands_in_a_word() -> None:
    text = "flow: person\nhours: {office: closed}\nsteps:\n  - expect: [person_closed, {}]\n"
    play(read_scenario(text.replace("{}", "message_offer_closed")), LINE)
    for wrong in ("{office: shut}", "{office: {opens: soon, open: true}}", "[office]", "{o: {}}"):
        with pytest.raises(ScenarioError, match="hours"):
            read_scenario(f"hours: {wrong}\nsteps: []\n")


def test_the_terminal_goes_by_the_hours_it_is_given() -> None:
    said: list[str] = []

    def say(prompt: str, _slots: object, _language: str) -> str:
        said.append(prompt)
        return prompt

    path = simulate(
        LINE,
        say=say,
        lookups=lambda *_: ("none", {}),
        keys="1 0 h",
        out=lambda _line: None,
        hours=lambda _: CLOSED,
    )
    assert "person_closed_until" in said
    assert ("person", "in_hours", "closed") in [(s.flow, s.node, s.outcome) for s in path]
