"""Notices from templates, for several areas, as drafts, longer than expected, and as copies."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from werkzeug.test import TestResponse

from ivr.records.tables import Outage
from ivr.services import outage_templates, outages
from tests.admin_web.browsing import NEEDS_CHROMIUM, sign_in
from tests.admin_web.builders import DeskUnderTest, Visitor
from tests.admin_web.prompts.fake_voice import FakeVoice, voice

__all__ = ["voice"]

GOOD = {
    "kind": "water",
    "area_code": ["01", "02"],
    "starts_at": "2026-11-22 20:00",
    "ends_at": "2026-11-23 06:30",
    "reason_zh": "管网检修。",
    "reason_en": "repairs",
    "text_zh": "因{原因}，{area}将于{开始}至{to}停水。",
    "text_en": "For {reason}, no water in {area} from {from} until {to}.",
}
ZH = "因管网检修，城关镇、东湖街道将于11月22日20点至11月23日6点30分停水。"
EN = (
    "For repairs, no water in Chengguan Town, East Lake Subdistrict "
    "from 22 November at 20:00 until 23 November at 6:30."
)


def newest(desk: DeskUnderTest) -> Outage:
    with desk.database.read() as session:
        return max(outages.everything(session), key=lambda row: row.id)


def heard(desk: DeskUnderTest, area: str) -> list[str]:
    with desk.database.read() as session:
        return [row.text_zh for row in outages.current(session, desk.clock(), area)]


def test_what_stands_in_braces_is_filled_in_for_both_languages(desk: DeskUnderTest) -> None:
    assert desk.as_("editor").post("/outages/new", GOOD).status_code == 302
    row = newest(desk)
    assert (row.text_zh, row.text_en) == (ZH, EN)
    assert row.area_codes == ("01", "02")
    assert ZH in heard(desk, "01")
    assert ZH in heard(desk, "02")
    assert ZH not in heard(desk, "03")


def test_a_brace_without_anything_to_say_is_refused_beside_its_text(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    for changed, told in (
        ({"ends_at": ""}, "{to} has nothing to stand for"),
        ({"reason_en": ""}, "{reason} has nothing to stand for"),
        ({"text_zh": "停水{until}。"}, "{until} is no part that can be filled in"),
        ({"text_zh": "停水{from。"}, "a brace is not closed"),
    ):
        answer = visitor.post("/outages/new", {**GOOD, **changed})
        assert answer.status_code == 422
        assert told in answer.text


def test_a_template_begins_a_notice_and_staff_write_their_own(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    with desk.database.read() as session:
        planned = outage_templates.every(session)[0]
    assert planned.text_zh in visitor.get(f"/outages/new?template={planned.id}").text
    own = {"kind": "gas", "name_zh": "夜间停气", "text_zh": "{area}停气。"}
    assert visitor.post("/outages/templates/new", {**own, "text_en": "{x}"}).status_code == 422
    assert visitor.post("/outages/templates/new", own).status_code == 302
    page = visitor.get("/outages/templates").text
    assert "夜间停气" in page
    assert visitor.post("/outages/templates/1/remove").status_code == 302
    assert visitor.get("/outages/new?template=1").status_code == 404


def test_a_draft_is_heard_by_nobody_until_it_is_published(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor")
    visitor.post("/outages/new", {**GOOD, "draft": "1"})
    row = newest(desk)
    assert ZH not in heard(desk, "01")
    visitor.post(f"/outages/{row.id}/publish")
    assert ZH in heard(desk, "01")
    visitor.post(f"/outages/{row.id}/remove")
    assert ZH in heard(desk, "01")


def test_a_repair_takes_longer_and_an_ended_notice_is_copied(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    visitor.post("/outages/new", GOOD)
    row = newest(desk)
    visitor.post(f"/outages/{row.id}/extend", {"ends_at": "2026-11-22 10:00"})
    assert "must be later than now" in visitor.get("/outages/").text
    visitor.post(f"/outages/{row.id}/extend", {"ends_at": "2026-11-24 10:00"})
    assert "24 Nov 2026, 10:00" in visitor.get("/outages/").text
    visitor.post(f"/outages/{row.id}/end")
    visitor.post(f"/outages/{row.id}/extend", {"ends_at": "2026-11-25 10:00"})
    assert "make a copy of it instead" in visitor.get("/outages/").text
    copy = visitor.get(f"/outages/new?copy={row.id}").text
    assert ZH in copy
    assert copy.count(" checked") == 2


def test_the_preview_says_what_the_line_says(desk: DeskUnderTest, voice: FakeVoice) -> None:
    visitor = desk.as_("editor")
    answer = visitor.post("/outages/hear", {**GOOD, "language": "zh-CN"})
    assert answer.mimetype == "audio/wav"
    assert voice.said[0].startswith("城关镇、东湖街道") or "城关镇" in "".join(voice.said)
    assert any("停供通知" in text for text in voice.said)
    assert any("管网检修" in text for text in voice.said)
    typed = list(voice.said)
    visitor.post("/outages/new", GOOD)
    voice.said.clear()
    visitor.post(f"/outages/{newest(desk).id}/hear", {"language": "zh-CN"})
    assert voice.said == typed
    wanted = {"Accept": "audio/wav, application/json"}
    answer = visitor.post(
        "/outages/hear", {**GOOD, "starts_at": "", "language": "en"}, headers=wanted
    )
    assert answer.status_code == 422


def upload(visitor: Visitor, content: bytes, name: str = "list.csv") -> TestResponse:
    return visitor.post("/outages/upload", {"file": (io.BytesIO(content), name)})


def token(answer: TestResponse) -> str:
    return answer.text.split('name="name" value="')[1].split('"')[0]


LIST = (
    "类别;区域;开始时间;预计恢复时间;内容\r\n"
    "停水;城关镇、东湖街道;2026/12/5 8:00;2026年12月5日18点;第一条\r\n"
    "停电;全市;2026-12-06;;第二条\r\n"
)
WRONG = "停光;月球;昨天;;第三条\r\n水;1;2026-12-06;2026-12-05;\r\n"


def test_nothing_of_a_list_is_stored_before_it_is_taken_in(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    before = newest(desk).id
    look = upload(visitor, (LIST + WRONG).encode("gb18030"))
    assert newest(desk).id == before
    for told in ("there is no area", "is not a time such as", "must end after it starts"):
        assert told in look.text
    assert '<td data-label="Line" class="number">5</td>' in look.text
    name = {"name": token(look), "filename": "list.csv"}
    refused = visitor.post("/outages/upload/take-in", name)
    assert refused.status_code == 422
    assert newest(desk).id == before
    visitor.post("/outages/upload/take-in", {**name, "good": "1"})
    with desk.database.read() as session:
        rows = [row for row in outages.everything(session) if row.id > before]
    assert {row.text_zh: row.area_codes for row in rows} == {"第一条": ("01", "02"), "第二条": ()}
    assert (
        "upload it again"
        in visitor.post("/outages/upload/take-in", name, follow_redirects=True).text
    )


def test_a_list_is_taken_back_while_nobody_worked_on_it(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    before = newest(desk).id
    for count in (1, 2):
        look = upload(visitor, ("\ufeff" + LIST).encode())
        visitor.post("/outages/upload/take-in", {"name": token(look), "filename": "a"})
        if count == 1:
            visitor.post("/outages/upload/1/undo")
            assert newest(desk).id == before
    desk.clock.move(minutes=1)
    visitor.post(f"/outages/{newest(desk).id}/end")
    visitor.post("/outages/upload/2/undo")
    page = visitor.get("/outages/upload").text
    assert "1 of its notices were changed since" in page
    assert newest(desk).id > before


def test_a_list_may_be_a_workbook_and_become_drafts(desk: DeskUnderTest) -> None:
    book = Workbook()
    book.active.append(["supply", "areas", "from", "text"])
    book.active.append(["gas", 3, "2026-12-05 08:00", "第一条"])
    file = io.BytesIO()
    book.save(file)
    visitor = desk.as_("editor").english()
    look = upload(visitor, file.getvalue(), "list.xlsx")
    given = {"name": token(look), "filename": "x", "drafts": "y"}
    visitor.post("/outages/upload/take-in", given)
    row = newest(desk)
    assert (row.area_code, row.draft) == ("03", True)


def test_an_area_that_is_one_of_several_of_a_notice_cannot_be_removed(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    visitor.post("/areas/", {"code": "77", "name_zh": "新区"})
    visitor.post("/outages/new", {**GOOD, "area_code": ["01", "77"]})
    visitor.post("/areas/77/remove")
    assert "outage notices name area 77" in visitor.get("/areas/").text


@NEEDS_CHROMIUM
def test_a_notice_from_a_template_and_a_list_in_a_browser(
    page: Any, desk: DeskUnderTest, voice: FakeVoice, tmp_path: Path
) -> None:
    sign_in(page, "editor", "/outages/new")
    page.click("text=管道抢修停水")
    page.check("text=01 城关镇")
    page.fill("[name=starts_at]", "2026-11-22 10:00")
    page.fill("[name=ends_at]", "2026-11-22 20:00")
    page.fill("[name=reason_zh]", "水管爆裂")
    page.fill("[name=reason_en]", "a burst main")
    page.click("text=按普通话来电者听到的试听")
    page.wait_for_selector("#heard-zh audio")
    page.click("text=发布")
    page.wait_for_selector("text=城关镇因水管爆裂停水，正在抢修，预计11月22日20点恢复供水。")
    path = tmp_path / "清单.csv"
    path.write_text(LIST)
    page.goto("/outages/upload")
    page.set_input_files("[name=file]", path)
    page.click("main form.sheet button")
    page.click("text=收入全部 2 条通知")
    page.wait_for_selector("text=已收入 2 条通知。")
