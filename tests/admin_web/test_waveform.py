"""The outline of a recording's sound."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_web.waveform import PARTS, NoWaveformError, waveform


def write(path: Path, samples: np.ndarray, *, rate: int = 8000, width: int = 2) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2" if width == 2 else "u1").tobytes())
    return path


def test_what_is_loud_is_high_and_silence_is_flat(tmp_path: Path) -> None:
    samples = np.zeros(80_000)
    samples[20_000:40_000] = 30_000 * np.sin(np.arange(20_000) / 3)
    drawn = waveform(write(tmp_path / "a.wav", samples))
    assert drawn.seconds == 10.0
    assert len(drawn.levels) == PARTS
    quarter = PARTS // 4
    assert set(drawn.levels[:quarter] + drawn.levels[2 * quarter :]) == {0}
    assert min(drawn.levels[quarter : 2 * quarter]) > 230


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=3000))
def test_the_loudest_sample_is_always_seen(samples: list[int]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        drawn = waveform(write(Path(folder) / "a.wav", np.array(samples)))
    assert 0 < len(drawn.levels) <= PARTS
    loudest = max(abs(one) for one in samples)
    assert max(drawn.levels) == min(255, round((loudest / 32768) ** 0.5 * 255))


def test_a_long_file_is_read_in_pieces_and_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "long.wav", np.full(8000 * 300, 1000))
    asked: list[int] = []
    read = wave.Wave_read.readframes

    def noted(self: wave.Wave_read, count: int) -> bytes:
        asked.append(count)
        return read(self, count)

    monkeypatch.setattr(wave.Wave_read, "readframes", noted)
    first = waveform(path)
    pieces = len(asked)
    assert pieces > 10
    assert max(asked) <= 64_000
    assert waveform(path) is first
    assert len(asked) == pieces


def test_a_file_that_grew_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", np.full(8000, 1000))
    assert waveform(path).seconds == 1.0
    assert waveform(write(path, np.full(16_000, 1000))).seconds == 2.0


def test_a_file_that_promises_more_than_it_holds_is_as_long_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", np.full(16_000, 1000))
    path.write_bytes(path.read_bytes()[: 44 + 16_000])
    assert waveform(path).seconds < 1.1


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no sound at all" * 40])
def test_what_is_no_sound_has_no_outline(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(NoWaveformError):
        waveform(path)


def test_other_samples_than_those_of_recordings_have_no_outline(tmp_path: Path) -> None:
    with pytest.raises(NoWaveformError):
        waveform(write(tmp_path / "a.wav", np.full(8000, 128), width=1))
