"""Telephone level: what every voice and upload goes through."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from prompts import g711
from prompts.errors import AudioError
from prompts.mastering import PEAK_DBFS, TARGET_DBOV, master, shape
from prompts.p56 import SILENT_DBOV, active_level

Samples = NDArray[np.float32]


def tone(hz: float, rate: int, seconds: float = 1.0, peak: float = 0.5) -> Samples:
    return (peak * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)).astype("f4")


def babble(rate: int, seconds: float = 3.0, gain: float = 0.1) -> Samples:
    """Noise shaped like speech: syllables four times a second, with a pause in the middle."""
    t = np.arange(int(rate * seconds)) / rate
    noise = np.random.default_rng(7).standard_normal(len(t))
    spectrum = np.fft.rfft(noise)
    hz = np.fft.rfftfreq(len(t), 1 / rate)
    spectrum *= 1 / (1 + (hz / 800) ** 2)
    envelope = np.sin(2 * np.pi * 2 * t) ** 2 * ((t < seconds * 0.4) | (t > seconds * 0.6))
    return (gain * envelope * np.fft.irfft(spectrum, len(t))).astype("f4")


def level_at(signal: Samples, hz: float, rate: int = 8000) -> float:
    """Power near `hz`, in dB of full scale."""
    window = np.hanning(len(signal))
    spectrum = np.abs(np.fft.rfft(signal * window)) / window.sum() * 2
    near = np.abs(np.fft.rfftfreq(len(signal), 1 / rate) - hz) < 40
    return float(20 * np.log10(spectrum[near].max() + 1e-12))


def test_a_full_scale_sine_is_three_below_overload() -> None:
    assert active_level(tone(1000, 8000, 5, peak=1.0), 8000) == pytest.approx(-3.01, abs=0.1)


def test_pauses_do_not_count_in_the_active_level() -> None:
    spoken = tone(1000, 8000, 2)
    paused = np.concatenate([spoken, np.zeros(16000, "f4"), spoken, np.zeros(32000, "f4")])
    assert active_level(paused, 8000) == pytest.approx(active_level(spoken, 8000), abs=0.8)


def test_the_active_level_moves_with_the_gain() -> None:
    quiet, loud = babble(8000), babble(8000, gain=0.2)
    assert active_level(loud, 8000) - active_level(quiet, 8000) == pytest.approx(6.02, abs=0.1)


def test_silence_has_no_active_level() -> None:
    assert active_level(np.zeros(8000, "f4"), 8000) == SILENT_DBOV
    assert active_level(np.zeros(0, "f4"), 8000) == SILENT_DBOV


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 44100, 48000])
@pytest.mark.parametrize("gain", [0.01, 0.3])
def test_speech_of_any_rate_and_loudness_comes_out_at_one_level(rate: int, gain: float) -> None:
    heard = g711.decode(master(babble(rate, gain=gain), rate))
    assert active_level(heard, 8000) == pytest.approx(TARGET_DBOV, abs=1.0)


def test_a_tone_above_the_line_leaves_no_alias() -> None:
    rate = 48000
    mixed = babble(rate) + tone(5000, rate, 3.0, peak=0.2)
    assert level_at(shape(mixed, rate), 3000) < level_at(shape(mixed, rate), 400) - 15
    clean, dirty = shape(babble(rate), rate), shape(mixed, rate)
    shortest = min(len(clean), len(dirty))
    assert level_at(dirty[:shortest], 3000) == pytest.approx(
        level_at(clean[:shortest], 3000), abs=3.0
    )


def test_hum_and_direct_current_are_taken_away() -> None:
    rate = 24000
    dirty = shape(babble(rate) + tone(50, rate, 3.0, peak=0.2) + np.float32(0.3), rate)
    assert abs(float(dirty.mean())) < 1e-3
    assert level_at(dirty, 50) < -50


def test_peaks_stay_under_the_ceiling_and_are_not_clipped() -> None:
    rate = 24000
    peaky = babble(rate)
    peaky[::2400] += 0.9
    out = shape(peaky, rate)
    ceiling = 10 ** (PEAK_DBFS / 20)
    assert np.abs(out).max() <= ceiling * 1.001
    at_ceiling = np.abs(out) > ceiling * 0.999
    assert not (at_ceiling[1:] & at_ceiling[:-1]).any()


def test_silence_around_the_words_is_trimmed_and_the_ends_are_faded() -> None:
    rate = 24000
    word = babble(rate, 1.0)
    still = np.zeros(rate, "f4")
    out = shape(np.concatenate([still, word, still]), rate)
    assert 0.7 < len(out) / 8000 < 1.1
    assert abs(float(out[0])) < 1e-3
    assert abs(float(out[-1])) < 1e-3


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(24000, "f4"),
        np.full(24000, 0.5, "f4"),
        np.zeros(0, "f4"),
        np.full(24000, np.nan, "f4"),
        np.ones(10, "f4"),
    ],
)
def test_what_holds_no_sound_is_refused(samples: Samples) -> None:
    with pytest.raises(AudioError, match="no sound"):
        master(samples, 24000)


def test_mastering_the_same_sound_gives_the_same_bytes() -> None:
    assert master(babble(24000), 24000) == master(babble(24000), 24000)


def test_every_mu_law_code_survives_decoding_and_encoding() -> None:
    codes = bytes(range(256))
    again = g711.encode(g711.decode(codes))
    # Both zeros decode to 0, which is sent as positive zero.
    assert [a for a, b in zip(codes, again, strict=True) if a != b] == [0x7F]


@pytest.mark.parametrize(
    ("linear", "code"), [(0, 0xFF), (32635, 0x80), (-32635, 0x00), (8, 0xFE), (-8, 0x7E)]
)
def test_mu_law_of_known_samples(linear: int, code: int) -> None:
    assert g711.encode(np.array([linear / 32768], "f4")) == bytes([code])


def test_samples_beyond_full_scale_are_held_at_the_largest_code() -> None:
    assert g711.encode(np.array([2.0, -2.0], "f4")) == b"\x80\x00"


@pytest.mark.parametrize("length", [800, 801])
def test_a_wav_of_format_7_is_read_by_an_independent_reader(tmp_path: Path, length: int) -> None:
    audio = master(babble(8000, 1.0), 8000)[:length]
    file = tmp_path / "heard.wav"
    g711.write_wav(file, audio)
    with soundfile.SoundFile(str(file)) as sound:
        assert (sound.samplerate, sound.channels, sound.subtype) == (8000, 1, "ULAW")
        assert np.array_equal(sound.read(dtype="float32"), g711.decode(audio))
    content = file.read_bytes()
    assert struct.unpack_from("<H", content, 20) == (7,)
    assert len(content) == struct.unpack_from("<I", content, 4)[0] + 8
