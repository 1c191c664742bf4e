"""The sound's process under a real line: killed under a caller, halted, and what callers get."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.line.harness import RunningLine
from tests.line.heard import ENOUGH, RATE_HZ, Clip, find
from tests.line.jobs import speech_like
from tests.line.listener import Listener
from tests.line.phone import Phone, wait_until
from tests.line.responder import Responder, options, rendered_town, responder
from tests.line.test_three_jobs import from_recording

pytestmark = [pytest.mark.line, pytest.mark.timeout(600)]

BYTES_PER_S = 16000


@pytest.fixture
def served(tmp_path: Path, rendered: Path, rtp_low: int) -> Iterator[Responder]:
    with responder(tmp_path, rendered, rtp_low, IVR_MAX_LATE_MS="500") as one:
        yield one


def sound_process(line: RunningLine) -> int:
    """The process id of what makes the sound: a grandchild where a supervisor stands between."""
    assert line.process is not None
    waiting = [line.process.pid]
    while waiting:
        for children in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            for pid in children.read_text().split():
                if b"ivr.media.process" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                    return int(pid)
                waiting.append(int(pid))
    raise AssertionError(f"nothing makes sound:\n{line.tail()}")


def recorded_bytes(line: RunningLine) -> int:
    return sum(path.stat().st_size for path in line.state_dir.glob("recordings/**/*.wav"))


def test_a_complaint_goes_on_when_the_sound_dies_in_the_middle_of_it(served: Responder) -> None:
    speech = speech_like(16.0, 78)
    caller = Listener(served, rendered_town(served), "13800135010")
    caller.call()
    caller.reply("greeting", "1")
    caller.reply("main_menu", "3")
    caller.reply("complaint_menu", "2")
    caller.hear("complaint_notice")
    caller.speak_after_tone(speech)
    wait_until(lambda: recorded_bytes(served) >= 2.5 * BYTES_PER_S, "what is said is on the disk")

    killed = sound_process(served)
    os.kill(killed, signal.SIGKILL)
    before = recorded_bytes(served)
    wait_until(lambda: recorded_bytes(served) >= before + 3 * BYTES_PER_S, "it is recorded on")
    assert sound_process(served) != killed

    assert caller.sound is not None
    caller.sound.until_sent()
    caller.press("#")
    caller.hear("complaint_confirm")  # the flow went on, and is heard
    caller.hang_up()
    row = served.until_row("SELECT * FROM complaints WHERE caller = '13800135010'")
    (recording,) = served.rows("SELECT * FROM recordings WHERE id = ?", row["recording_id"])
    kept = from_recording(served.state_dir / recording["path"])
    assert len(kept) / RATE_HZ == pytest.approx(recording["seconds"], abs=0.1)
    said = Clip("what was said before", speech[: int(1.2 * RATE_HZ)])
    assert find(kept, said).share >= ENOUGH
    call = served.until_row(
        "SELECT * FROM calls WHERE caller = '13800135010' AND ended_at IS NOT NULL"
    )
    assert call["ended_by"] == "caller"


def test_who_listens_hears_the_prompt_again_from_its_beginning(served: Responder) -> None:
    caller = Listener(served, rendered_town(served), "13800135011")
    caller.call()
    caller.hear("greeting")
    assert caller.sound is not None
    os.kill(sound_process(served), signal.SIGKILL)
    caller.reply("greeting", "1")
    caller.hear("main_menu")
    caller.hang_up()


def invite(line: Responder, number: str) -> tuple[int, str]:
    """What a new call gets: the status, and when to come again."""
    with Phone(line.sip_port, number=number) as caller:
        caller.send(caller.request("INVITE", body=caller.sdp()))
        answer = caller.until_final(f"{caller.cseq} INVITE")
        if answer.status == 200:
            caller.established()
            caller.hang_up()
        return answer.status, answer.get("Retry-After")


def test_new_calls_get_503_at_once_while_the_sound_is_late_and_the_others_go_on(
    served: Responder,
) -> None:
    caller = Listener(served, rendered_town(served), "13800135012")
    caller.call()
    caller.hear("greeting")
    halted = sound_process(served)
    os.kill(halted, signal.SIGSTOP)  # a machine that stalls, as far as anybody can see
    try:
        limit = time.monotonic() + 60.0
        while options("127.0.0.1", served.sip_port) != 503:
            assert time.monotonic() < limit, served.tail()
        status, again = invite(served, "13800135013")
        assert status == 503
        assert int(again) > 0
    finally:
        try:
            os.kill(halted, signal.SIGCONT)
        except ProcessLookupError:
            pass  # taken for dead meanwhile, which ends it as well
    caller.reply("greeting", "1")  # heard again, or for the first time
    caller.hear("main_menu")
    limit = time.monotonic() + 60.0
    while options("127.0.0.1", served.sip_port) != 200:
        assert time.monotonic() < limit, served.tail()
    assert invite(served, "13800135014")[0] == 200
    caller.hang_up()
    refused = served.until_row(
        "SELECT detail FROM heartbeats WHERE process = 'responder'"
        " AND json_extract(detail, '$.calls_turned_away') >= 1"
    )
    assert "calls_turned_away" in refused["detail"]
