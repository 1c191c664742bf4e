"""Outage notices: what staff enter is what callers hear."""

from __future__ import annotations

import pytest

from ivr.services import outages
from tests.admin_web.builders import DeskUnderTest

GOOD = {
    "kind": "water",
    "area_code": "02",
    "starts_at": "2026-11-22T20:00",
    "ends_at": "2026-11-23T06:00",
    "valid_from": "",
    "valid_to": "",
    "text_zh": "东湖街道今晚停水。",
    "text_en": "No water in East Lake tonight.",
}


def test_a_notice_is_heard_from_the_moment_it_is_saved(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor")
    assert visitor.post("/outages/new", GOOD).status_code == 302
    with desk.database.read() as session:
        heard = [row for row in outages.current(session, desk.clock()) if "今晚" in row.text_zh]
    assert len(heard) == 1
    assert heard[0].starts_at.isoformat() == "2026-11-22T12:00:00+00:00"
    assert heard[0].created_by == "editor"
    assert "东湖街道今晚停水。" in visitor.get("/outages/").text


def test_a_planned_notice_waits_for_its_time(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    visitor.post("/outages/new", {**GOOD, "valid_from": "2026-11-23T00:00"})
    page = visitor.get("/outages/").text
    assert page.index("Planned") < page.index("东湖街道今晚停水。")


@pytest.mark.parametrize(
    ("field", "value", "en", "zh"),
    [
        ("text_zh", " ", "Fill this in.", "请填写此项。"),
        ("starts_at", "", "Fill this in.", "请填写此项。"),
        ("ends_at", "2026-11-22T19:00", "later than the beginning", "必须晚于开始时间"),
        ("area_code", "99", "Not a valid choice", "选择"),
        ("text_en", "x" * 1001, "At most 1000 characters", "最多 1000 个字符"),
    ],
)
def test_what_is_wrong_is_told_beside_the_field_in_both_languages(
    desk: DeskUnderTest, field: str, value: str, en: str, zh: str
) -> None:
    visitor = desk.as_("editor")
    for language, said in (("en", en), ("zh-CN", zh)):
        visitor.client.set_cookie("desk_language", language)
        answer = visitor.post("/outages/new", {**GOOD, field: value})
        assert answer.status_code == 422
        block = answer.text.split(f'id="{field}-error"')[1].split("</ul>")[0]
        assert said in block


def test_an_edit_keeps_what_was_entered_and_changes_the_rest(desk: DeskUnderTest) -> None:
    visitor = desk.as_("supervisor")
    with desk.database.read() as session:
        row = outages.current(session, desk.clock())[0]
    page = visitor.get(f"/outages/{row.id}").text
    assert row.text_zh in page
    visitor.post(f"/outages/{row.id}", {**GOOD, "text_zh": "改过了。"})
    with desk.database.read() as session:
        assert outages.get(session, row.id).text_zh == "改过了。"


def test_an_ended_notice_is_heard_no_more(desk: DeskUnderTest) -> None:
    with desk.database.read() as session:
        row = outages.current(session, desk.clock())[0]
    assert desk.as_("editor").post(f"/outages/{row.id}/end").status_code == 302
    with desk.database.read() as session:
        assert row.id not in {r.id for r in outages.current(session, desk.clock())}


def test_without_the_voice_the_preview_says_so(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    answer = visitor.post("/outages/hear", {**GOOD, "language": "en"})
    assert answer.status_code == 503
    assert "cannot" in answer.text
    wanted = {"Accept": "audio/wav, application/json"}
    answer = visitor.post("/outages/hear", {**GOOD, "language": "en"}, headers=wanted)
    assert "voice" in answer.json["error"]
    assert visitor.post("/outages/hear", {"language": "fr"}).status_code == 400
    assert visitor.post("/outages/hear", {"language": "en", "text_en": " "}).status_code == 422
