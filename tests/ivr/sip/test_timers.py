"""The queue of timers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ivr.sip.timers import Timer, TimerQueue


def test_actions_run_in_order_of_time_then_of_setting() -> None:
    queue, ran = TimerQueue(), []
    for name, at in (("late", 2.0), ("first", 1.0), ("second", 1.0)):
        queue.set(at, lambda now, name=name: ran.append((name, now)))
    queue.run(1.5)
    assert ran == [("first", 1.5), ("second", 1.5)]
    assert queue.next_deadline() == 2.0


def test_a_cancelled_timer_neither_runs_nor_is_waited_for() -> None:
    queue, ran = TimerQueue(), []
    timer = queue.set(1.0, ran.append)
    timer.cancel()
    timer.cancel()
    assert queue.next_deadline() is None
    assert len(queue) == 0
    queue.run(10.0)
    assert not ran


def test_what_an_action_sets_for_now_runs_at_once() -> None:
    queue, ran = TimerQueue(), []
    queue.set(1.0, lambda now: queue.set(now, ran.append))
    queue.run(1.0)
    assert ran == [1.0]


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=300))
def test_exactly_the_uncancelled_timers_run_each_once(plan: list[tuple[int, bool]]) -> None:
    queue, ran = TimerQueue(), []
    timers: list[Timer] = []
    for index, (at, _) in enumerate(plan):
        timers.append(queue.set(float(at), lambda now, index=index: ran.append(index)))
    for timer, (_, cancelled) in zip(timers, plan, strict=True):
        if cancelled:
            timer.cancel()
    wanted = sorted(
        (index for index, (_, cancelled) in enumerate(plan) if not cancelled),
        key=lambda index: (plan[index][0], index),
    )
    assert len(queue) == len(wanted)
    queue.run(100.0)
    assert ran == wanted
    assert len(queue) == 0


def test_cancelled_timers_do_not_fill_the_memory() -> None:
    queue = TimerQueue()
    for index in range(10_000):
        queue.set(1000.0 + index, lambda now: None).cancel()
    assert len(queue._heap) < 200
