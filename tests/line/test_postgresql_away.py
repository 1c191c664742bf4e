"""PostgreSQL is stopped and started again under calls: heard, seen, and over by itself."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import SQLAlchemyError

from tests import postgresql
from tests.line.harness import RTP_BLOCK, RunningLine, running
from tests.line.jobs import Town, speech_like
from tests.line.listener import Listener
from tests.line.phone import wait_until
from tests.line.promises import reading, rows

pytestmark = [pytest.mark.line, pytest.mark.xdist_group("line"), pytest.mark.timeout(300)]

ASKING, FILING, LATE = "13800137001", "13800137002", "13800137003"
LIMIT_S = 60.0


@pytest.fixture
def server() -> Iterator[Path]:
    """A server of this test's own, for it is stopped; skips where PostgreSQL is not installed."""
    folder = postgresql.new_cluster()
    yield folder
    with suppress(AssertionError):  # where the test failed it may be stopped
        postgresql.stop(folder, immediately=True)


@pytest.fixture
def line(server: Path, tmp_path: Path, rendered: Path, rtp_low: int) -> Iterator[RunningLine]:
    url = postgresql.new_database(folder=server)
    own = RunningLine(tmp_path / "var", rendered, rtp_low + RTP_BLOCK, IVR_DATABASE_URL=url)
    with running(own) as started:
        yield started


def health(line: RunningLine) -> dict[str, Any]:
    """What `/healthz` says, whatever its status."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{line.web_port}/healthz") as answer:
            text = answer.read()
    except urllib.error.HTTPError as refused:
        text = refused.read()
    return dict(json.loads(text))


def database_alarm(line: RunningLine) -> str:
    return next((said for said in health(line)["alarms"] if said.startswith("database: ")), "")


def stored(line: RunningLine, query: str, **values: Any) -> Callable[[], list[dict[str, Any]]]:
    def look() -> list[dict[str, Any]]:
        try:
            with reading(line) as connection:
                return rows(connection, query, **values)
        except SQLAlchemyError:
            return []

    return look


def speak_a_complaint(caller: Listener) -> None:
    """Up to the question whether it is to be filed."""
    caller.reply("greeting", "1")
    caller.reply("main_menu", "3")
    caller.reply("complaint_menu", "2")
    caller.hear("complaint_notice")
    caller.speak_after_tone(speech_like(3.0, 137))
    caller.sound.until_sent()
    caller.press("#")
    caller.hear("complaint_confirm")


def ask_for_a_bill(caller: Listener) -> None:
    """Up to the last key of the account."""
    caller.reply("greeting", "1")
    caller.reply("main_menu", "1")
    caller.hear("bill_ask_account")


def apologised(caller: Listener, *prompts: str) -> None:
    """One of these is heard, and that a person is called; the call stays up."""
    sorry = [caller.town.clips(prompt, caller.language, {})[0] for prompt in prompts]
    caller.sound.until_any_heard(sorry, LIMIT_S)
    caller.hear("person_connecting")
    assert not caller.ended


def test_a_server_that_goes_and_comes_back_is_heard_seen_and_survived(
    line: RunningLine, server: Path
):
    town = Town(line.settings)
    bill = town.clips("bill_found", "zh-CN", town.lookup("bills.find", "zh-CN", account="880123"))
    responder = line.child("responder")
    with Listener(line, town, ASKING) as asking, Listener(line, town, FILING) as filing:
        filing.call()
        speak_a_complaint(filing)
        asking.call()
        ask_for_a_bill(asking)
        filing.press("1")
        filing.hear("complaint_check_number", phone=FILING)
        postgresql.stop(server)
        asking.press("880123#")
        filing.press("1")
        with ThreadPoolExecutor(2) as pool:
            heard = [
                pool.submit(apologised, asking, "service_down", "service_slow"),
                pool.submit(apologised, filing, "complaint_filing_failed"),
            ]
        for one in heard:
            one.result()
        wait_until(lambda: database_alarm(line), "an alarm", LIMIT_S)
        assert "cannot be reached" in database_alarm(line)
        # Who calls now is answered all the same.
        with Listener(line, town, LATE) as late:
            late.call()
            ask_for_a_bill(late)
            postgresql.start(server)
            wait_until(lambda: not database_alarm(line), "the alarm is over", LIMIT_S)
            late.press("880123#")
            late.sound.until_heard(bill[1:2], LIMIT_S)
    # What was spoken while nothing could be written is filed now.
    query = "SELECT * FROM complaints WHERE caller = :it"
    wait_until(stored(line, query, it=FILING), "the complaint", LIMIT_S)
    (complaint,) = stored(line, query, it=FILING)()
    assert complaint["recording_id"] is not None
    wait_until(
        lambda: not stored(line, "SELECT 1 FROM calls WHERE ended_at IS NULL")(), "closed", LIMIT_S
    )
    callers = {row["caller"] for row in stored(line, "SELECT caller FROM calls")()}
    assert callers >= {ASKING, FILING, LATE}
    wait_until(lambda: health(line).get("answering"), "the line says it answers", LIMIT_S)
    assert line.child("responder") == responder, "nothing was started again"
