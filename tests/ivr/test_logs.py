"""What processes write: lines that name their call, or JSON for a collector."""

import json
import subprocess
import sys

SCRIPT = """
import logging
from ivr import logs
logs.set_up("info", {form!r}, "responder")
log = logging.getLogger("ivr.responder.call")
log.debug("not asked for")
log.info("listening on %s", 5060)
in_call = logs.in_call(log, "c0ffee")
in_call.info("answered")
try:
    1 / 0
except ZeroDivisionError:
    in_call.exception("a fault")
"""


def written(form: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(form=form)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stderr.splitlines()


def test_a_line_names_the_call_it_belongs_to() -> None:
    lines = written("text")
    assert lines[0].endswith(" INFO ivr.responder.call: listening on 5060")
    assert lines[1].endswith(" INFO ivr.responder.call: answered [call c0ffee]")
    assert lines[2].endswith("[call c0ffee]")
    assert lines[-1] == "ZeroDivisionError: division by zero"


def test_json_has_one_object_a_line_with_the_call_and_the_process() -> None:
    listening, answered, fault = (json.loads(line) for line in written("json"))
    assert listening["message"] == "listening on 5060"
    assert "call" not in listening
    assert answered == {
        "time": answered["time"],
        "level": "INFO",
        "logger": "ivr.responder.call",
        "process": "responder",
        "message": "answered",
        "call": "c0ffee",
    }
    assert answered["time"].endswith("+00:00")
    assert fault["call"] == "c0ffee"
    assert "ZeroDivisionError: division by zero" in fault["message"] + fault.get("exc_info", "")
