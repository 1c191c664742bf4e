"""An emergency announcement on a line that runs: from the click to its end, through a crash."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ivr.records import Database
from ivr.services import announcements
from ivr.services.announcements import Notice
from prompts.compose import compose_text
from tests.line.desk import DeskClient
from tests.line.harness import RTP_BLOCK, RunningLine, running
from tests.line.heard import Clip
from tests.line.jobs import Town
from tests.line.listener import Listener
from tests.line.phone import wait_until as wait_for

pytestmark = [
    pytest.mark.line,
    pytest.mark.xdist_group("line"),
    pytest.mark.timeout(300),
]
WORDS = {"words_zh": "河水正在上涨。", "words_en": "The river is rising."}


LIMIT_S = 90.0  # a crash is over in two seconds, on a machine that has the time


def wait_until(condition: Callable[[], object], what: str) -> None:
    wait_for(condition, what, LIMIT_S)


@pytest.fixture(scope="module")
def line(
    tmp_path_factory: pytest.TempPathFactory, rendered: Path, rtp_low: int
) -> Iterator[RunningLine]:
    """A line of its own: what is announced here is heard by every caller after."""
    folder = tmp_path_factory.mktemp("announced") / "var"
    with running(RunningLine(folder, rendered, rtp_low + 8 * RTP_BLOCK)) as started:
        yield started


@pytest.fixture(scope="module")
def town(line: RunningLine) -> Town:
    return Town(line.settings)


@pytest.fixture(scope="module")
def words(town: Town) -> list[Clip]:
    """The announcement in both languages, its sound made as by hearing it at the desk."""
    clauses = [
        *compose_text(WORDS["words_zh"], "zh-CN", town.catalogue.manner),
        *compose_text(WORDS["words_en"], "en", town.catalogue.manner),
    ]
    return [town.clip(clause) for clause in clauses]


@contextmanager
def nothing_after(line: RunningLine) -> Iterator[None]:
    """Whatever is in force at the end of a test is ended."""
    yield
    database = Database(line.settings.database_url)
    now = datetime.now(UTC)
    with database.begin() as session:
        for row in announcements.in_force(session, now):
            announcements.end(session, row.id, who="tests", now=now)
    database.close()


def nodes(line: RunningLine, number: str) -> list[str]:
    """Where the one call of a number was, in order, once that is written."""
    row = line.until_row("SELECT id FROM calls WHERE caller = ? AND ended_at IS NOT NULL", number)
    steps = line.rows("SELECT node FROM call_steps WHERE call_id = ? ORDER BY seq", row["id"])
    return [str(step["node"]) for step in steps]


def test_who_calls_after_the_click_hears_it_first_and_then_the_line(
    line: RunningLine, town: Town, words: list[Clip]
) -> None:
    desk = DeskClient(line)
    made = desk.json("/announcements/prepare", **WORDS)
    assert set(made["seconds"]) == {"zh-CN", "en"}
    with nothing_after(line), Listener(line, town, "13800137001") as before:
        before.call()
        before.hear("greeting")  # in a call already: not touched
        page = desk.post("/announcements/", until="30", manner="go_on", **WORDS)
        assert WORDS["words_zh"] in page
        wait_until(lambda: is_announced(line, town), "a new call begins with the announcement")
        with Listener(line, town, "13800137002") as after:
            after.call()
            assert after.sound is not None
            after.sound.until_heard(words)
            after.language = "zh-CN"
            after.hear("greeting")
            after.press("1")
            after.hear("main_menu")
            after.hang_up()
        before.hang_up()
        assert "words" not in nodes(line, "13800137001")
        assert nodes(line, "13800137002")[0] == "words"
        wait_until(
            lambda: all(one["heard"] for one in heard(desk)), "the desk tells that it is heard"
        )
    wait_until(lambda: not is_announced(line, town), "once it has ended, calls begin as always")


def heard(desk: DeskClient) -> list[dict[str, object]]:
    found: list[dict[str, object]] = desk.json("/announcements/state")["announcements"]
    return found


def is_announced(line: RunningLine, town: Town) -> bool:
    """Whether a call that begins now begins with an announcement."""
    with Listener(line, town, "13800137003") as asking:
        asking.call()
        asking.hang_up()
        call_id = asking.call_id
    row = line.until_row(
        "SELECT s.node FROM call_steps s JOIN calls c ON c.id = s.call_id "
        "WHERE c.sip_call_id = ? ORDER BY s.seq",
        call_id,
    )
    return bool(row["node"] == "words")


def test_it_outlives_a_crash_of_the_line_and_ends_by_itself(
    line: RunningLine, town: Town, words: list[Clip]
) -> None:
    database = Database(line.settings.database_url)
    now = datetime.now(UTC)
    with nothing_after(line):
        with database.begin() as session:
            notice = Notice(WORDS["words_zh"], WORDS["words_en"], now + timedelta(minutes=5))
            row = announcements.begin(session, notice, who="tests", now=now)
        wait_until(lambda: is_announced(line, town), "it is heard")
        os.kill(line.child("responder"), signal.SIGKILL)
        wait_until(lambda: line.probe()["ok"], "the line answers again")
        with Listener(line, town, "13800137004") as caller:
            caller.call()
            assert caller.sound is not None
            caller.sound.until_heard(words[:1])
            caller.hang_up()
        with database.begin() as session:
            now = datetime.now(UTC)
            announcements.extend(session, row.id, now + timedelta(seconds=2), now=now)
        wait_until(lambda: not is_announced(line, town), "it has ended by itself")
    with database.read() as session:
        assert announcements.get(session, row.id).ended_at is None  # nobody ended it
    database.close()


def test_with_only_a_person_the_menu_is_a_person_or_the_end(
    line: RunningLine, town: Town, words: list[Clip]
) -> None:
    desk = DeskClient(line)
    with nothing_after(line):
        desk.post("/announcements/", until="30", manner="person_only", **WORDS)
        wait_until(lambda: is_announced(line, town), "it is heard")
        with Listener(line, town, "13800137005") as caller:
            caller.call()
            assert caller.sound is not None
            caller.sound.until_heard(words[:1])
            caller.hear("announcement_offer")
            caller.press("0")
            caller.hear("person_connecting")
            caller.hang_up()
