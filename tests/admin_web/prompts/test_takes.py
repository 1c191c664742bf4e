"""Recordings of prompts: kept, heard, out of date, taken out of use."""

from __future__ import annotations

import io
import re

import pytest

from admin_web.prompts.published import published
from ivr.services import prompt_recordings
from tests.admin_web.builders import DeskUnderTest, Visitor, write_wav
from tests.admin_web.prompts.fake_voice import FakeVoice

GREETING = "您好，这里是民声热线。"


def upload(
    desk: DeskUnderTest, visitor: Visitor, name: str = "a.wav", language: str = "zh-CN", **more: str
):
    sound = desk.state_dir / "mine.wav"
    write_wav(sound)
    fields = {f"{language}-{field}": value for field, value in more.items()}
    with sound.open("rb") as file:
        data = {f"{language}-file": (file, name), **fields}
        return visitor.post(f"/prompts/greeting/{language}/recording", data)


def listed(page: str) -> set[str]:
    """Return the prompts of a list."""
    return set(re.findall(r'href="/prompts/([a-z0-9_.]+)">\1</a>', page))


def taken(desk: DeskUnderTest) -> dict[str, str]:
    """What callers hear of the greeting: each language and variant that has a recording."""
    with desk.app.app_context(), desk.database.read() as session:
        prompt = published(session).prompt("greeting")
    found = {language: path.name for language, path in prompt.recordings.items()}
    return {**found, **{variant: path.name for (_, variant), path in prompt.variants.items()}}


def publish(visitor: Visitor, text: str, base: str):
    data = {"zh-CN-base": base, "zh-CN-text": text, "zh-CN-message": "why"}
    assert visitor.post("/prompts/greeting/zh-CN", data).status_code == 302


def test_a_recording_is_taken_into_use_heard_and_taken_out_again(
    desk: DeskUnderTest, voice: FakeVoice
) -> None:
    visitor = desk.as_("editor").english()
    assert upload(desk, visitor, speaker="王芳", reason="first").status_code == 302
    (name,) = taken(desk).values()
    assert name.startswith("greeting.zh-CN.")
    kept = desk.state_dir / "prompts" / name
    assert kept.read_bytes() == (desk.state_dir / "mine.wav").read_bytes()
    page = visitor.get("/prompts/greeting").text
    assert "王芳 speaks" in page
    answer = visitor.get("/prompts/greeting/zh-CN/takes/1.wav")
    assert (answer.status_code, answer.mimetype) == (200, "audio/wav")
    assert set(voice.recorded) == {str(kept)}
    assert visitor.get("/prompts/greeting/en/takes/1.wav").status_code == 404
    assert visitor.get("/prompts/greeting/zh-CN/takes/2.wav").status_code == 404
    drop = "/prompts/greeting/zh-CN/recording/drop"
    assert visitor.post(drop, {"why": "too noisy"}).status_code == 302
    assert taken(desk) == {}
    assert "too noisy" in visitor.get("/prompts/greeting").text
    assert visitor.post(drop).status_code == 404


def test_without_the_voice_process_a_recording_is_heard_as_it_came(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor")
    upload(desk, visitor)
    answer = visitor.get("/prompts/greeting/zh-CN/takes/1.wav")
    assert answer.data == (desk.state_dir / "mine.wav").read_bytes()


@pytest.mark.parametrize("name", ["a.wav", "a.exe", "../../a.wav"])
def test_what_is_no_sound_is_not_taken(desk: DeskUnderTest, name: str) -> None:
    visitor = desk.as_("editor").english()
    data = {"zh-CN-file": (io.BytesIO(b"not sound at all" * 100), name)}
    answer = visitor.post("/prompts/greeting/zh-CN/recording", data)
    assert answer.status_code == 422
    assert "was not taken" in answer.text
    assert str(desk.state_dir) not in answer.text
    assert list((desk.state_dir / "prompts").glob("*")) == []
    assert taken(desk) == {}


def test_a_changed_text_puts_the_recording_out_of_use_and_says_so(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    upload(desk, visitor, speaker="王芳")
    publish(visitor, "您好，欢迎致电民声热线。", "0")
    assert taken(desk) == {}
    page = visitor.get("/prompts/greeting").text
    assert "The recording of 王芳 says other words than the present text" in page
    assert listed(visitor.get("/prompts/?shown=outdated").text) == {"greeting"}
    publish(visitor, GREETING, "1")  # the old words: the recording fits again
    assert list(taken(desk)) == ["zh-CN"]
    assert listed(visitor.get("/prompts/?shown=outdated").text) == set()


def test_a_text_changed_while_somebody_recorded_refuses_the_recording(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    publish(visitor, "新的问候。", "0")
    answer = upload(desk, visitor, words=GREETING)
    assert answer.status_code == 409
    assert "The text was changed while you recorded" in answer.text
    assert taken(desk) == {}
    assert upload(desk, visitor, words="新的问候。").status_code == 302
    assert list(taken(desk)) == ["zh-CN"]


def test_what_the_voice_must_say_takes_no_recording(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    for prompt, told in (("bill_found", "has values filled in"), ("phrase.unpaid", "a word said")):
        data = {"zh-CN-file": (io.BytesIO(), "")}
        assert visitor.post(f"/prompts/{prompt}/zh-CN/recording", data).status_code == 400
        assert told in visitor.get(f"/prompts/{prompt}").text


def test_a_variant_is_recorded_beside_its_language(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    names = {"name_zh": "北乡话", "name_en": "Northern"}
    data = {"code": "north", "language": "zh-CN", **names}
    assert visitor.post("/prompts/variants", data).status_code == 302
    assert upload(desk, visitor, variant="north", source="browser").status_code == 302
    assert list(taken(desk)) == ["north"]
    page = visitor.get("/prompts/greeting").text
    assert "Northern" in page
    assert "recorded in the browser" in page
    refused = upload(desk, visitor, language="en", variant="north")
    assert refused.status_code == 422
    assert "belongs to zh-CN" in refused.text
    lacking = listed(visitor.get("/prompts/?variant=north").text)
    assert "main_menu" in lacking
    # Recorded; with values; a word inside others.
    assert not lacking & {"greeting", "bill_found", "phrase.unpaid"}
    with desk.database.read() as session:
        (row,) = prompt_recordings.history(session, "greeting", "zh-CN")
    assert (row.source, row.variant, row.author) == ("browser", "north", "editor")
