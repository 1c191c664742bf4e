"""Uploads: any common format, and a clear refusal of what cannot be a prompt."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prompts.engines.recorded import load
from prompts.errors import AudioError


def speech(seconds: float, rate: int, channels: int = 1) -> np.ndarray:
    t = np.arange(int(rate * seconds)) / rate
    mono = 0.3 * np.sin(2 * np.pi * 440 * t) * np.sin(2 * np.pi * 3 * t) ** 2
    return np.repeat(mono[:, None], channels, axis=1).astype("f4")


@pytest.mark.parametrize(
    ("name", "rate", "channels"),
    [("a.wav", 8000, 1), ("a.wav", 44100, 2), ("a.flac", 48000, 1), ("a.ogg", 22050, 1),
     ("a.mp3", 44100, 2)],
)  # fmt: skip
def test_common_formats_are_read_as_mono(
    tmp_path: Path, name: str, rate: int, channels: int
) -> None:
    soundfile.write(str(tmp_path / name), speech(1.0, rate, channels), rate)
    samples, found = load(tmp_path / name)
    assert found == rate
    assert samples.ndim == 1
    assert len(samples) / rate == pytest.approx(1.0, abs=0.1)
    assert 0.2 < float(np.abs(samples).max()) < 0.4


def test_what_soundfile_cannot_read_goes_to_ffmpeg(tmp_path: Path) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    from pydub import AudioSegment

    pcm = (speech(1.0, 16000) * 32767).astype("<i2").tobytes()
    file = tmp_path / "phone.m4a"
    AudioSegment(pcm, frame_rate=16000, sample_width=2, channels=1).export(str(file), "ipod")
    samples, rate = load(file)
    assert len(samples) / rate == pytest.approx(1.0, abs=0.15)
    assert 0.2 < float(np.abs(samples).max()) < 0.4


def test_a_take_that_is_too_long_too_short_or_too_quiet_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "take.wav"
    for seconds, gain, says in ((181, 1, "longer"), (0.1, 1, "lasts"), (1, 0.0005, "quiet")):
        soundfile.write(str(file), speech(seconds, 8000) * gain, 8000, subtype="FLOAT")
        with pytest.raises(AudioError, match=says):
            load(file)


@pytest.mark.parametrize("kind", ["hum", "noise", "tone with pauses"])
def test_a_steady_sound_is_refused_as_no_speech(tmp_path: Path, kind: str) -> None:
    t = np.arange(16000 * 2) / 16000
    sounds = {
        "hum": 0.1 * np.sin(2 * np.pi * 50 * t) + 0.05 * np.sin(2 * np.pi * 150 * t),
        "noise": 0.1 * np.random.default_rng(5).standard_normal(len(t)),
        "tone with pauses": 0.2 * np.sin(2 * np.pi * 440 * t) * (t % 1 < 0.5),
    }
    soundfile.write(str(tmp_path / "take.wav"), sounds[kind].astype("f4"), 16000)
    with pytest.raises(AudioError, match="no speech"):
        load(tmp_path / "take.wav")


def test_speech_in_a_noisy_room_is_taken(tmp_path: Path) -> None:
    noise = 0.02 * np.random.default_rng(5).standard_normal(32000)
    soundfile.write(str(tmp_path / "take.wav"), speech(2.0, 16000)[:, 0] + noise, 16000)
    assert load(tmp_path / "take.wav")


def test_an_overdriven_take_is_refused_and_a_loud_one_is_not(tmp_path: Path) -> None:
    file = tmp_path / "take.wav"
    soundfile.write(str(file), np.clip(speech(1.0, 16000) * 10, -1, 1), 16000)
    with pytest.raises(AudioError, match="overdriven"):
        load(file)
    soundfile.write(str(file), speech(1.0, 16000) * 3.2, 16000)
    assert load(file)


def test_a_text_named_as_sound_is_refused(tmp_path: Path) -> None:
    (tmp_path / "take.wav").write_text("您好，这里是民声热线。" * 50, encoding="utf-8")
    with pytest.raises(AudioError, match=r"sound file|ffmpeg"):
        load(tmp_path / "take.wav")


def test_an_empty_or_missing_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    with pytest.raises(AudioError, match="empty"):
        load(tmp_path / "empty.wav")
    with pytest.raises(AudioError, match="cannot be read"):
        load(tmp_path / "none.wav")


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(min_size=1, max_size=200))
def test_bytes_that_are_no_sound_are_refused_in_words(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.mp3").write_bytes(content)
    with pytest.raises(AudioError, match=r"x\.mp3"):
        load(tmp_path / "x.mp3")


def test_silence_that_would_fill_the_memory_is_refused_unread(tmp_path: Path) -> None:
    """FLAC packs a second of eight channels at 655350 Hz into a few kilobytes; 180 s are 3.8 GB."""
    file = tmp_path / "bomb.flac"
    soundfile.write(str(file), np.zeros((65535, 8)), 655_350)
    assert file.stat().st_size < 20_000
    with pytest.raises(AudioError, match="8 channels"):
        load(file)
