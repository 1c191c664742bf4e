"""The bench's own arithmetic: a figure is only worth what counts it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.voice.digits import LINE, LINE_AGAIN, numbers
from bench.voice.score import digits, distance, normal_en, normal_zh, syllables
from bench.voice.sentences import sentences
from bench.voice.telephone import PACKET_BYTES, through
from prompts import g711


@pytest.mark.parametrize(
    ("heard", "found"),
    [
        ("您的工单号是2026-1122-0001。", "202611220001"),
        ("二零二六，幺幺二二，零零零一", "202611220001"),
        ("２０２６ 么么", "202611"),
        ("two zero two six, oh one", "202601"),
        ("您的工单号是 52026", "52026"),
        ("no number at all", ""),
        ("三十", "3"),
    ],
)
def test_digits_are_found_however_they_were_written(heard: str, found: str) -> None:
    assert digits(heard) == found


@pytest.mark.parametrize(("said", "heard", "errors"), [("abc", "abc", 0), ("abc", "abd", 1),
    ("abc", "ac", 1), ("abc", "", 3), ("", "ab", 2), ("kitten", "sitting", 3)])  # fmt: skip
def test_the_distance_counts_what_must_be_changed(said: str, heard: str, errors: int) -> None:
    assert distance(said, heard) == errors


@given(st.text(max_size=12), st.text(max_size=12))
def test_the_distance_is_the_same_both_ways_and_nothing_only_between_equals(
    one: str, other: str
) -> None:
    assert distance(one, other) == distance(other, one)
    assert (distance(one, other) == 0) == (one == other)


def test_figures_and_words_count_alike() -> None:
    assert normal_zh("共120元，请按1。") == normal_zh("共一百二十元，请按一。")
    assert normal_en("Press 1 for 120.") == normal_en("press one for one hundred twenty")
    assert syllables("应缴") == syllables("应交")


def test_the_share_of_packets_lost_is_the_share_asked_for() -> None:
    audio = bytes(np.random.default_rng(1).integers(0, 120, PACKET_BYTES * 2000, dtype=np.uint8))
    whole = g711.decode(audio).reshape(-1, PACKET_BYTES)
    for loss in (0.0, 0.01, 0.05):
        heard = through(audio, loss, seed=3).reshape(-1, PACKET_BYTES)
        changed = np.mean((heard != whole).any(axis=1))
        assert changed == pytest.approx(loss, abs=0.012)


def test_each_list_is_long_enough_and_no_sentence_of_the_held_out_one_is_in_the_other() -> None:
    for language in ("zh-CN", "en"):
        usual, held_out = sentences("sentences", language), sentences("held_out", language)
        assert len(set(usual)) >= 60
        assert len(set(held_out)) >= 30
        assert not set(usual) & set(held_out)


def test_numbers_are_the_same_each_time_and_said_as_the_line_says_them() -> None:
    assert list(numbers("ticket", 5, 1)) == list(numbers("ticket", 5, 1))
    assert {len(number) for number in numbers("account", 50, 1)} == {6}
    once = LINE.clauses("ticket", "zh-CN", "202611220001")
    again = LINE_AGAIN.clauses("ticket", "zh-CN", "202611220001")
    assert [len(clause.text) for clause in once[1:]] == [4, 4, 4]
    assert [len(group) for group in again[1].text.split("，")] == [3, 3, 3, 3]
