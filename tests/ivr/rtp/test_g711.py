"""G.711 against its recommendation and an independent implementation."""

import array
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.rtp import g711

every_code = bytes(range(256))
every_sample = array.array("h", range(-32_768, 32_768)).tobytes()


def linear(data: bytes) -> list[int]:
    return array.array("h", data).tolist()


@pytest.mark.rfc("3551 §4.5.14")
def test_the_decoder_values_of_g_711_tables_1_and_2_are_met():
    # Table 2a (µ): 8031 for 1000 0000, 0 for 1111 1111, in 14 bits; table 1a (A): 4032 in 13.
    assert linear(g711.ulaw_to_linear(b"\x80\x00\xff\x7f")) == [8031 * 4, -8031 * 4, 0, 0]
    assert linear(g711.alaw_to_linear(b"\xaa\x2a\xd5\x55")) == [4032 * 8, -4032 * 8, 8, -8]


def test_silence_is_the_smallest_positive_value():
    assert g711.linear_to_ulaw(b"\0\0") == bytes((g711.silence_ulaw,))
    assert g711.linear_to_alaw(b"\0\0") == bytes((g711.silence_alaw,))


def test_the_1_khz_test_sequence_of_g_711_section_4_is_zero_dbm0():
    # Table 5 and 6: one period of 0 dBm0 at 1 kHz; its power is 3.17 dB (µ) below full scale.
    ulaw = bytes.fromhex("1e0b0b1e9e8b8b9e")
    alaw = bytes.fromhex("3421213 4b4a1a1b4".replace(" ", ""))
    ours = linear(g711.ulaw_to_linear(ulaw))
    theirs = linear(g711.alaw_to_linear(alaw))
    assert all(abs(u - a) <= 600 for u, a in zip(ours, theirs, strict=True))


def test_every_code_comes_back_from_linear():
    again = g711.linear_to_ulaw(g711.ulaw_to_linear(every_code))
    # Negative zero has the value of zero and comes back as it.
    assert again == every_code.replace(b"\x7f", b"\xff")
    assert g711.linear_to_alaw(g711.alaw_to_linear(every_code)) == every_code


def test_every_sample_is_coded_to_within_half_a_step():
    for coded, decode in (
        (g711.linear_to_ulaw(every_sample), g711.ulaw_to_linear_table),
        (g711.linear_to_alaw(every_sample), g711.alaw_to_linear_table),
    ):
        for sample, code in zip(range(-32_768, 32_768), coded, strict=True):
            value = decode[code]
            step = max(abs(value) // 16, 16)
            assert abs(sample - value) <= step


def test_translation_between_the_laws_costs_at_most_a_step():
    to_alaw = linear(g711.alaw_to_linear(g711.ulaw_to_alaw(every_code)))
    for before, after in zip(g711.ulaw_to_linear_table, to_alaw, strict=True):
        assert abs(before - after) <= max(abs(before) // 16, 16)
    to_ulaw = linear(g711.ulaw_to_linear(g711.alaw_to_ulaw(every_code)))
    for before, after in zip(g711.alaw_to_linear_table, to_ulaw, strict=True):
        assert abs(before - after) <= max(abs(before) // 16, 16)


def test_there_and_back_between_the_laws_settles():
    once = g711.alaw_to_ulaw(g711.ulaw_to_alaw(every_code))
    assert g711.alaw_to_ulaw(g711.ulaw_to_alaw(once)) == once


def test_all_tables_agree_with_audioop():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        audioop = pytest.importorskip("audioop")
    assert g711.linear_to_ulaw(every_sample) == audioop.lin2ulaw(every_sample, 2)
    assert g711.linear_to_alaw(every_sample) == audioop.lin2alaw(every_sample, 2)
    assert g711.ulaw_to_linear(every_code) == audioop.ulaw2lin(every_code, 2)
    assert g711.alaw_to_linear(every_code) == audioop.alaw2lin(every_code, 2)


@given(st.binary(max_size=400))
def test_lengths_are_kept(codes: bytes):
    assert len(g711.ulaw_to_alaw(codes)) == len(codes)
    assert len(g711.ulaw_to_linear(codes)) == 2 * len(codes)
    assert len(g711.linear_to_ulaw(g711.alaw_to_linear(codes))) == len(codes)
