"""Recordings that a crash has cut off."""

import wave
from pathlib import Path

import pytest

from ivr.media.wav import header, repair_wav


def read(path: Path) -> bytes:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8000)
        return file.readframes(file.getnframes())


def test_a_header_that_lags_behind_is_brought_up_to_the_data(tmp_path: Path):
    path = tmp_path / "a.wav"
    path.write_bytes(header(3200) + b"\1\2" * 8000 + b"\3")
    assert repair_wav(path) == 1.0
    assert read(path) == b"\1\2" * 8000


def test_a_header_that_runs_ahead_is_brought_back(tmp_path: Path):
    path = tmp_path / "a.wav"
    path.write_bytes(header(99_999) + b"\1\2" * 800)
    assert repair_wav(path) == 0.1
    assert read(path) == b"\1\2" * 800


@pytest.mark.parametrize("found", [b"", header(0)[:20], bytes(44)])
def test_a_header_that_never_reached_the_disk_is_written(tmp_path: Path, found: bytes):
    path = tmp_path / "a.wav"
    path.write_bytes(found)
    assert repair_wav(path) == 0.0
    assert read(path) == b""


def test_another_kind_of_file_is_left_as_it_is(tmp_path: Path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"x" * 100)
    with pytest.raises(ValueError, match="not a recording"):
        repair_wav(path)
    assert path.read_bytes() == b"x" * 100


def test_a_missing_file_is_an_os_error(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        repair_wav(tmp_path / "none.wav")
