"""Putting together what was heard from packets that come late, twice or not at all."""

import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.caller.hearing import FRAME, SILENCE, Hearing, read_sound

LOUD = b"\x10"


def frame(number: int) -> bytes:
    return bytes([number % 100]) * FRAME


def test_frames_are_placed_by_timestamp_whatever_the_order():
    hearing = Hearing()
    for number in (0, 2, 1, 1):
        hearing.add(7, 1000 + number * FRAME, frame(number), 10.0 + number * 0.02)
    assert hearing.ulaw(10.0) == frame(0) + frame(1) + frame(2)


def test_a_lost_packet_is_silence():
    hearing = Hearing()
    hearing.add(7, 0, frame(1), 10.0)
    hearing.add(7, 2 * FRAME, frame(2), 10.04)
    assert hearing.ulaw(10.0) == frame(1) + SILENCE * FRAME + frame(2)


def test_timestamps_may_wrap():
    hearing = Hearing()
    hearing.add(7, 2**32 - FRAME, frame(1), 10.0)
    hearing.add(7, 0, frame(2), 10.02)
    assert hearing.ulaw(10.0) == frame(1) + frame(2)


def test_a_new_stream_is_joined_on_by_its_arrival():
    hearing = Hearing()
    hearing.add(7, 0, frame(1), 10.0)
    hearing.add(8, 999_999, frame(2), 10.1)
    assert hearing.ulaw(10.0) == frame(1) + SILENCE * 640 + frame(2)


def test_what_came_before_the_answer_is_left_out():
    hearing = Hearing()
    hearing.add(7, 0, frame(1), 9.0)
    hearing.add(7, 8000, frame(2), 10.0)
    assert hearing.ulaw(10.0) == frame(2)


def test_the_first_sound_is_not_the_first_silence():
    hearing = Hearing()
    hearing.add(7, 0, SILENCE * FRAME, 10.0)
    hearing.add(7, FRAME, LOUD * FRAME, 10.02)
    assert (hearing.first_packet, hearing.first_sound) == (10.0, 10.02)


@given(st.permutations(range(12)), st.integers(0, 2**32 - 1))
def test_any_order_gives_the_same_sound(order, base):
    hearing = Hearing()
    first = order[0]
    for number in order:
        hearing.add(7, (base + number * FRAME) % 2**32, frame(number), 50 + 0.02 * first)
    assert hearing.ulaw(50.0) == b"".join(frame(number) for number in range(12))


def test_the_wav_can_be_read_back(tmp_path):
    hearing = Hearing()
    hearing.add(7, 0, LOUD * FRAME, 10.0)
    assert hearing.write(tmp_path / "heard.wav", 10.0) == pytest.approx(0.02)
    assert read_sound(str(tmp_path / "heard.wav")) == [LOUD * FRAME]


def test_a_sound_of_another_form_is_refused(tmp_path):
    with wave.open(str(tmp_path / "x.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(8))
    with pytest.raises(ValueError, match="mono 16-bit WAV at 8000 Hz"):
        read_sound(str(tmp_path / "x.wav"))
