"""Louder: 6 dB more of speech, and no sample beyond full scale."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ivr.media.loudness import louder_table, louder_to_alaw_table, outgoing_table
from ivr.rtp.g711 import alaw_to_linear_table, ulaw_to_alaw_table, ulaw_to_linear_table
from prompts import g711
from prompts.mastering import TARGET_DBOV, master
from prompts.p56 import active_level

LINEAR = np.array(ulaw_to_linear_table)
ALAW = np.array(alaw_to_linear_table)
FULL_SCALE = 32_124


def speech_like(seed: int) -> bytes:
    """Bursts of a buzz in noise with the peaks of speech, mastered to the line's level."""
    rng = np.random.default_rng(seed)
    t = np.arange(24000 * 4) / 24000
    buzz = np.maximum(np.cos(2 * np.pi * 130 * t), 0) ** 4
    syllables = np.sin(2 * np.pi * 2 * t) ** 2 * (rng.random(8).repeat(12000)[: len(t)] + 0.3)
    return master(
        (syllables * (buzz - 0.2 + 0.05 * rng.standard_normal(len(t)))).astype("f4"), 24000
    )


def level(audio: bytes) -> float:
    return active_level(g711.decode(audio), g711.RATE)


@pytest.mark.parametrize("seed", range(6))
def test_speech_at_the_lines_level_rises_by_six_decibels(seed: int) -> None:
    usual = speech_like(seed)
    assert level(usual) == pytest.approx(TARGET_DBOV, abs=1.0)
    assert level(usual.translate(louder_table)) - level(usual) == pytest.approx(6.0, abs=0.5)


def test_no_sample_reaches_full_scale_and_none_changes_place() -> None:
    louder = LINEAR[np.frombuffer(louder_table, np.uint8)]
    assert np.abs(louder).max() < FULL_SCALE
    order = np.argsort(LINEAR, kind="stable")
    assert (np.diff(louder[order]) >= 0).all()
    assert (np.sign(louder) == np.sign(LINEAR)).all()


def test_a_loud_sine_is_rounded_and_not_cut_off() -> None:
    """At -1.5 dBFS, the most mastering lets through, a clipper would cut off half the wave."""
    peak = 10 ** (-1.5 / 20)
    sine = g711.encode((peak * np.sin(2 * np.pi * 437 * np.arange(8000) / 8000)).astype("f4"))
    heard = np.abs(g711.decode(sine.translate(louder_table)))
    assert np.mean(heard > 0.97) < 0.01
    # What speech mostly is, 20 dB below, is not bent at all: harmonics stay under -35 dB.
    soft = g711.encode((0.1 * np.sin(2 * np.pi * 400 * np.arange(8000) / 8000)).astype("f4"))
    spectrum = np.abs(np.fft.rfft(g711.decode(soft.translate(louder_table))))
    assert 20 * np.log10(spectrum[1200] / spectrum[400]) < -35


def test_silence_stays_silence() -> None:
    assert b"\xff\x7f".translate(louder_table) == b"\xff\x7f"


def test_an_alaw_caller_gets_as_much() -> None:
    both = ALAW[np.frombuffer(louder_to_alaw_table, np.uint8)]
    alone = LINEAR[np.frombuffer(louder_table, np.uint8)]
    loud = np.abs(alone) > 500
    assert np.allclose(both[loud], alone[loud], rtol=0.04)


@pytest.mark.parametrize(
    ("alaw", "loud", "table"),
    [
        (False, False, None),
        (True, False, ulaw_to_alaw_table),
        (False, True, louder_table),
        (True, True, louder_to_alaw_table),
    ],
)
def test_one_table_does_both(alaw: bool, loud: bool, table: bytes | None) -> None:
    assert outgoing_table(alaw=alaw, loud=loud) is table


def rms(values: NDArray[np.int64]) -> float:
    return float(np.sqrt(np.mean(values.astype(float) ** 2)))


def test_a_beep_is_louder_too() -> None:
    from ivr.media.tones import beep

    usual = LINEAR[np.frombuffer(beep(), np.uint8)]
    louder = LINEAR[np.frombuffer(beep().translate(louder_table), np.uint8)]
    assert 20 * np.log10(rms(louder) / rms(usual)) == pytest.approx(6.2, abs=0.3)
