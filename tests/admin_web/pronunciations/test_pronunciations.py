"""Words that a voice says wrongly: looked up, heard, put right, deleted and brought back."""

from __future__ import annotations

from typing import Any

import pytest

from admin_web import voice
from ivr.services import areas, pronunciations
from prompts.clause import Clause
from tests.admin_web.builders import DeskUnderTest, Visitor

WORD = "/pronunciations/word?language=zh-CN&word="


def published(
    visitor: Visitor, word: str, said: str, base: int = 0, language: str = "zh-CN"
) -> Any:
    address = f"/pronunciations/word?language={language}&word={word}"
    return visitor.post(address, {"said": said, "base": str(base)})


def in_force(desk: DeskUnderTest) -> list[tuple[str, str, str]]:
    with desk.database.read() as session:
        return pronunciations.in_force(session)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Clause]:
    """What the voice process is asked to say; it answers with a beep."""
    asked: list[Clause] = []

    def render(clauses: Any) -> bytes:
        asked.extend(clauses)
        return b"RIFF"

    monkeypatch.setattr(voice, "render", render)
    return asked


def test_a_word_is_looked_up_put_right_and_listed(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor")
    assert "还没有人规定" in visitor.get(WORD + "民声").text
    assert published(visitor, "民声", "min2sheng1").status_code == 302
    assert in_force(desk) == [("zh-CN", "民声", "min2 sheng1")]
    page = visitor.get("/pronunciations/").text
    assert "min2 sheng1" in page
    assert "editor" in page


@pytest.mark.parametrize(
    ("word", "said", "reason"),
    [
        ("重庆", "chong2", "有 2 个字"),
        ("重庆", "chong qing", "没有声调"),
        ("重庆", "chong2 qinx4", "不是拼音音节"),
        ("WIFI", "wai1 fei4", "只有汉字词语"),
        ("重庆", "", "请填写"),
        ("重庆", "chong2<b>", "不带符号"),
    ],
)
def test_what_is_no_pronunciation_is_refused_with_a_reason(
    desk: DeskUnderTest, word: str, said: str, reason: str
) -> None:
    visitor = desk.as_("editor")
    answer = published(visitor, word, said)
    assert answer.status_code == 422
    assert reason in answer.text
    assert in_force(desk) == []


def test_a_word_says_where_callers_hear_it(desk: DeskUnderTest) -> None:
    with desk.database.begin() as session:
        areas.add(session, "77", "长乐街道", "Changle")
    visitor = desk.as_("editor").english()
    page = visitor.get(WORD + "民声").text
    assert 'href="/prompts/greeting"' in page
    assert "民声热线" in page
    assert 'href="/areas/77"' in visitor.get(WORD + "长乐").text
    nowhere = visitor.get(WORD + "饕餮").text
    assert "In no prompt, area or notice at present" in nowhere


def test_it_is_heard_before_it_is_saved(desk: DeskUnderTest, heard: list[Clause]) -> None:
    visitor = desk.as_("editor")
    address = "/pronunciations/hear?language=zh-CN&word=民声"
    said = {"said": "min2 sheng4", "sentence": "这里是民声热线。"}
    answer = visitor.post(address, said)
    assert (answer.status_code, answer.mimetype) == (200, "audio/wav")
    assert [(clause.text, clause.words) for clause in heard] == [
        ("民声。", (("民声", "min2 sheng4"),)),
        ("这里是民声热线。", (("民声", "min2 sheng4"),)),
    ]
    assert in_force(desk) == []
    heard.clear()
    visitor.post(address, {**said, "now": "1"})
    assert [clause.words for clause in heard] == [(), ()]
    wrong = visitor.post(address, {"said": "min2"}, headers={"Accept": "application/json"})
    assert wrong.status_code == 422
    assert "有 2 个字" in wrong.json["error"]


def test_every_hear_button_says_it_so_once_it_is_published(
    desk: DeskUnderTest, heard: list[Clause]
) -> None:
    visitor = desk.as_("editor")
    published(visitor, "民声", "min2 sheng4")
    published(visitor, "Minsheng", "meen shung", language="en")
    assert visitor.post("/outages/hear", {"text_zh": "民声报停电。"}).status_code == 200
    visitor.post(
        "/prompts/greeting/zh-CN/hear", {"zh-CN-text": "您好，民声热线。", "zh_CN-text": ""}
    )
    english = {"language": "en", "text_en": "Minsheng says hello."}
    visitor.post("/outages/hear", english)
    said = {word for clause in heard for word in clause.words}
    assert said == {("民声", "min2 sheng4")}
    assert heard[-1].text == "meen shung says hello."


def test_a_deleted_word_can_be_brought_back(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor")
    published(visitor, "民声", "min2 sheng4")
    data = "?language=zh-CN&word=民声"
    assert visitor.post("/pronunciations/delete" + data).status_code == 302
    assert in_force(desk) == []
    assert "min2 sheng4" not in visitor.get("/pronunciations/").text
    assert "民声" in visitor.get("/pronunciations/?shown=deleted").text
    assert visitor.post("/pronunciations/restore" + data).status_code == 302
    assert in_force(desk) == [("zh-CN", "民声", "min2 sheng4")]
    assert visitor.post("/pronunciations/delete?language=zh-CN&word=无此词").status_code == 404
    assert visitor.post("/pronunciations/delete?language=xx&word=民声").status_code == 404


def test_who_began_from_an_older_one_is_told(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor")
    published(visitor, "民声", "min2 sheng4")
    answer = published(visitor, "民声", "min2 sheng1", base=0)
    assert answer.status_code == 422
    assert "已有其他人" in answer.text


def test_the_words_of_the_line_can_be_looked_at_and_put_otherwise(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor")
    page = visitor.get("/pronunciations/?shown=line&text=重庆").text
    assert "chong2 qing4" in page
    assert 'value="chong2 qing4"' in visitor.get(WORD + "重庆").text


def test_a_supervisor_may_not_change_pronunciations(desk: DeskUnderTest) -> None:
    visitor = desk.as_("supervisor")
    assert visitor.get("/pronunciations/").status_code == 403
    assert published(visitor, "民声", "min2 sheng4").status_code == 403


def test_the_switch_of_languages_names_the_other_language(desk: DeskUnderTest) -> None:
    page = desk.as_("editor").get("/pronunciations/").text
    switch = page.split('class="language"')[1].split("</form>")[0]
    assert "English" in switch
