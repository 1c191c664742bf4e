"""The comparison itself: it finds what is there and misses what is not."""

import numpy as np
import pytest

from tests.line.heard import ENOUGH, RATE_HZ, Clip, find, from_ulaw, in_order
from tests.line.jobs import speech_like

ONE = Clip("one", speech_like(2.0, 1).astype(float))
TWO = Clip("two", speech_like(1.5, 2).astype(float))
PAUSE = np.zeros(RATE_HZ // 4)


def test_clips_are_found_where_they_are_through_ulaw_noise():
    heard = np.concatenate((PAUSE, ONE.samples, PAUSE, TWO.samples, PAUSE))
    noise = np.random.default_rng(3).normal(0, 120, len(heard))
    first, second = in_order(heard + noise, [ONE, TWO])
    assert first.start_s == pytest.approx(0.25, abs=0.001)
    assert second.start_s == pytest.approx(2.5, abs=0.001)
    assert (first.share, second.share) == (1.0, 1.0)


def test_the_wrong_order_is_not_accepted():
    heard = np.concatenate((TWO.samples, PAUSE, ONE.samples))
    with pytest.raises(AssertionError, match=r"not heard .*'two'"):
        in_order(heard, [ONE, TWO])


def test_another_sound_of_the_same_kind_is_not_taken_for_it():
    assert find(speech_like(6.0, 9).astype(float), ONE).share == 0.0


def test_half_a_clip_is_not_the_clip_unless_it_was_cut_short():
    heard = np.concatenate((PAUSE, ONE.samples[: RATE_HZ + 100], PAUSE, PAUSE))
    assert find(heard, ONE).share < ENOUGH
    assert find(heard, Clip("one", ONE.samples, whole=False)).share == 1.0


def test_a_frame_lost_by_a_jitter_buffer_is_forgiven():
    cut = np.concatenate((ONE.samples[:7000], ONE.samples[7160:]))
    assert find(np.concatenate((PAUSE, cut, PAUSE)), ONE).share >= ENOUGH


def test_silence_holds_no_clip():
    assert find(np.zeros(5 * RATE_HZ), ONE).share == 0.0


def test_ulaw_is_decoded_as_g711_says():
    assert from_ulaw(bytes([0xFF, 0x7F, 0x80, 0x00])).tolist() == [0, 0, 32124, -32124]
