"""The tables of the four state machines, looked at as data."""

from __future__ import annotations

import pytest

from ivr.sip.machines import Input, Machine, State, machines, timer_rules

by_name = pytest.mark.parametrize("machine", machines, ids=lambda machine: str(machine.name))


def states(machine: Machine) -> set[State]:
    return {machine.start} | {state for state, _ in machine.transitions.values()}


@by_name
def test_every_state_can_be_reached_and_left(machine: Machine) -> None:
    reached, frontier = {machine.start}, [machine.start]
    while frontier:
        state = frontier.pop()
        for (before, _), (after, _) in machine.transitions.items():
            if before is state and after not in reached:
                reached.add(after)
                frontier.append(after)
    assert {before for before, _ in machine.transitions} <= reached
    assert State.TERMINATED in reached


@by_name
def test_nothing_leads_out_of_the_end(machine: Machine) -> None:
    assert not any(before is State.TERMINATED for before, _ in machine.transitions)


@by_name
def test_a_timer_runs_exactly_where_the_table_knows_what_it_does(machine: Machine) -> None:
    running = {(state, timer) for state, timers in machine.timers.items() for timer in timers}
    handled = {key for key in machine.transitions if key[1] in timer_rules}
    assert running == handled


@by_name
def test_a_state_after_the_final_answer_ends_by_a_timer(machine: Machine) -> None:
    for state in states(machine) & {State.COMPLETED, State.CONFIRMED, State.ACCEPTED}:
        ends = [
            timer
            for timer in machine.timers[state]
            if machine.transitions[state, timer][0] is State.TERMINATED
        ]
        assert ends


@pytest.mark.rfc("3261 §A")
def test_every_timer_of_table_4_has_its_rule() -> None:
    timers = {each for each in Input if each.name.startswith("TIMER_")}
    assert set(timer_rules) == timers
