"""Sequence, loss and jitter of one source."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.rtp.reception import Reception


def received(*sequences: int) -> Reception:
    reception = Reception(sequences[0])
    for sequence in sequences:
        reception.take(sequence)
    return reception


@pytest.mark.rfc("3550 §A.1")
def test_a_single_packet_is_on_probation_and_counts_for_nothing():
    reception = Reception(7)
    assert not reception.take(7)
    assert (reception.expected, reception.received, reception.lost) == (0, 0, 0)


@pytest.mark.rfc("3550 §A.1")
def test_two_packets_in_sequence_make_a_source():
    reception = received(7, 8)
    assert (reception.expected, reception.received) == (1, 1)


def test_a_stray_packet_during_probation_begins_it_anew():
    assert received(7, 100, 101).received == 1
    assert received(7, 100).received == 0


def test_missing_packets_are_lost():
    reception = received(1, 2, 3, 6, 7)
    assert (reception.expected, reception.received, reception.lost) == (6, 4, 2)


def test_late_packets_are_not_lost():
    assert received(1, 2, 3, 5, 4, 6).lost == 0


@pytest.mark.rfc("3550 §A.3")
def test_duplicates_may_bring_the_loss_below_zero():
    assert received(1, 2, 3, 3, 4).lost == -1


@pytest.mark.rfc("3550 §A.1")
def test_the_sequence_goes_on_after_65535():
    reception = received(65_533, 65_534, 65_535, 0, 1, 2)
    assert reception.extended_highest == 0x1_0002
    assert reception.lost == 0


@pytest.mark.rfc("3550 §A.1")
def test_a_gap_across_65535_is_counted_right():
    reception = received(65_533, 65_534, 1, 2)
    assert (reception.expected, reception.lost) == (5, 2)


@pytest.mark.rfc("3550 §A.1")
def test_a_wild_jump_is_believed_only_when_it_goes_on():
    reception = received(1, 2, 3)
    assert not reception.take(30_000)
    assert reception.take(4)
    assert (reception.lost, reception.highest) == (0, 4)
    assert not reception.take(40_000)
    assert reception.take(40_001)
    assert (reception.highest, reception.lost) == (40_001, 0)


@pytest.mark.rfc("3550 §A.3")
def test_the_fraction_lost_is_that_of_the_interval():
    reception = received(0, 1, 2, 3, 4)
    assert reception.take_fraction_lost() == 0
    for sequence in (6, 8, 10, 12):
        reception.take(sequence)
    assert reception.take_fraction_lost() == 128
    assert reception.take_fraction_lost() == 0


@pytest.mark.rfc("3550 §A.8")
def test_jitter_follows_appendix_a_8():
    reception = received(0, 1)
    for number in range(400):
        reception.arrived(number * 160, number * 160 + (80 if number % 2 else 0))
    assert 79 < reception.jitter <= 80


@pytest.mark.rfc("3550 §A.8")
def test_a_steady_stream_has_no_jitter_across_the_wrap_of_timestamps():
    reception = received(0, 1)
    for number in range(100):
        reception.arrived(0xFFFFFF00 + number * 160 & 0xFFFFFFFF, 5000 + number * 160)
    assert reception.jitter == 0


def test_a_pause_between_measurements_is_not_jitter():
    reception = received(0, 1)
    reception.arrived(0, 0)
    reception.forget_arrival()
    reception.arrived(160, 99_999)
    assert reception.jitter == 0


@given(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=60))
def test_any_sequence_numbers_leave_sound_figures(sequences: list[int]):
    reception = received(*sequences)
    assert 0 <= reception.received <= len(sequences)
    assert reception.expected >= 0
    assert 0 <= reception.take_fraction_lost() <= 255
    assert 0 <= reception.extended_highest <= 0xFFFFFFFF


@given(st.integers(0, 0xFFFF), st.sets(st.integers(2, 300)))
def test_loss_is_exactly_what_was_dropped(start: int, dropped: set[int]):
    reception = Reception(start)
    last = 302
    for number in range(last + 1):
        if number not in dropped:
            reception.take(start + number & 0xFFFF)
    assert reception.lost == len(dropped)
    assert reception.expected == last
