"""Recording a prompt by telephone, from the code to the next caller, on a line that runs."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from ivr.records import Database
from ivr.services import prompt_numbers, prompt_recordings, studio_codes
from prompts.clause import Clause
from prompts.store import ClauseStore
from tests.line.harness import RunningLine
from tests.line.heard import RATE_HZ, Clip, find, from_ulaw, from_wav
from tests.line.jobs import Town, speech_like
from tests.line.listener import Listener
from tests.line.phone import wait_until

pytestmark = [
    pytest.mark.line,
    pytest.mark.xdist_group("line"),
    pytest.mark.timeout(300),
]

STUDIO = "788346"
PROMPT = "guide_business_licence"
SPEECH_S = 2.5
BREATH = RATE_HZ // 4  # the tone's last moments are not recorded


@pytest.fixture(scope="module")
def database(line: RunningLine) -> Iterator[Database]:
    database = Database(line.settings.database_url)
    yield database
    database.close()


@pytest.fixture
def code(database: Database) -> str:
    """A new code of the administrator's."""
    with database.begin() as session:
        return studio_codes.make(session, "admin", who="admin", now=datetime.now(UTC))


@pytest.fixture
def number(database: Database, town: Town) -> str:
    """What the list of prompts shows beside the prompt."""
    with database.begin() as session:
        return str(prompt_numbers.assign(session, [one.id for one in town.catalogue])[PROMPT])


@pytest.fixture(autouse=True)
def _as_it_was(line: RunningLine, database: Database) -> Iterator[None]:
    """No take of one test is heard by the next; and none is ever left behind."""
    yield
    with database.begin() as session:
        prompt_recordings.withdraw(session, PROMPT, "zh-CN", who="test", now=datetime.now(UTC))
    wait_until(lambda: not left_behind(line), "every take that was not kept is gone")


def left_behind(line: RunningLine) -> list[Path]:
    return [path for path in (line.state_dir / "studio").rglob("*") if path.is_file()]


class Clerk(Listener):
    """Somebody on the telephone, who waits for what should be said."""

    def __init__(self, line: RunningLine, town: Town, number: str, called: str = STUDIO) -> None:
        super().__init__(line, town, number, called)

    def enter(self, code: str) -> None:
        self.call()
        self.reply("studio_welcome", "1")
        self.reply("studio_ask_code", code)

    def choose(self, number: str) -> None:
        self.reply("studio_ask_number", f"{number}#")
        self.reply("studio_tongue_menu", "1")
        self.hear("studio_now")

    def speak(self, samples: np.ndarray) -> None:
        """Speak after the tone, and end with the pound key."""
        assert self.sound is not None
        self.hear("studio_speak")
        self.speak_after_tone(np.concatenate((np.zeros(BREATH), samples)))
        self.sound.until_sent()
        self.sound.press("#")


def record_of(line: RunningLine, caller: str) -> dict[str, object]:
    return line.until_row("SELECT * FROM calls WHERE caller = ? AND ended_at NOT NULL", caller)


def rendered(line: RunningLine, path: str) -> Clip:
    """A take as callers hear it."""
    key = Clause("", "zh-CN", 0, line.state_dir / path).key("")
    sound = ClauseStore(line.settings.clauses_dir).read(key)
    assert sound is not None
    return Clip("the take", from_ulaw(sound))


def guide(caller: Clerk) -> None:
    """From the greeting to the menu of the guides."""
    caller.call()
    caller.reply("greeting", "1")
    caller.reply("main_menu", "5")
    caller.hear("guides_menu")


def test_a_clerk_records_a_prompt_and_the_next_caller_hears_it(line, town, code, number):
    speech = speech_like(SPEECH_S, 41)
    with (
        Clerk(line, town, "01088880041") as clerk,
        Clerk(line, town, "01088880042", "line") as citizen,
    ):
        guide(citizen)  # in a call that began before, all stays as it was
        clerk.enter(code)
        clerk.hear("studio_accepted")
        clerk.choose(number)
        clerk.hear(PROMPT)
        clerk.speak(speech)
        clerk.hear("studio_your_take")
        clerk.reply("studio_decide", "1")
        clerk.hear("studio_kept")
        row = line.until_row("SELECT * FROM prompt_recordings WHERE prompt = ?", PROMPT)
        take = rendered(line, row["path"])
        assert find(clerk.sound.samples(), take).share > 0.9
        citizen.press("5")
        citizen.hear(PROMPT)
    assert (row["language"], row["variant"], row["author"]) == ("zh-CN", "", "admin")
    assert (row["source"], row["reason"]) == ("telephone", "电话录音")
    assert row["text"] == town.catalogue.prompt(PROMPT).texts["zh-CN"]
    kept = from_wav(line.state_dir / row["path"])
    assert find(kept, Clip("what was spoken", speech.astype(float))).share > 0.9
    # At one loudness with the voices, though it was spoken softer.
    assert np.abs(take.samples).max() > np.abs(kept).max()
    with Clerk(line, town, "01088880043", "line") as next_caller:
        # The line looks for what is new once a second; the call before this one took longer.
        guide(next_caller)
        next_caller.press("5")
        next_caller.sound.until_heard([take])
    (note,) = line.rows("SELECT * FROM audit_log WHERE what = 'prompt_recorded_by_telephone'")
    assert (note["who"], note["record"]) == ("admin", f"{PROMPT} zh-CN")


def test_the_code_stands_in_no_log_and_no_record(line, town, code, number):
    with Clerk(line, town, "01088880044") as clerk:
        clerk.enter(code)
        clerk.hear("studio_accepted")
    call = record_of(line, "01088880044")
    steps = line.rows("SELECT * FROM call_steps WHERE call_id = ? ORDER BY seq", call["id"])
    given = {step["node"]: step["digits"] for step in steps}
    assert given["ask_code"] == "****"
    everything = line.tail() + line.log.read_text() + repr(line.rows("SELECT * FROM call_steps"))
    everything += repr(line.rows("SELECT * FROM calls")) + repr(
        line.rows("SELECT * FROM audit_log")
    )
    assert code not in everything
    # Six digits stand by chance in some fraction of a second, or in a hash.
    assert not re.search(rf"(?<![.0-9a-f]){code[4:]}(?![0-9a-f])", everything)


def test_three_wrong_codes_lock_the_code_and_the_caller(line, town, code):
    wrong = code[:4] + f"{(int(code[4:]) + 1) % 10**6:06d}"
    with Clerk(line, town, "01088880045") as clerk:
        clerk.enter(wrong)
        for tries_left in (2, 1):
            clerk.hear("studio_wrong_code", tries_left=tries_left)
            clerk.reply("studio_ask_code", wrong)
        clerk.hear("studio_locked", minutes=30)
        clerk.until_request("BYE", 30.0)
    for caller in ("01088880045", "01088880046"):
        with Clerk(line, town, caller) as clerk:
            clerk.enter(code)
            clerk.hear("studio_locked", minutes=30)
    steps = line.rows("SELECT digits FROM call_steps WHERE node = 'ask_code'")
    assert {step["digits"] for step in steps} <= {"****", ""}


def test_who_hangs_up_without_keeping_leaves_nothing(line, town, code, number):
    with Clerk(line, town, "01088880047") as clerk:
        clerk.enter(code)
        clerk.choose(number)
        clerk.speak(speech_like(SPEECH_S, 42))
        clerk.hear("studio_your_take")
        (take,) = left_behind(line)
        key = Clause("", take.parent.name, 0, take).key("")
        assert key in ClauseStore(line.settings.clauses_dir)
    record_of(line, "01088880047")
    wait_until(lambda: not left_behind(line), "the take is gone")
    wait_until(lambda: key not in ClauseStore(line.settings.clauses_dir), "what was rendered too")
    assert line.rows("SELECT * FROM prompt_recordings WHERE withdrawn_at IS NULL") == []
    assert line.rows("SELECT * FROM recordings WHERE kind = 'prompt'") == []


def test_who_hangs_up_while_speaking_leaves_nothing(line, town, code, number):
    with Clerk(line, town, "01088880048") as clerk:
        clerk.enter(code)
        clerk.choose(number)
        clerk.hear("studio_speak")
        clerk.sound.until_tone(1000.0)
        clerk.sound.speak(speech_like(SPEECH_S, 43))
        wait_until(lambda: left_behind(line), "the recording has begun")
        clerk.hang_up()
    record_of(line, "01088880048")
    wait_until(lambda: not left_behind(line), "the take is gone")
    assert line.rows("SELECT * FROM prompt_recordings WHERE withdrawn_at IS NULL") == []


def test_refusals_are_spoken_and_another_take_may_follow(line, town, code, number, database):
    with database.begin() as session:
        slotted = prompt_numbers.numbers(session)["bill_found"]
    with Clerk(line, town, "01088880049") as clerk:
        clerk.enter(code)
        clerk.reply("studio_ask_number", "9999#")
        clerk.hear("studio_unknown_number")
        clerk.reply("studio_ask_number", f"{slotted}#")
        clerk.hear("studio_has_slots")
        clerk.choose(number)
        time_s = np.arange(int(SPEECH_S * RATE_HZ)) / RATE_HZ
        clerk.speak(8000 * np.sin(2 * np.pi * 440 * time_s))
        clerk.hear("studio_no_speech")
        clerk.reply("studio_refused_menu", "1")
        clerk.speak(speech_like(SPEECH_S, 44) * 0.015)
        clerk.hear("studio_too_quiet")
        clerk.reply("studio_refused_menu", "1")
        clerk.speak(speech_like(SPEECH_S, 44))
        clerk.reply("studio_decide", "2")  # again
        clerk.speak(speech_like(SPEECH_S, 45))
        clerk.hear("studio_your_take")
        clerk.reply("studio_decide", "3")  # and not at all
        clerk.hear("studio_dropped")
        wait_until(lambda: not left_behind(line), "a dropped take is gone at once")
    assert line.rows("SELECT * FROM prompt_recordings WHERE withdrawn_at IS NULL") == []
