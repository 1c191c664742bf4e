"""What a caller said survives a kill -9 of the responder, and the line answers again."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from tests.line.callers.placing import place_pyvoip
from tests.line.harness import RTP_BLOCK, RunningLine, running
from tests.line.heard import ENOUGH, Clip, find, from_wav
from tests.line.jobs import Town, complaint
from tests.line.phone import Phone
from tests.line.responder import options
from tests.line.test_three_jobs import from_recording, write_wav

pytestmark = [
    pytest.mark.line,
    pytest.mark.xdist_group("line"),
    pytest.mark.timeout(600),
]

SAID_S = 2.0
BYTES_PER_S = 16000
AGAIN_LIMIT_S = 5.0


def recorded_bytes(line: RunningLine) -> int:
    return sum(path.stat().st_size for path in line.state_dir.glob("recordings/**/*.wav"))


def test_a_recording_survives_the_responders_sudden_end(tmp_path, rendered, rtp_low):
    speech = tmp_path / "speech.wav"
    write_wav(speech, 77)
    with running(RunningLine(tmp_path / "var", rendered, rtp_low + RTP_BLOCK)) as line:
        town = Town(line.settings)
        # Speaks long enough: the call is cut off in the middle of it.
        script = complaint(speech, 3.0)(town, "zh-CN", "13800135000")
        caller = threading.Thread(target=swallowed, args=(line.target, script, tmp_path))
        caller.start()
        limit = time.monotonic() + 60
        while recorded_bytes(line) < (SAID_S + 0.5) * BYTES_PER_S:
            assert time.monotonic() < limit, f"nothing is being recorded:\n{line.tail()}"
            time.sleep(0.02)
        killed_at = time.monotonic()
        os.kill(line.child("responder"), signal.SIGKILL)
        # Asked from here: a caller started for each try would take part of the time itself.
        while options("127.0.0.1", line.sip_port) != 200:
            assert time.monotonic() - killed_at < AGAIN_LIMIT_S, line.tail()
        with Phone(line.sip_port, number="13800135001") as next_caller:
            next_caller.call()
            next_caller.sound.until(lambda: next_caller.sound.packets > 5, "sound again")
            again_s = time.monotonic() - killed_at
        print(f"answers again after {again_s:.2f} s")
        assert again_s < AGAIN_LIMIT_S

        call = line.until_row("SELECT * FROM calls WHERE caller = '13800135000'")
        assert call["ended_at"] is not None
        assert call["ended_by"] != "caller"
        row = line.until_row("SELECT * FROM complaints WHERE caller = '13800135000'")
        assert not row["finished"]
        (recording,) = line.rows("SELECT * FROM recordings WHERE id = ?", row["recording_id"])
        kept = from_recording(line.state_dir / recording["path"])
        assert len(kept) / 8000 >= SAID_S
        said = Clip("what was said before the end", from_wav(speech)[: int(1.5 * 8000)])
        assert find(kept, said).share >= ENOUGH
        caller.join()


def swallowed(target: str, script: object, folder: Path) -> None:
    """Place the call; its own view of being cut off is not of interest."""
    try:
        place_pyvoip(target, script, folder)  # type: ignore[arg-type]
    except AssertionError:
        pass
