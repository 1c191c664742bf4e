"""Gathering keys: lengths, terminators and the two clocks."""

from call_flows.instructions import Collect, Digits, NoInput
from ivr.responder.collector import Collector


def collect(*, max_digits: int = 6, terminators: str = "#") -> Collect:
    return Collect(
        max_digits=max_digits,
        min_digits=1,
        terminators=terminators,
        no_input_timeout_s=5.0,
        inter_digit_timeout_s=3.0,
    )


def test_the_longest_entry_ends_by_itself() -> None:
    collector = Collector(collect(max_digits=2), started=0.0)
    assert collector.press("1", 1.0) is None
    assert collector.press("2", 2.0) == Digits("12")


def test_a_terminator_ends_the_entry_and_is_not_part_of_it() -> None:
    collector = Collector(collect(), started=0.0)
    collector.press("8", 1.0)
    assert collector.press("#", 1.5) == Digits("8", ended_by="#")


def test_a_terminator_alone_is_an_empty_entry() -> None:
    assert Collector(collect(), started=0.0).press("#", 0.1) == Digits("", ended_by="#")


def test_without_terminators_a_pound_key_counts() -> None:
    collector = Collector(collect(max_digits=1, terminators=""), started=0.0)
    assert collector.press("#", 0.1) == Digits("#")


def test_no_clock_runs_while_the_prompt_plays() -> None:
    collector = Collector(collect(), started=None)
    assert collector.deadline is None
    collector.playback_ended(7.0)
    assert collector.deadline == 12.0


def test_each_key_gives_the_caller_the_pause_between_keys_again() -> None:
    collector = Collector(collect(), started=0.0)
    collector.press("1", 4.0)
    assert collector.deadline == 7.0
    collector.press("2", 6.5)
    assert collector.deadline == 9.5


def test_silence_is_no_input_and_a_pause_after_keys_is_an_entry() -> None:
    collector = Collector(collect(), started=0.0)
    assert collector.expire() == NoInput()
    collector.press("4", 1.0)
    assert collector.expire() == Digits("4")
