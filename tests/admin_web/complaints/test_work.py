"""Working on complaints: given to departments, taken, returned, answered for both languages."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.records.tables import Complaint, ComplaintState, EventKind
from ivr.services import complaint_similar, complaint_work, complaints
from tests.admin_web.browsing import NEEDS_CHROMIUM, sign_in
from tests.admin_web.builders import DEPARTMENT, DeskUnderTest, add_complaint, make_desk
from tests.admin_web.prompts.fake_voice import FakeVoice, voice

__all__ = ["voice"]


@pytest.fixture
def desk(tmp_path: Any) -> DeskUnderTest:
    return make_desk(tmp_path, sample=False)


def kept(desk: DeskUnderTest, ticket: str) -> Complaint:
    with desk.database.read() as session:
        return complaints.get(session, ticket)


def test_several_are_given_to_a_department_at_once(desk: DeskUnderTest) -> None:
    first, second = add_complaint(desk), add_complaint(desk)
    visitor = desk.as_("supervisor").english()
    assert visitor.get("/complaints/work").text.count('name="ticket"') == 2
    visitor.post(
        "/complaints/assign",
        {"ticket": [first, second], "department": DEPARTMENT, "note": "both by the river"},
    )
    for ticket in (first, second):
        row = kept(desk, ticket)
        assert (row.department, row.state) == (DEPARTMENT, ComplaintState.ASSIGNED)
        assert row.events[-1].note == "both by the river"
        assert row.events[-1].kind is EventKind.ASSIGNED
        assert row.events[-1].to_department == DEPARTMENT
    page = visitor.get("/complaints/work").text
    assert "2 complaints were given to the department." in page
    assert page.count('name="ticket"') == 0


def test_a_clerk_takes_one_and_returns_what_is_not_for_them(desk: DeskUnderTest) -> None:
    ticket = add_complaint(desk)
    desk.as_("supervisor").post(f"/complaints/{ticket}/assign", {"department": DEPARTMENT})
    clerk = desk.as_("clerk").english()
    assert ticket in clerk.get("/complaints/work?show=unassigned").text
    clerk.post(f"/complaints/{ticket}/take")
    assert kept(desk, ticket).assignee == "clerk"
    assert ticket in clerk.get("/complaints/work?show=mine").text
    clerk.post(f"/complaints/{ticket}/return", {"reason": " "})
    assert "say why it is returned" in clerk.get(f"/complaints/{ticket}").text
    answer = clerk.post(f"/complaints/{ticket}/return", {"reason": "this is a matter of roads"})
    assert answer.location == "/complaints/work"
    assert clerk.get(f"/complaints/{ticket}").status_code == 404
    row = kept(desk, ticket)
    assert (row.department, row.assignee, row.state) == (None, None, ComplaintState.RECEIVED)
    supervisor = desk.as_("supervisor").english()
    assert ticket in supervisor.get("/complaints/work?show=returned").text
    assert "this is a matter of roads" in supervisor.get(f"/complaints/{ticket}").text


def test_a_clerk_sees_counts_and_lists_of_their_own_department_only(desk: DeskUnderTest) -> None:
    own, other = add_complaint(desk), add_complaint(desk)
    secret = add_complaint(desk)
    supervisor = desk.as_("supervisor")
    for ticket, department in ((own, DEPARTMENT), (other, "roads"), (secret, DEPARTMENT)):
        with desk.database.begin() as session:
            codes = [row.code for row in complaints.departments(session)]
            given = department if department in codes else next(c for c in codes if c != DEPARTMENT)
        supervisor.post(f"/complaints/{ticket}/assign", {"department": given})
    supervisor.post(f"/complaints/{secret}/confidential", {"confidential": "y"})
    clerk = desk.as_("clerk").english()
    page = clerk.get("/complaints/work?show=open&department=roads").text
    assert own in page
    assert other not in page
    assert secret not in page
    assert "Returned (" not in page
    for what in ("take", "let-go", "return", "assign", "reply", "hear"):
        given = {"department": DEPARTMENT, "reply": "x", "language": "en"}
        assert clerk.post(f"/complaints/{other}/{what}", given).status_code == 404
    answer = clerk.post("/complaints/assign", {"ticket": [other], "department": DEPARTMENT})
    assert answer.status_code == 302
    assert kept(desk, other).department != DEPARTMENT


def test_what_is_late_stands_first_and_is_counted(desk: DeskUnderTest) -> None:
    late = add_complaint(desk)
    desk.clock.move(days=40)
    fresh = add_complaint(desk)
    visitor = desk.as_("supervisor").english()
    page = visitor.get("/complaints/work?show=open").text
    assert page.index(late) < page.index(fresh)
    assert "Overdue (1)" in page
    assert fresh not in visitor.get("/complaints/work?show=overdue").text
    assert "days late" in visitor.get(f"/complaints/{late}").text


def test_each_language_hears_its_own_reply(desk: DeskUnderTest) -> None:
    ticket = add_complaint(desk)
    visitor = desk.as_("supervisor").english()
    assert "No reply yet." in visitor.get(f"/complaints/{ticket}").text
    visitor.post(f"/complaints/{ticket}/assign", {"department": DEPARTMENT})
    visitor.post(
        f"/complaints/{ticket}/reply", {"reply": "已经修好。", "reply_en": "It is mended."}
    )
    with desk.database.read() as session:
        heard = {
            language: complaints.progress(session, ticket, "8000", language, desk.clock())
            for language in ("zh-CN", "en")
        }
    assert heard["zh-CN"].values["reply"] == "已经修好。"
    assert heard["en"].values["reply"] == "It is mended."
    assert heard["en"].values["state"] == "replied"


def test_a_reply_is_heard_before_it_is_saved(desk: DeskUnderTest, voice: FakeVoice) -> None:
    ticket = add_complaint(desk)
    visitor = desk.as_("supervisor")
    asked = {"language": "en", "reply": "已经修好。", "reply_en": "It is mended."}
    answer = visitor.post(f"/complaints/{ticket}/hear", asked)
    assert answer.mimetype == "audio/wav"
    assert any("It is mended" in text for text in voice.said)
    assert any("answered" in text for text in voice.said)
    assert kept(desk, ticket).reply == ""
    voice.said.clear()
    visitor.post(f"/complaints/{ticket}/hear", {"language": "zh-CN"})
    assert any("目前还没有答复" in text for text in voice.said)


def test_likely_duplicates_are_those_of_the_caller_then_of_area_and_category(
    desk: DeskUnderTest,
) -> None:
    far = add_complaint(desk)
    desk.clock.move(days=30)
    again = add_complaint(desk)
    other = add_complaint(desk, caller="13900000000", category="roads")
    ticket = add_complaint(desk)
    with desk.database.begin() as session:
        for one in (ticket, again):
            session.get_one(Complaint, one).area = None
        found = complaint_similar.candidates(session, session.get_one(Complaint, ticket))
    assert [one.complaint.ticket for one in found] == [again]
    assert far not in {one.complaint.ticket for one in found}
    assert other not in {one.complaint.ticket for one in found}
    assert again in desk.as_("supervisor").get(f"/complaints/{ticket}").text


def test_who_is_given_to_another_department_is_nobodys_there(desk: DeskUnderTest) -> None:
    ticket = add_complaint(desk)
    now = desk.clock()
    with desk.database.begin() as session:
        codes = [row.code for row in complaints.departments(session)][:2]
        complaint_work.assign(session, ticket, codes[0], who="a", now=now)
        complaint_work.take(session, ticket, who="clerk", now=now)
        complaint_work.assign(session, ticket, codes[1], who="a", now=now)
    row = kept(desk, ticket)
    assert row.assignee is None
    assert [event.kind for event in complaint_work.hand_overs(row)] == [
        EventKind.ASSIGNED,
        EventKind.TAKEN,
        EventKind.ASSIGNED,
    ]


@NEEDS_CHROMIUM
def test_complaints_are_ticked_assigned_and_answered_in_a_browser(
    page: Any, desk: DeskUnderTest, voice: FakeVoice
) -> None:
    tickets = [add_complaint(desk) for _ in range(3)]
    sign_in(page, "supervisor", "/complaints/work")
    page.check("[data-all]")
    page.wait_for_selector("text=下面已勾选： 3")
    page.select_option("#bulk-department", DEPARTMENT)
    page.click(".bulk button")
    page.wait_for_selector("text=已将 3 件投诉分派给该部门。")
    page.goto(f"/complaints/{tickets[0]}")
    page.click("text=我来办理")
    page.wait_for_selector("text=现在由您办理这件投诉。")
    page.fill("#reply-zh", "路灯已经修好。")
    page.click('text="试听普通话"')
    page.wait_for_selector("#heard-zh audio")
    page.click("text=保存答复")
    page.wait_for_selector("text=答复已保存")
    assert page.locator("p.spoken", has_text="路灯已经修好。").count() == 1
