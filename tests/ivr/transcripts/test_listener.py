import io
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ivr.records.tables import TranscriptFault
from ivr.services.transcript_queue import Written
from ivr.transcripts.child import Ended, Failed, ListenerProcess, Ready, Refused
from ivr.transcripts.guards import Believed
from ivr.transcripts.installed import RecogniserMissingError
from ivr.transcripts.listener import serve
from ivr.transcripts.recogniser import CannotListenError, Heard
from tests.databases import environment

LIMIT_S = 20.0


class FakeRecogniser:
    """Hears the name of the file; some names are trouble."""

    name = "a fake"

    def hear(self, path: Path, language: str | None) -> Heard:
        if path.stem == "gone":
            raise CannotListenError(TranscriptFault.FILE_MISSING)
        if path.stem == "odd":
            raise ZeroDivisionError
        return Heard(Believed(path.stem, 0.5), language or "en", 1.0)


def answers(load, *asked):
    out = io.StringIO()
    serve(load, iter([json.dumps({"path": p, "language": lang}) for p, lang in asked]), out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_it_says_when_it_is_ready_and_answers_each_recording():
    said = answers(FakeRecogniser, ("a/路灯.wav", "zh-CN"), ("gone.wav", None), ("b.wav", None))
    assert said[0] == {"engine": "a fake"}
    assert said[1] == {
        "text": "路灯",
        "confidence": 0.5,
        "language": "zh-CN",
        "engine": "a fake",
    }
    assert said[2] == {"fault": "file_missing", "detail": ""}
    assert said[3]["language"] == "en"


def test_a_recording_on_which_the_recogniser_fails_does_not_end_it():
    said = answers(FakeRecogniser, ("odd.wav", None), ("fine.wav", None))
    assert said[1] == {"fault": "recogniser_ended", "detail": "ZeroDivisionError"}
    assert said[2]["text"] == "fine"


def test_a_recogniser_that_is_not_there_is_said_with_the_remedy():
    def load():
        raise RecogniserMissingError("opencc is not installed: make install-transcripts")

    assert answers(load, ("a.wav", None)) == [
        {"missing": "opencc is not installed: make install-transcripts"}
    ]


def process(program: str) -> ListenerProcess:
    return ListenerProcess((sys.executable, "-c", program))


def next_of(listener: ListenerProcess):
    """The next answer, as soon as it has come."""
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        end = time.monotonic() + LIMIT_S
        while (answer := listener.poll()) is None:
            assert selector.select(max(0.0, end - time.monotonic())), "nothing came"
        return answer


ECHO = """
import json, sys
print(json.dumps({"engine": "echo"}), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    if asked["path"] == "die":
        sys.exit(3)
    if asked["path"] == "fail":
        print(json.dumps({"fault": "unreadable", "detail": "no WAV"}), flush=True)
    print(json.dumps({"text": asked["path"], "engine": "echo", "language": asked["language"],
                      "confidence": None}), flush=True)
"""


def test_the_scribes_end_reads_every_kind_of_answer():
    listener = process(ECHO)
    try:
        assert next_of(listener) == Ready()
        listener.ask(Path("路灯"), "zh-CN")
        assert next_of(listener) == Written("路灯", "echo", "zh-CN", None)
        listener.ask(Path("fail"), None)
        assert next_of(listener) == Failed(TranscriptFault.UNREADABLE, "no WAV")
        assert isinstance(next_of(listener), Written)
        listener.ask(Path("die"), None)
        assert next_of(listener) == Ended(3)
        listener.ask(Path("too late"), None)
        assert listener.poll() is None
    finally:
        listener.close()


def test_what_cannot_work_says_so_before_it_ends():
    listener = process("""print('{"missing": "no model"}')""")
    try:
        assert next_of(listener) == Refused("no model")
    finally:
        listener.close()


def test_a_listener_held_still_says_nothing_until_it_goes_on():
    listener = process(ECHO)
    try:
        assert next_of(listener) == Ready()
        pid = listener._process.pid
        listener.hold()
        os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOWAIT)
        listener.ask(Path("later"), None)
        assert listener.poll() is None
        listener.go_on()
        assert next_of(listener) == Written("later", "echo", None, None)
    finally:
        listener.close()


def test_a_listener_in_the_middle_of_something_is_closed_at_once():
    listener = process("import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)")
    began = time.monotonic()
    listener.hold()
    listener.close()
    assert time.monotonic() - began < 5
    assert listener._process.wait(LIMIT_S) == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="SCHED_IDLE is Linux's")
def test_a_listener_gives_way_to_everything_and_is_taken_first_when_memory_runs_out():
    program = (
        "import os; from ivr.transcripts.listener import step_back; step_back();"
        "print(os.nice(0), os.sched_getscheduler(0) == os.SCHED_IDLE,"
        "open('/proc/self/oom_score_adj').read().strip())"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True
    )
    assert run.stdout.split() == ["19", "True", "800"]
