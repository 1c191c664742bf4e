"""Counting numbers that arrive whole, at either of two readings, until the time is up."""

from typing import Any

import numpy as np
import pytest

from bench.voice import digits, sentences
from prompts.clause import Clause


class Listener:
    """Hears the numbers it is told to hear, whatever was said."""

    def __init__(self, *heard: str) -> None:
        self.heard = list(heard)

    def hear(self, sound: Any, language: str, *ways: Any) -> list[str]:
        return [self.heard.pop(0)] * len(ways)


def speak(clauses: list[Clause], rate: float | None) -> bytes:
    return b"\xff" * 1600


def test_a_number_counts_for_each_reading_and_for_either() -> None:
    first, second = list(digits.numbers("account", 2, 21))
    listener = Listener(first, "1", "2", second)
    once, again = digits.measure(
        listener,  # type: ignore[arg-type]
        speak,
        (digits.LINE, digits.LINE_AGAIN),
        "account",
        "zh-CN",
        2,
    )
    assert (once.tried, again.tried) == (2, 2)
    assert once.counts() == [1, 1, 1]
    assert again.counts() == [1, 1, 1]
    assert once.either(again) == [2, 2, 2]
    assert once.missed == [(second, "2")]
    assert once.seconds == pytest.approx(0.4)


def test_no_number_is_begun_after_the_time_is_up() -> None:
    (tally,) = digits.measure(
        Listener(),  # type: ignore[arg-type]
        speak,
        (digits.LINE,),
        "ticket",
        "zh-CN",
        5,
        until=0.0,
    )
    assert tally.tried == 0


def test_no_sentence_is_begun_after_the_time_is_up() -> None:
    found = sentences.measure(
        Listener(),  # type: ignore[arg-type]
        lambda clauses: b"\xff" * 800,
        ["one", "two"],
        "en",
        (0.0, 0.05),
        until=0.0,
    )
    assert {rates.sentences for rates in found.values()} == {0}
    assert np.isfinite([rates.errors for rates in found.values()]).all()
