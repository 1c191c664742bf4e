"""A citizen's three jobs, by callers on four SIP stacks that are not ours.

All calls are placed at the same time, as on a working day; each test waits for
its own and compares what was heard with what should have been said.
"""

import importlib.util
import shutil
import wave
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from tests.line.callers.placing import BARESIP_MODULES, PLACE
from tests.line.harness import RunningLine
from tests.line.heard import ENOUGH, RATE_HZ, Clip, Samples, find, from_wav, in_order
from tests.line.jobs import Script, Town, bill, complaint, outages, speech_like, ticket_clips

pytestmark = [
    pytest.mark.line,
    pytest.mark.xdist_group("line"),
    pytest.mark.timeout(900),
]

SPEECH_S = 3.0
# One caller does its jobs in English; the last four digits tell calls apart in the records.
LANGUAGES = {"pjsip": "en", "pyvoip": "zh-CN", "baresip": "zh-CN", "sipp": "zh-CN"}
NUMBERS = {"pjsip": "1380013100", "pyvoip": "1380013200", "baresip": "1380013300"}
NUMBERS["sipp"] = "1380013400"
JOBS = {
    "bill": "test_a_bill_is_looked_up",
    "outages": "test_the_outages_are_heard_newest_first",
    "complaint": "test_a_complaint_is_filed_and_its_ticket_heard_twice",
}

MISSING = {
    "pjsip": importlib.util.find_spec("pjsua2") is None and "pip install -r requirements-dev.txt",
    "pyvoip": False,
    "baresip": not BARESIP_MODULES.is_dir() and "apt install baresip-core",
    "sipp": shutil.which("sipp") is None and "apt install sip-tester",
}


@dataclass(frozen=True, slots=True)
class Placed:
    """A call on its way, and its script."""

    script: Script
    speech: Path
    language: str
    heard: Future[Samples]


@pytest.fixture(scope="module")
def calls(
    request: pytest.FixtureRequest,
    line: RunningLine,
    town: Town,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[tuple[str, str], Placed]]:
    """The calls of the tests that were chosen, by the callers that are installed."""
    wanted = {
        (item.callspec.params["caller"], item.originalname)
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.module is request.module
    }
    placed: dict[tuple[str, str], Placed] = {}
    scripts: list[tuple[str, str, Script, Path]] = []
    for index, caller in enumerate(name for name in PLACE if not MISSING[name]):
        speech = tmp_path_factory.mktemp("speech") / "speech.wav"
        write_wav(speech, 20 + index)
        makers: dict[str, Callable[[Town, str, str], Script]] = {
            "bill": bill,
            "outages": outages,
            "complaint": complaint(speech, SPEECH_S),
        }
        for number, (job, test) in enumerate(JOBS.items()):
            if (caller, test) not in wanted:
                continue
            script = makers[job](town, LANGUAGES[caller], f"{NUMBERS[caller]}{number}")
            scripts.append((caller, job, script, speech))
    with ThreadPoolExecutor(max(1, len(scripts))) as pool:
        for caller, job, script, speech in scripts:
            folder = tmp_path_factory.mktemp(f"{caller}-{job}")
            heard = pool.submit(PLACE[caller], line.target, script, folder)
            placed[caller, job] = Placed(script, speech, LANGUAGES[caller], heard)
        yield placed


def write_wav(path: Path, seed: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(speech_like(SPEECH_S, seed).tobytes())


def placed_by(calls: dict[tuple[str, str], Placed], caller: str, job: str) -> Placed:
    if MISSING[caller]:
        pytest.skip(f"{caller} is not installed: {MISSING[caller]}")
    return calls[caller, job]


def another_bill(town: Town, language: str) -> list[Clip]:
    """The clauses of another bill that are not in the one of account 880123."""
    own = town.lookup("bills.find", language, account="880123")
    other = {**own, "kind": "water", "amount": Decimal("36.00")}
    said = {clip.text for clip in town.clips("bill_found", language, own)}
    return [c for c in town.clips("bill_found", language, other) if c.text not in said]


@pytest.mark.parametrize("caller", PLACE)
def test_a_bill_is_looked_up(calls, line, town, caller):
    placed = placed_by(calls, caller, "bill")
    heard = placed.heard.result()
    in_order(heard, placed.script.expected)
    for clip in another_bill(town, placed.language):
        assert find(heard, clip).share < ENOUGH, f"not owed by 880123: {clip.text}"
    call = line.until_row(
        "SELECT * FROM calls WHERE caller = ? AND ended_at IS NOT NULL", placed.script.caller
    )
    assert call["language"] == placed.language
    assert call["ended_by"] == "caller"
    steps = line.rows("SELECT * FROM call_steps WHERE call_id = ? ORDER BY seq", call["id"])
    assert "880123" in [step["digits"].rstrip("#") for step in steps]


@pytest.mark.parametrize("caller", PLACE)
def test_the_outages_are_heard_newest_first(calls, caller):
    placed = placed_by(calls, caller, "outages")
    in_order(placed.heard.result(), placed.script.expected)


@pytest.mark.parametrize("caller", PLACE)
def test_a_complaint_is_filed_and_its_ticket_heard_twice(calls, line, town, caller):
    placed = placed_by(calls, caller, "complaint")
    heard = placed.heard.result()
    row = line.until_row("SELECT * FROM complaints WHERE caller = ?", placed.script.caller)
    assert (row["category"], row["callback_number"]) == ("roads", placed.script.caller)
    in_order(heard, [*placed.script.expected, *ticket_clips(town, placed.language, row["ticket"])])
    (recording,) = line.rows("SELECT * FROM recordings WHERE id = ?", row["recording_id"])
    assert recording["state"] == "complete"
    kept = from_recording(line.state_dir / recording["path"])
    assert find(kept, Clip("what the caller said", from_wav(placed.speech))).share >= ENOUGH


def from_recording(path: Path) -> Samples:
    return from_wav(path)
