"""What a caller said survives a kill -9 of the responder, and the line answers again.

One kill, and every promise looked at from outside; bench/crash_test.py does some hundreds.
"""

import os
import signal
import time

import pytest

from tests.line.harness import RTP_BLOCK, RunningLine, running
from tests.line.heard import ENOUGH, RATE_HZ, Clip, Samples, find
from tests.line.jobs import Town, speech_like
from tests.line.listener import Listener
from tests.line.phone import Phone, wait_until
from tests.line.promises import FRAME, Told, kept_promises
from tests.line.responder import options
from tests.line.test_three_jobs import from_recording

pytestmark = [
    pytest.mark.line,
    pytest.mark.xdist_group("line"),
    pytest.mark.timeout(600),
]

SAID_S = 2.0
BYTES_PER_S = 16000
# How soon is measured by bench/again_after_crash.py; a machine that tests may be slow.
AGAIN_LIMIT_S = 60.0


def recorded_bytes(line: RunningLine) -> int:
    return sum(path.stat().st_size for path in line.state_dir.glob("recordings/**/*.wav"))


def spoken_s(caller: Listener, speech: Samples) -> float:
    assert caller.sound is not None
    return len(speech) / RATE_HZ - len(caller.sound._queue) * FRAME / RATE_HZ


def complain(caller: Listener, speech: Samples) -> None:
    """From the greeting into the middle of what is recorded."""
    caller.call()
    caller.reply("greeting", "1")
    caller.reply("main_menu", "3")
    caller.reply("complaint_menu", "2")
    caller.hear("complaint_notice")
    caller.speak_after_tone(speech)


def test_a_recording_survives_the_responders_sudden_end(tmp_path, rendered, rtp_low):
    speech = speech_like(30.0, 77)
    with running(RunningLine(tmp_path / "var", rendered, rtp_low + RTP_BLOCK)) as line:
        caller = Listener(line, Town(line.settings), "13800135000")
        complain(caller, speech)
        enough_s = SAID_S + 0.5
        wait_until(
            # The recording alone would not do: it may begin with silence, from tone to speech.
            lambda: (
                spoken_s(caller, speech) >= enough_s
                and recorded_bytes(line) >= enough_s * BYTES_PER_S
            ),
            "what is said is on the disk",
        )
        sent_s = spoken_s(caller, speech)
        killed_at = time.monotonic()
        os.kill(line.child("responder"), signal.SIGKILL)
        caller.close()
        while options("127.0.0.1", line.sip_port) != 200:
            assert time.monotonic() - killed_at < AGAIN_LIMIT_S, line.tail()
        with Phone(line.sip_port, number="13800135001") as next_caller:
            next_caller.call()
            next_caller.sound.until(lambda: next_caller.sound.packets > 5, "sound again")

        call = line.until_row("SELECT * FROM calls WHERE caller = '13800135000'")
        assert call["ended_at"] is not None
        assert call["ended_by"] != "caller"
        row = line.until_row("SELECT * FROM complaints WHERE caller = '13800135000'")
        assert not row["finished"]
        (recording,) = line.rows("SELECT * FROM recordings WHERE id = ?", row["recording_id"])
        kept = from_recording(line.state_dir / recording["path"])
        assert len(kept) / RATE_HZ >= SAID_S
        said = Clip("what was said before the end", speech[: int(1.5 * RATE_HZ)])
        assert find(kept, said).share >= ENOUGH

        wait_until(
            lambda: not line.rows("SELECT 1 FROM calls WHERE outcome IS NULL"), "counted", 60.0
        )
        told = Told(caller.call_id, "13800135000", "complaint", speech, sent_s, cut=True)
        broken, figures = kept_promises(line, [told])
        assert broken == []
        assert figures["recordings heard"] == 1
