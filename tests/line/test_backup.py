"""A complaint outlives its machine: kept while the line runs, restored elsewhere, asked for there.

Two lines and two real calls; between them there is nothing but the archive.
"""

import re
from typing import Any

import pytest

from tests.line.desk import DeskClient
from tests.line.harness import RTP_BLOCK, RunningLine, running
from tests.line.heard import ENOUGH, Clip, find, from_wav, in_order
from tests.line.jobs import Town, speech_like, ticket_clips
from tests.line.listener import Listener

pytestmark = [pytest.mark.line, pytest.mark.xdist_group("line"), pytest.mark.timeout(300)]

NUMBER = "13800136001"
ASKING = "13800136002"
LIMIT_S = 30.0
ACCOUNT = "880123"
# The database, what callers said, and the packets of calls that administrators look at.
RECORDS = ("ivr.db", "ivr.db-wal", "ivr.db-shm", "recordings", "traces", "clauses")
SPEECH = speech_like(3.0, 136)


def file_complaint(line: RunningLine, caller: Listener) -> str:
    """From the greeting to the ticket number, which is heard; the call stays up."""
    caller.call()
    caller.reply("greeting", "1")
    caller.reply("main_menu", "3")
    caller.reply("complaint_menu", "2")
    caller.hear("complaint_notice")
    caller.speak_after_tone(SPEECH)
    caller.sound.until_sent()
    caller.press("#")
    caller.reply("complaint_confirm", "1")
    caller.reply("complaint_check_number", "1", phone=NUMBER)
    caller.hear("complaint_accepted")
    row = line.until_row("SELECT * FROM complaints WHERE caller = ?", NUMBER)
    ticket = str(row["ticket"])
    said = ticket_clips(caller.town, caller.language, ticket)
    caller.sound.until_heard(said[-1:], LIMIT_S)
    in_order(caller.sound.samples(), said[:-1])
    return ticket


def ask_progress(caller: Listener, ticket: str, found: dict[str, Any]) -> None:
    """Key the ticket and the last digits, and hear what is said of it."""
    said = [
        *caller.town.clips("progress_found", caller.language, found),
        *caller.town.clips("progress_deadline", caller.language, found),
        *caller.town.clips("progress_no_reply", caller.language, found),
    ]
    caller.call()
    caller.reply("greeting", "1")
    caller.reply("main_menu", "4")
    caller.reply("progress_ask_ticket", f"{ticket}#")
    caller.reply("progress_ask_last4", NUMBER[-4:])
    caller.sound.until_heard(said[-1:], LIMIT_S)
    in_order(caller.sound.samples(), said)


def ask_for_a_bill(caller: Listener) -> None:
    """Key an account's number and hear its amount."""
    found = caller.town.lookup("bills.find", caller.language, account=ACCOUNT)
    _kind, amount, *_others = caller.town.clips("bill_found", caller.language, found)
    caller.press("*")
    caller.reply("main_menu", "1")
    caller.reply("bill_ask_account", f"{ACCOUNT}#")
    caller.sound.until_heard([amount], LIMIT_S)


def telling(line: RunningLine, words: list[str]) -> list[str]:
    """What holds one of these words and is no record: logs above all."""
    files = (
        path
        for path in line.state_dir.rglob("*")
        if path.is_file() and path.relative_to(line.state_dir).parts[0] not in RECORDS
    )
    texts = {path.name: path.read_bytes().decode("utf-8", "replace") for path in files}
    texts["standard output"] = "\n".join(line.lines)
    assert "line.log" in texts
    return [f"{name}: {word}" for name, text in texts.items() for word in words if word in text]


def test_a_complaint_is_followed_up_on_a_line_restored_elsewhere(
    line: RunningLine, town: Town, tmp_path, rendered, rtp_low
):
    archive = str(tmp_path / "line.tar.gz")
    with Listener(line, town, NUMBER) as caller:
        ticket = file_complaint(line, caller)
        made = line.command("backup", archive)
        assert made.returncode == 0, made.stderr
        assert not caller.ended, "a backup does not end calls"
    known = town.lookup("complaints.progress", "zh-CN", ticket=ticket, last4=NUMBER[-4:])
    assert (known["ticket"], known["state"], known["reply"]) == (ticket, "received", "")

    talkative = {"IVR_LOG_LEVEL": "debug", "IVR_LOG_FORMAT": "json"}
    other = RunningLine(tmp_path / "elsewhere", rendered, rtp_low + RTP_BLOCK, **talkative)
    restored = other.command("restore", archive)
    assert restored.returncode == 0, restored.stderr
    with running(other):
        with Listener(other, Town(other.settings), ASKING) as caller:
            ask_progress(caller, ticket, known)
            ask_for_a_bill(caller)
        desk = DeskClient(other)
        page = desk.get(f"/complaints/{ticket}")
        (source,) = re.findall(r'<audio[^>]*src="([^"]+)"', page)
        played = tmp_path / "played.wav"
        played.write_bytes(desk.content(source))
        said = Clip("what the caller said", SPEECH)
        assert find(from_wav(played), said).share >= ENOUGH
        call = other.until_row("SELECT * FROM calls WHERE caller = ?", ASKING)
    assert '"level": "DEBUG"' in other.log.read_text(encoding="utf-8")
    assert telling(other, [NUMBER, ASKING, ticket, ACCOUNT]) == []
    assert telling(other, [call["id"]]) != [], "a call is named by its id"
