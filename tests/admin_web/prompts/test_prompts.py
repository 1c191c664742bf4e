"""Prompts: read, edited, heard, recorded."""

from __future__ import annotations

import io
import re
import wave

import pytest

from admin_web.prompts.published import published
from ivr.services import revisions
from tests.admin_web.builders import DeskUnderTest, Visitor
from tests.admin_web.prompts.fake_voice import FakeVoice


def publish(visitor: Visitor, text: str, *, base: str = "0", language: str = "zh-CN", why="why"):
    fields = {"base": base, "text": text, "message": why}
    data = {f"{language}-{name}": value for name, value in fields.items()}
    return visitor.post(f"/prompts/greeting/{language}", data)


def test_prompts_are_found_by_name_and_by_words_of_both_languages(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor")
    assert "/prompts/bill_found" in visitor.get("/prompts/?text=bill_fo").text
    assert "/prompts/greeting" in visitor.get("/prompts/?text=民声热线").text
    page = visitor.get("/prompts/?text=bill_fo").text
    assert "/prompts/greeting" not in page
    assert "{amount:money}" in page


def test_a_published_text_is_what_callers_hear_from_then_on(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    assert publish(visitor, "您好，欢迎致电。").status_code == 302
    assert published_text(desk, "greeting", "zh-CN") == "您好，欢迎致电。"
    with desk.database.read() as session:
        history = revisions.prompt_history(session, "greeting", "zh-CN")
    assert [(row.revision, row.author, row.message) for row in history] == [(1, "editor", "why")]
    assert "/prompts/greeting" in visitor.get("/prompts/?shown=edited").text
    assert "/prompts/bill_found" not in visitor.get("/prompts/?shown=edited").text


def test_a_stale_edit_is_refused_with_both_texts_and_can_be_sent_again(desk: DeskUnderTest) -> None:
    first, second = desk.as_("editor").english(), desk.as_("administrator").english()
    publish(first, "第一个人的话。")
    answer = publish(second, "第二个人的话。")
    assert answer.status_code == 409
    assert "第一个人的话。" in answer.text
    assert "第二个人的话。" in answer.text
    assert "revision 1, editor" in answer.text
    assert 'name="zh-CN-base" type="hidden" value="1"' in answer.text
    assert publish(second, "第二个人的话。", base="1").status_code == 302


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("您好{amount:money}", "No call fills in"),
        ("您好{", "cannot be spoken"),
        ("您好{x:colour}", "cannot be spoken"),
        ("  ", "Fill this in."),
        ("x" * 2001, "At most 2000"),
    ],
)
def test_a_text_that_no_call_could_speak_is_not_published(
    desk: DeskUnderTest, text: str, said: str
) -> None:
    answer = publish(desk.as_("editor").english(), text)
    assert answer.status_code == 422
    assert said in answer.text
    with desk.database.read() as session:
        assert revisions.newest_prompts(session) == {}


def test_a_slot_keeps_the_way_it_is_spoken(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    data = {"zh-CN-base": "0", "zh-CN-text": "应缴{amount:digits}。", "zh-CN-message": "why"}
    answer = visitor.post("/prompts/bill_found/zh-CN", data)
    assert "{amount:money}" in answer.text.split('class="errors"')[1].split("</ul>")[0]


def test_a_prompt_says_where_it_is_said_and_leads_there(desk: DeskUnderTest) -> None:
    page = desk.as_("editor").get("/prompts/bill_found").text
    assert re.search(r'href="/flows/bills#L\d+"[^>]*>bills\.', page)
    assert desk.as_("editor").get("/prompts/no_such").status_code == 404
    assert desk.as_("editor").post("/prompts/greeting/fr").status_code == 404


def test_the_text_of_the_form_is_heard_before_it_is_published(
    desk: DeskUnderTest, voice: FakeVoice
) -> None:
    answer = desk.as_("editor").post("/prompts/greeting/en/hear", {"en-text": "Good day to you."})
    assert answer.mimetype == "audio/wav"
    with wave.open(io.BytesIO(answer.data)) as sound:
        assert (sound.getframerate(), sound.getsampwidth(), sound.getnchannels()) == (8000, 2, 1)
        assert sound.getnframes() >= 8000
        assert any(sound.readframes(100))
    assert voice.said == ["Good day to you."]


def test_slots_are_heard_with_examples(desk: DeskUnderTest, voice: FakeVoice) -> None:
    for language in ("zh-CN", "en"):
        text = published_text(desk, "bill_found", language)
        answer = desk.as_("editor").post(
            f"/prompts/bill_found/{language}/hear", {f"{language}-text": text}
        )
        assert answer.mimetype == "audio/wav", answer.text
    assert any("128" in said or "一百二十八" in said for said in voice.said)


def published_text(desk: DeskUnderTest, prompt: str, language: str) -> str:
    with desk.app.app_context(), desk.database.read() as session:
        return published(session).prompt(prompt).texts[language]


def test_every_delivered_prompt_can_be_heard(desk: DeskUnderTest, voice: FakeVoice) -> None:
    visitor = desk.as_("editor")
    with desk.app.app_context(), desk.database.read() as session:
        everything = list(published(session))
    assert len(everything) > 40
    for prompt in everything:
        answer = visitor.post(
            f"/prompts/{prompt.id}/zh-CN/hear", {"zh-CN-text": prompt.texts["zh-CN"]}
        )
        assert answer.mimetype == "audio/wav", f"{prompt.id}: {answer.text}"


def test_the_first_page_says_which_voices_are_there(desk: DeskUnderTest, voice: FakeVoice) -> None:
    page = desk.as_("editor").english().get("/").text
    assert "hibari" in page
    assert "Missing" in page  # no Mandarin voice


def test_what_is_published_is_rendered_before_the_first_caller(
    desk: DeskUnderTest, voice: FakeVoice
) -> None:
    publish(desk.as_("editor"), "您好。欢迎致电。")
    assert [voice.ahead.get(timeout=10) for _ in range(2)] == ["您好。", "欢迎致电。"]
