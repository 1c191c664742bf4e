"""Call-backs: who waits longest comes first, and what came of it is kept."""

from __future__ import annotations

from typing import Any

from ivr.services import call_backs
from tests.admin_web.browsing import NEEDS_CHROMIUM, sign_in
from tests.admin_web.builders import DeskUnderTest, add_call, add_recording


def add_task(desk: DeskUnderTest, number: str, recording: str | None = None) -> int:
    with desk.database.begin() as session:
        return call_backs.create(
            session,
            call_id=None,
            number=number,
            reason="no_answer",
            now=desk.clock(),
            recording_id=recording,
        ).id


def test_the_one_who_waits_longest_comes_first(desk: DeskUnderTest) -> None:
    add_task(desk, "13900000001")
    desk.clock.move(minutes=1)
    add_task(desk, "13900000002")
    page = desk.as_("supervisor").get("/call-backs/").text
    assert page.index("13900000001") < page.index("13900000002")


def test_a_task_done_moves_to_the_other_list_with_its_note(desk: DeskUnderTest) -> None:
    task = add_task(desk, "13900000001")
    visitor = desk.as_("supervisor")
    visitor.post(f"/call-backs/{task}/done", {"note": "问题已解决"})
    assert "13900000001" not in visitor.get("/call-backs/").text
    done = visitor.get("/call-backs/?state=done").text
    assert "问题已解决" in done
    assert "supervisor" in done
    assert visitor.post("/call-backs/999/done").status_code == 404


def test_a_note_too_long_is_refused(desk: DeskUnderTest) -> None:
    task = add_task(desk, "13900000001")
    visitor = desk.as_("supervisor").english()
    visitor.post(f"/call-backs/{task}/done", {"note": "x" * 501})
    page = visitor.get("/call-backs/").text
    assert "too long" in page
    assert "13900000001" in page


def test_a_message_can_be_heard(desk: DeskUnderTest) -> None:
    task = add_task(desk, "13900000001", add_recording(desk, add_call(desk)))
    visitor = desk.as_("supervisor")
    assert f"/call-backs/{task}/recording.wav" in visitor.get("/call-backs/").text
    assert visitor.get(f"/call-backs/{task}/recording.wav").data[:4] == b"RIFF"
    silent = add_task(desk, "13900000002")
    assert visitor.get(f"/call-backs/{silent}/recording.wav").status_code == 404


def test_a_try_that_reached_nobody_is_noted_and_the_task_stays(desk: DeskUnderTest) -> None:
    task = add_task(desk, "13900000001")
    visitor = desk.as_("supervisor").english()
    visitor.post(f"/call-backs/{task}/tried", {"result": "no_answer", "note": "rang long"})
    page = visitor.get("/call-backs/?state=mine").text
    assert "rang long" in page
    assert "Nobody answered" in page
    visitor.post(f"/call-backs/{task}/tried", {"result": "reached", "note": "settled"})
    assert "13900000001" not in visitor.get("/call-backs/").text
    done = visitor.get("/call-backs/?state=done").text
    assert done.index("rang long") < done.index("settled")
    visitor.post(f"/call-backs/{task}/tried", {"result": "busy"})
    assert "done already" in visitor.get("/call-backs/").text


def test_a_promise_is_shown_when_its_time_comes_and_comes_first(desk: DeskUnderTest) -> None:
    waiting, promised = add_task(desk, "13900000001"), add_task(desk, "13900000002")
    visitor = desk.as_("supervisor").english()
    when = {"result": "later", "again_at": "2026-11-22 18:00"}  # 10:00 UTC; it is 8:00
    visitor.post(f"/call-backs/{promised}/tried", {"result": "later"})
    assert "write when they are to be called again" in visitor.get("/call-backs/").text
    visitor.post(f"/call-backs/{promised}/tried", {**when, "again_at": "2026-11-22 15:00"})
    assert "must be later than now" in visitor.get("/call-backs/").text
    visitor.post(f"/call-backs/{promised}/tried", when)
    page = visitor.get("/call-backs/").text
    assert page.index("13900000002") < page.index("13900000001")
    assert "promised a call about now" not in page
    desk.clock.move(minutes=100)
    visitor = desk.as_("supervisor").english()  # a session ends by itself
    assert "1 caller was promised a call about now" in visitor.get("/call-backs/").text
    assert visitor.get("/call-backs/?state=promised").text.count("/tried") == 1
    assert waiting


def test_one_takes_a_task_and_no_other_can(desk: DeskUnderTest) -> None:
    task = add_task(desk, "13900000001")
    desk.as_("administrator").post(f"/call-backs/{task}/take")
    visitor = desk.as_("supervisor").english()
    visitor.post(f"/call-backs/{task}/take")
    assert "administrator has taken this call-back already" in visitor.get("/call-backs/").text
    visitor.post(f"/call-backs/{task}/let-go")
    visitor.post(f"/call-backs/{task}/take")
    assert "13900000001" in visitor.get("/call-backs/?state=mine").text


def test_who_waits_more_than_a_day_stands_out(desk: DeskUnderTest) -> None:
    add_task(desk, "13900000001")
    desk.clock.move(hours=49)
    page = desk.as_("supervisor").english().get("/call-backs/").text
    assert '<span class="state bad">waits 2 days</span>' in page


@NEEDS_CHROMIUM
def test_a_call_back_is_taken_tried_and_done_in_a_browser(page: Any, desk: DeskUnderTest) -> None:
    add_task(desk, "13900000001")
    sign_in(page, "supervisor", "/call-backs/")
    assert page.get_attribute("td a[href^=tel]", "href") == "tel:13900000001"
    page.click("text=我来回电")
    page.wait_for_selector("text=现在由您回电。")
    page.click("text=记录回电")
    page.select_option("[name=result]", "later")
    page.fill("[name=again_at]", "2026-11-23 09:00")
    page.click("details button")
    page.wait_for_selector("text=约定 2026年11月23日 09:00")
    page.click("text=记录回电")
    page.select_option("[name=result]", "reached")
    page.click("details button")
    page.wait_for_selector("text=回电已标记为已办")
