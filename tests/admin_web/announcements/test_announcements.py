"""The emergency announcement at the desk: put out, seen by all, ended; its sound made before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ivr.records.tables import Announcement, AuditEntry
from ivr.services import announcements
from tests.admin_web.browsing import NEEDS_CHROMIUM, sign_in
from tests.admin_web.builders import ROLES, DeskUnderTest
from tests.admin_web.prompts.fake_voice import FakeVoice

FLOOD = {
    "words_zh": "河水上涨，请离开河边。",
    "words_en": "The river is rising.",
    "until": "60",
    "manner": "go_on",
}


def running(desk: DeskUnderTest) -> list[Announcement]:
    with desk.database.read() as session:
        return list(announcements.in_force(session, desk.clock()))


def test_it_is_put_out_seen_by_everybody_and_gone_at_its_end(desk: DeskUnderTest) -> None:
    visitor = desk.as_("supervisor").english()
    assert "alarm-button" in visitor.get("/").text
    assert visitor.post("/announcements/", {**FLOOD, "until": "30"}).status_code == 302
    (row,) = running(desk)
    assert row.ends_at == desk.clock() + timedelta(minutes=30)
    assert row.begun_by == "supervisor"
    for role in ROLES:
        page = desk.as_(role).english().get("/account").text
        banner = page.split('class="alarm"')[1].split("</div>")[0]
        assert "The river is rising." in banner
        assert "supervisor" in banner
        assert "22 Nov 2026, 16:30" in banner
    desk.clock.move(minutes=30)
    assert 'class="alarm"' not in visitor.get("/account").text
    past = visitor.get("/announcements/").text.split("Past announcements")[1]
    assert "The river is rising." in past


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"words_zh": "", "words_en": " "}, "write what is to be said"),
        ({"until": "own"}, "Give the time at which it ends."),
        ({"until": "own", "own": "2026-11-22 15:59"}, "ends later than now"),
        ({"until": "own", "own": "2026-12-22 16:00"}, "at most 7 days"),
        ({"until": "for ever"}, "Not a valid choice"),
        ({"words_zh": "水" * 1001}, "At most 1000 characters"),
        ({"flow": "no_such_flow"}, "Not a valid choice"),
    ],
)
def test_without_words_or_an_end_it_is_not_put_out(
    desk: DeskUnderTest, given: dict[str, str], told: str
) -> None:
    answer = desk.as_("editor").english().post("/announcements/", {**FLOOD, **given})
    assert answer.status_code == 422
    assert told in answer.text
    assert running(desk) == []


@pytest.mark.parametrize(
    ("until", "own", "ends"),
    [
        ("30", "", "2026-11-22T08:30"),
        ("120", "", "2026-11-22T10:00"),
        ("day", "", "2026-11-22T16:00"),  # midnight in the line's zone
        ("own", "2026-11-23 08:15", "2026-11-23T00:15"),
    ],
)
def test_it_ends_when_the_clerk_has_chosen(
    desk: DeskUnderTest, until: str, own: str, ends: str
) -> None:
    desk.as_("editor").post("/announcements/", {**FLOOD, "until": until, "own": own})
    (row,) = running(desk)
    assert row.ends_at.isoformat()[:16] == ends


def test_its_end_is_changed_and_it_is_ended_before(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    visitor.post("/announcements/", FLOOD)
    (row,) = running(desk)
    visitor.post(f"/announcements/{row.id}/extend", {"until": "120"})
    (row,) = running(desk)
    assert row.ends_at == desk.clock() + timedelta(hours=2)
    visitor.post(f"/announcements/{row.id}/end")
    assert running(desk) == []
    assert "ended by editor" in visitor.get("/announcements/").text
    visitor.post(f"/announcements/{row.id}/end")
    assert "over already" in visitor.get("/announcements/").text
    assert visitor.post("/announcements/999/end").status_code == 404
    with desk.database.read() as session:
        words = [one.what for one in session.query(AuditEntry).order_by(AuditEntry.id)]
    assert words[-3:] == ["announcement_begun", "announcement_extended", "announcement_ended"]


def test_the_page_says_whether_callers_hear_it_and_nothing_better(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    visitor.post("/announcements/", FLOOD)
    (row,) = running(desk)

    def told() -> tuple[bool, str]:
        (one,) = visitor.get("/announcements/state").json["announcements"]
        return one["heard"], one["text"]

    assert told() == (False, "The line does not answer just now; callers hear nothing.")
    desk.beat(listening=True, announcements={})
    assert told()[1].startswith("Not heard yet: its sound is being made.")
    desk.beat(listening=True, announcements={str(row.id): ["zh-CN"]})
    assert told() == (False, "New callers hear it in one language; the other is being made.")
    desk.beat(
        listening=True, announcements_in_force=1, announcements={str(row.id): ["en", "zh-CN"]}
    )
    assert told() == (True, "New callers hear it.")
    assert desk.visitor().get("/healthz").json["announcements"] == 1
    metric = 'ivr_process_announcements_in_force{process="responder"} 1.0'
    assert metric in desk.visitor().get("/metrics").text


def test_only_those_who_may_put_it_out(desk: DeskUnderTest) -> None:
    for role in ("clerk", "auditor"):
        visitor = desk.as_(role)
        assert "alarm-button" not in visitor.get("/").text
        assert visitor.post("/announcements/", FLOOD).status_code == 403
    assert running(desk) == []


# --- sound


def test_hearing_it_and_writing_it_have_its_sound_made(
    desk: DeskUnderTest, voice: FakeVoice
) -> None:
    visitor = desk.as_("editor")
    heard = visitor.post("/announcements/hear", {**FLOOD, "language": "zh-CN"})
    assert heard.mimetype == "audio/wav"
    assert voice.said == ["河水上涨，请离开河边。"]
    made = visitor.post("/announcements/prepare", FLOOD)
    assert set(made.json["seconds"]) == {"zh-CN", "en"}
    assert voice.said[-1] == "The river is rising."
    empty = visitor.post("/announcements/hear", {"language": "en", "words_en": " "})
    assert empty.status_code == 422
    long = visitor.post("/announcements/prepare", {"words_zh": "水" * 1001})
    assert long.status_code == 422
    assert visitor.post("/announcements/hear", {"language": "xx"}).status_code == 404


def test_a_prompt_that_is_there_is_heard_instead(desk: DeskUnderTest, voice: FakeVoice) -> None:
    visitor = desk.as_("editor")
    given = {**FLOOD, "prompt": "service_down", "language": "en"}
    assert visitor.post("/announcements/hear", given).mimetype == "audio/wav"
    assert "river" not in " ".join(voice.said)
    visitor.post("/announcements/", given)
    (row,) = running(desk)
    assert (row.prompt, row.words_zh, row.words_en) == ("service_down", "", "")


def test_without_a_voice_it_is_put_out_all_the_same(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    assert visitor.post("/announcements/prepare", FLOOD).status_code == 422
    assert visitor.post("/announcements/", FLOOD).status_code == 302
    assert len(running(desk)) == 1


@pytest.mark.browser
@NEEDS_CHROMIUM
def test_a_clerk_writes_hears_and_puts_it_out(
    desk: DeskUnderTest, page: Any, voice: FakeVoice
) -> None:
    desk.beat(listening=True, announcements={})
    sign_in(page, "editor")
    page.click(".alarm-button")
    page.fill("[name=words_zh]", FLOOD["words_zh"])
    page.fill("[name=words_en]", FLOOD["words_en"])
    page.wait_for_selector("[data-prepared]:has-text('已就绪')")
    page.click("button[data-hear][value=en]")
    page.wait_for_selector("#heard-en audio")
    page.click("button.alarm-button")
    part = page.wait_for_selector("[data-announcement][data-heard=no]")
    assert "正在合成" in part.inner_text()
    assert page.locator(".alarm").count() == 1
    (row,) = running(desk)
    desk.beat(listening=True, announcements={str(row.id): ["en", "zh-CN"]})
    page.wait_for_selector("[data-announcement][data-heard=yes]:has-text('新来电已能听到')")
    page.click("section[data-announcement] button:has-text('立即结束')")
    page.wait_for_selector(".alarm", state="detached")
