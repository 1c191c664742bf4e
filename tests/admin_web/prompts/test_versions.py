"""One history of texts and recordings: compared, and taken up again."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from admin_web.prompts.published import published
from admin_web.prompts.versions import differences
from tests.admin_web.builders import DeskUnderTest, Visitor
from tests.admin_web.prompts.fake_voice import FakeVoice
from tests.admin_web.prompts.test_takes import GREETING, publish, taken, upload

NEW = "您好，欢迎致电民声热线。"


def text(desk: DeskUnderTest) -> str | None:
    with desk.app.app_context(), desk.database.read() as session:
        return published(session).text("greeting", "zh-CN")


def restore(visitor: Visitor, version: str, **more: str):
    return visitor.post("/prompts/greeting/zh-CN/restore", {"version": version, **more})


def keys(page: str) -> list[str]:
    section = page.split('id="zh-CN"')[1].split('id="en"')[0]
    return re.findall(r'name="new" value="(\w+)"', section)


def test_texts_and_recordings_stand_in_one_history_newest_first(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    upload(desk, visitor)
    desk.clock.move(minutes=1)
    publish(visitor, NEW, "0")
    desk.clock.move(minutes=1)
    upload(desk, visitor, reason="the new words")
    page = visitor.get("/prompts/greeting").text
    assert keys(page) == ["r2", "t1", "r1", "t0"]
    assert "the new words" in page


def test_two_versions_are_compared_word_by_word_and_both_can_be_heard(
    desk: DeskUnderTest, voice: FakeVoice
) -> None:
    visitor = desk.as_("editor").english()
    upload(desk, visitor)
    desk.clock.move(minutes=1)
    publish(visitor, NEW, "0")
    page = visitor.get("/prompts/greeting/zh-CN/compare?old=t1&new=r1").text
    # The older one is the older one, whichever way they were chosen.
    assert "<del>这里是</del>" in page
    assert "<ins>欢迎致电</ins>" in page
    assert "/prompts/greeting/zh-CN/takes/1.wav" in page
    heard = visitor.post("/prompts/greeting/zh-CN/versions/t0/hear")
    assert heard.mimetype == "audio/wav"
    assert voice.said == [GREETING]
    assert visitor.get("/prompts/greeting/zh-CN/compare?old=t7&new=t1").status_code == 404
    assert visitor.get("/prompts/greeting/en/compare").status_code == 404  # only one


def test_an_older_text_is_restored_as_a_new_version(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    publish(visitor, NEW, "0")
    assert restore(visitor, "t0", base="0").status_code == 302  # somebody was faster
    assert text(desk) == NEW
    restore(visitor, "t0", why="as agreed")
    assert text(desk) == GREETING
    page = visitor.get("/prompts/greeting").text
    assert keys(page) == ["t2", "t1", "t0"]
    assert "delivered text restored: as agreed" in page


def test_an_older_recording_comes_back_with_its_words(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    upload(desk, visitor, speaker="王芳")
    publish(visitor, NEW, "0")
    visitor.post("/prompts/greeting/zh-CN/recording/drop")
    restore(visitor, "r1")
    assert text(desk) == GREETING
    assert list(taken(desk)) == ["zh-CN"]
    assert "王芳 speaks" in visitor.get("/prompts/greeting").text


def test_what_the_flows_could_not_say_now_is_not_restored(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    data = {"prompt_id": "notice", "zh": "您好{who:text}。", "en": "Hello {who:text}.", "note": ""}
    assert visitor.post("/prompts/new", data).status_code == 302
    for language, words in (("zh-CN", "您好。"), ("en", "Hello.")):
        fields = {"base": "1", "text": words, "message": "no name"}
        data = {f"{language}-{name}": value for name, value in fields.items()}
        assert visitor.post(f"/prompts/notice/{language}", data).status_code == 302
    flow = visitor.get("/flows/guides/edit")
    assert flow.status_code == 200
    from ivr.services import revisions

    with desk.app.app_context(), desk.database.begin() as session:
        from admin_web.flows.published import texts

        changed = texts(session)["guides"].replace("say: guides_menu", "say: notice", 1)
        assert "say: notice" in changed
        revisions.publish_flow(
            session, "guides", changed, base=0, author="li", message="x", now=desk.clock()
        )
    answer = visitor.post("/prompts/notice/en/restore", {"version": "t1"}, follow_redirects=True)
    assert "No call fills in “who”" in answer.text


@given(st.text(max_size=60), st.text(max_size=60))
def test_differences_hold_both_texts_whole(old: str, new: str) -> None:
    found = differences(old, new)
    assert "".join(part for mark, part in found if mark != "+") == old
    assert "".join(part for mark, part in found if mark != "-") == new


def test_differences_are_words_in_english_and_characters_in_chinese() -> None:
    assert differences("Press one.", "Press two.") == [
        (" ", "Press "),
        ("-", "one"),
        ("+", "two"),
        (" ", "."),
    ]
    assert differences("请按一", "请按二") == [(" ", "请按"), ("-", "一"), ("+", "二")]
