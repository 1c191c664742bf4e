"""The first page says how the machine does: pace of sound, writing, disk."""

from __future__ import annotations

import re
import shutil
from typing import Any, NamedTuple

import pytest

from tests.admin_web.builders import DeskUnderTest


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def parts(desk: DeskUnderTest, **detail: Any) -> dict[str, str]:
    desk.beat(listening=True, calls=0, **detail)
    page = desk.as_("supervisor").english().get("/").text
    rows = re.findall(r"<dt>([^<]*)</dt><dd>(.*?)</dd>", page)
    return {name: " ".join(re.sub(r"<[^>]*>", " ", told).split()) for name, told in rows}


@pytest.mark.parametrize(("late", "word"), [(1.24, "In time"), (35.0, "Late"), (80.0, "Too late")])
def test_the_pace_of_sound_is_told_in_words(desk: DeskUnderTest, late: float, word: str) -> None:
    told = parts(desk, tick_late_ms_p99=late, media_restarts=0)["Sound"]
    assert told.startswith(f"{word} 99 of 100 packets are at most {round(late, 1):g} ms late")
    assert "started again" not in told


def test_sound_that_had_to_be_started_again_is_told(desk: DeskUnderTest) -> None:
    assert "started again 2 times" in parts(desk, tick_late_ms_p99=1.0, media_restarts=2)["Sound"]


def test_what_waits_to_be_written_is_told(desk: DeskUnderTest) -> None:
    assert parts(desk, writes_waiting=3)["Database"] == "Keeping up 3 records wait to be written"
    assert parts(desk, writes_waiting=9000)["Database"].startswith("Behind 9,000")


def test_the_room_on_the_disk_is_told(desk: DeskUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(100 << 30, 0, 50 << 30))
    assert parts(desk)["Disk"] == "Enough room 50 GB free"
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(100 << 30, 0, 100 << 20))
    assert parts(desk)["Disk"] == "Nearly full 0.1 GB free"


def test_a_line_that_does_not_answer_says_nothing_of_its_pace(desk: DeskUnderTest) -> None:
    desk.beat(listening=True, tick_late_ms_p99=1.0)
    desk.clock.move(minutes=5)
    page = desk.as_("supervisor").english().get("/").text
    assert "<dt>Sound</dt>" not in page
    assert "<dt>Disk</dt>" in page
