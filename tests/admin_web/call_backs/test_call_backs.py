"""Call-backs: who waits longest comes first, and what came of it is kept."""

from __future__ import annotations

from ivr.services import call_backs
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
