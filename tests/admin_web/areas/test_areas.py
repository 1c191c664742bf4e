"""The table of areas: codes that callers key, names in both languages."""

from __future__ import annotations

from ivr.services import areas
from tests.admin_web.builders import DeskUnderTest


def test_an_area_is_added_renamed_and_removed(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor")
    added = {"code": "07", "name_zh": "北港镇", "name_en": "Beigang"}
    assert visitor.post("/areas/", added).status_code == 302
    assert "北港镇" in visitor.get("/areas/").text
    assert visitor.post("/areas/07", {"name_zh": "北港新区"}).status_code == 302
    with desk.database.read() as session:
        found = areas.find(session, "7")
    assert found is not None
    assert (found.name_zh, found.name_en) == ("北港新区", "")
    assert visitor.post("/areas/07/remove").status_code == 302
    with desk.database.read() as session:
        assert areas.find(session, "7") is None
    assert visitor.post("/areas/07/remove").status_code == 404
    assert visitor.get("/areas/07").status_code == 404


def test_an_area_that_a_notice_names_stays(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor")
    assert "/areas/01/remove" not in visitor.get("/areas/").text
    visitor.post("/areas/01/remove")
    assert "有停供通知用到区域 01，不能删除" in visitor.get("/areas/").text
    with desk.database.read() as session:
        assert areas.find(session, "01") is not None


def test_a_code_no_keypad_has_or_that_is_taken_is_refused(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor")
    for code, reason in (("A1", "1 到 8 位数字"), ("1", "已有代码为 01 的区域"), ("", "请填写")):
        answer = visitor.post("/areas/", {"code": code, "name_zh": "某地"})
        assert answer.status_code == 422, code
        assert reason in answer.text, code
    assert visitor.post("/areas/", {"code": "8", "name_zh": " "}).status_code == 422
