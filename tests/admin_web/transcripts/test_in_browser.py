"""A transcript as a supervisor meets it: searched for, read, compared with the sound, mended."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.services import transcript_queue
from ivr.services.transcript_queue import Written
from tests.admin_web.browsing import NEEDS_CHROMIUM, sign_in
from tests.admin_web.builders import DeskUnderTest, add_call, add_complaint, add_recording

pytestmark = [pytest.mark.browser, NEEDS_CHROMIUM]


def test_a_complaint_is_found_by_its_words_and_its_transcript_put_right(
    desk: DeskUnderTest, page: Any
) -> None:
    call = add_call(desk)
    ticket = add_complaint(desk, call_id=call, recording_id=add_recording(desk, call))
    with desk.database.begin() as session:
        transcript_queue.enqueue(session, desk.clock(), since=None)
        heard = Written("新福小区的路灯坏了。", "Whisper base", "zh-CN", 0.7)
        while (job := transcript_queue.claim(session, desk.clock())) is not None:
            transcript_queue.finish(session, job.recording_id, heard, desk.clock())
    sign_in(page, "supervisor", "/complaints/")
    page.fill("[name=text]", "路灯")
    page.click("form.search button[type=submit]")
    assert page.inner_text("td mark") == "路灯"
    page.click(f"text={ticket}")
    label = page.locator(".trust")
    assert "机器转写，未经核对" in label.inner_text()
    # Above the words, on its own ground, and in sight without scrolling.
    words = page.locator(".words")
    assert label.bounding_box()["y"] < words.bounding_box()["y"] < 800
    ground = "node => getComputedStyle(node).backgroundColor"
    assert label.evaluate(ground) != page.locator("main").evaluate(ground)
    page.click("text=修改或核对转写")
    with page.expect_response(lambda answer: answer.url.endswith("recording.wav")) as answer:
        page.eval_on_selector("audio", "player => player.load() || player.play()")
    assert answer.value.status in (200, 206)
    page.fill("#words", "幸福小区的路灯坏了。")
    page.click("text=保存并标为已核对")
    page.wait_for_url(f"**/complaints/{ticket}")
    assert "已核对" in page.inner_text(".trust")
    assert page.inner_text(".words") == "幸福小区的路灯坏了。"
    assert not page.is_visible("text=新福小区")
    page.click("text=机器转写的原文")
    assert page.is_visible("text=新福小区的路灯坏了。")
