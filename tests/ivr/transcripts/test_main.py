"""The scribe's own process with the real recogniser, where it is installed."""

import os
import signal
import subprocess
import sys
import wave
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from ivr.records import Database
from ivr.records.tables import RecordingKind, TranscriptState
from ivr.services import call_backs, recordings, transcripts
from ivr.transcripts import installed
from tests.databases import environment, new_url

MISSING = installed.missing()
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
STOP_LIMIT_S = 15.0


@pytest.mark.skipif(
    bool(MISSING), reason=f"not installed: {', '.join(MISSING)}; {installed.REMEDY}"
)
@pytest.mark.timeout(300)
def test_the_process_takes_what_waits_and_stops_when_told(tmp_path: Path) -> None:
    url = new_url("sqlite", tmp_path)
    database = Database(url)
    hiss = np.random.default_rng(1).normal(0, 600, 8000 * 3).astype("<i2")
    with wave.open(str(tmp_path / "hiss.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(hiss.tobytes())
    with database.begin() as session:
        kind = RecordingKind.MESSAGE
        recordings.begin(session, "one", call_id=None, kind=kind, path="hiss.wav", now=NOW)
        recordings.finish(session, "one", 3.0)
        call_backs.create(
            session, call_id=None, number="138", reason="message", recording_id="one", now=NOW
        )
    scribe = subprocess.Popen(
        [sys.executable, "-m", "ivr", "serve", "--only", "transcripts"],
        env={**environment(), "IVR_STATE_DIR": str(tmp_path), "IVR_DATABASE_URL": url},
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    try:
        assert scribe.stderr is not None
        said = next(line for line in scribe.stderr if "ivr.transcripts" in line)
        assert "Transcribed one: 3.0 s of sound" in said
        with database.read() as session:
            row = transcripts.find(session, "one")
            assert row is not None
            assert (row.state, row.text) == (TranscriptState.SILENT, "")
            assert row.engine.startswith("Whisper base")
        scribe.send_signal(signal.SIGTERM)
        assert scribe.wait(STOP_LIMIT_S) == 0
    finally:
        os.killpg(scribe.pid, signal.SIGKILL) if scribe.poll() is None else None
        database.close()
