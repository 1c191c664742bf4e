"""The thread that writes recordings."""

import os
import signal
import subprocess
import sys
import threading
import time
import wave
from pathlib import Path

import pytest

from ivr.media import RecordingWriter, repair_wav
from ivr.media.recording_writer import FinishedFile
from ivr.media.wav import header_bytes
from ivr.rtp.g711 import ulaw_to_linear

repository = Path(__file__).resolve().parents[3]
deadline_s = 10.0


def frames(path: Path) -> bytes:
    with wave.open(str(path)) as file:
        return file.readframes(file.getnframes())


def finished(writer: RecordingWriter) -> FinishedFile:
    return writer.finished.get(timeout=deadline_s)


def test_what_is_given_is_in_the_file_when_its_end_is_told(tmp_path: Path):
    writer = RecordingWriter()
    one = writer.open(tmp_path / "deep" / "down" / "one.wav")
    two = writer.open(tmp_path / "two.wav")
    sound = bytes(range(256)) * 40
    for offset in range(0, len(sound), 1000):
        writer.append(one, sound[offset : offset + 1000])
        writer.append(two, sound[offset : offset + 1000][::-1])
    writer.finish(one, "stopped")
    writer.finish(two, "limit")
    ends = {done.file.path: done for done in (finished(writer), finished(writer))}
    assert frames(one.path) == ulaw_to_linear(sound)
    assert ends[one.path].seconds == len(sound) / 8000
    assert (ends[one.path].cause, ends[two.path].cause) == ("stopped", "limit")
    writer.close()


def test_an_empty_recording_is_a_valid_file(tmp_path: Path):
    writer = RecordingWriter()
    writer.finish(writer.open(tmp_path / "a.wav"), "closed")
    assert finished(writer).seconds == 0.0
    assert frames(tmp_path / "a.wav") == b""
    writer.close()


def test_a_folder_that_cannot_be_made_fails_this_recording_alone(tmp_path: Path):
    (tmp_path / "file").write_text("not a folder")
    writer = RecordingWriter()
    bad = writer.open(tmp_path / "file" / "a.wav")
    good = writer.open(tmp_path / "b.wav")
    for file in (bad, good):
        writer.append(file, b"\0" * 800)
        writer.finish(file, "stopped")
    ends = {done.file: (done.cause, done.seconds) for done in (finished(writer), finished(writer))}
    assert ends == {bad: ("failed", 0.0), good: ("stopped", 0.1)}
    writer.close()
    assert writer.finished.empty()


def test_a_full_disk_keeps_what_fitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    room = header_bytes + 4 * 1600
    real = os.pwrite

    def pwrite(descriptor: int, data: bytes, position: int) -> int:
        if position + len(data) > room:
            raise OSError(28, "No space left on device")
        return real(descriptor, data, position)

    writer = RecordingWriter()
    file = writer.open(tmp_path / "a.wav")
    monkeypatch.setattr(os, "pwrite", pwrite)
    for number in range(8):
        writer.append(file, bytes((number,)) * 800)
    writer.finish(file, "stopped")
    done = finished(writer)
    assert (done.cause, done.seconds) == ("failed", 0.4)
    assert frames(file.path) == ulaw_to_linear(b"".join(bytes((n,)) * 800 for n in range(4)))
    writer.close()
    assert writer.finished.empty()


def test_a_kill_keeps_what_was_said_up_to_a_second_before(tmp_path: Path):
    path = tmp_path / "a.wav"
    script = (
        "import sys, threading; from pathlib import Path; from ivr.media import RecordingWriter\n"
        "writer = RecordingWriter(); file = writer.open(Path(sys.argv[1]))\n"
        "writer.append(file, b'\\x01' * 8000); print('given', flush=True)\n"
        "threading.Event().wait()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, cwd=repository
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"given\n"
    given = time.monotonic()
    # The header is brought up to date with the data, so a reader sees it whole before the kill.
    while not (path.exists() and path.stat().st_size > header_bytes and frames(path)):
        assert time.monotonic() < given + 2.0, "not on the disk after two seconds"
        os.sched_yield()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert frames(path) == ulaw_to_linear(b"\x01" * 8000)
    assert repair_wav(path) == 1.0


def test_a_disk_that_is_slow_to_sync_holds_up_nothing_that_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A kill then costs nothing, whatever the disk is busy with."""
    going_on, asked = threading.Event(), threading.Event()
    real = os.fsync

    def fsync(descriptor: int) -> None:
        asked.set()
        assert going_on.wait(60.0)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    writer = RecordingWriter()
    one, two = writer.open(tmp_path / "one.wav"), writer.open(tmp_path / "two.wav")
    try:
        assert asked.wait(deadline_s)
        for _ in range(4):
            for file in (one, two):
                writer.append(file, b"\x01" * 4000)
        limit = time.monotonic() + deadline_s
        for file in (one, two):
            while not file.path.exists() or len(frames(file.path)) < 4 * 8000:
                assert time.monotonic() < limit, "written behind a sync"
                time.sleep(0.01)
        writer.finish(one, "stopped")
        # Its end is told only when the disk has it.
        assert writer.finished.empty()
    finally:
        going_on.set()
    assert finished(writer).file is one
    writer.close()


def test_a_disk_that_fails_to_sync_fails_the_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def fsync(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    writer = RecordingWriter()
    file = writer.open(tmp_path / "a.wav")
    writer.append(file, b"\x01" * 800)
    done = finished(writer)
    assert (done.file, done.cause) == (file, "failed")
    writer.finish(file, "stopped")
    writer.close()
    assert writer.finished.empty()
