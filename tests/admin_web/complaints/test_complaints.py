"""Complaints: list, recording, the road through the states."""

from __future__ import annotations

import re
from datetime import date

from ivr.services import audit, complaints
from tests.admin_web.builders import DeskUnderTest, Visitor, add_call, add_complaint, add_recording


def move(visitor: Visitor, ticket: str, seen: str, to: str, note: str = "", **more: str):
    fields = {"seen_state": seen, "to_state": to, "note": note, "department": "service_centre"}
    return visitor.post(f"/complaints/{ticket}/state", {**fields, **more})


def test_complaints_are_found_by_state_category_and_number(desk: DeskUnderTest) -> None:
    ticket = add_complaint(desk, category="traffic", callback_number="13912345678")
    visitor = desk.as_("supervisor")

    def found(query: str) -> bool:
        return f'"/complaints/{ticket}"' in visitor.get(f"/complaints/?{query}").text

    assert found("")
    assert found("state=received")
    assert found(f"text={ticket}")
    assert found("text=2345678")
    assert not found("state=closed")
    assert not found("text=0000000")
    assert not found("overdue=y")


def test_a_complaint_goes_its_way_and_every_step_is_in_its_history(desk: DeskUnderTest) -> None:
    ticket = add_complaint(desk)
    visitor = desk.as_("supervisor").english()
    assert move(visitor, ticket, "received", "assigned").status_code == 302
    assert move(visitor, ticket, "assigned", "handling").status_code == 302
    assert move(visitor, ticket, "handling", "replied", "路灯已修好。").status_code == 302
    page = visitor.get(f"/complaints/{ticket}").text
    assert page.count("路灯已修好。") == 3  # as the reply, to be corrected, and in the history
    assert "Being handled → Replied" in page
    with desk.database.read() as session:
        row = complaints.get(session, ticket)
        assert (row.state, row.reply) == ("replied", "路灯已修好。")
        assert [event.who for event in row.events] == ["line", *["supervisor"] * 3]


def test_only_moves_of_the_table_are_offered_and_taken(desk: DeskUnderTest) -> None:
    ticket = add_complaint(desk)
    visitor = desk.as_("supervisor").english()
    page = visitor.get(f"/complaints/{ticket}").text
    assert 'value="assigned"' in page
    assert 'value="closed"' not in page
    assert move(visitor, ticket, "received", "closed").status_code == 422
    with desk.database.read() as session:
        assert complaints.get(session, ticket).state == "received"


def test_a_step_that_needs_words_is_refused_without_them(desk: DeskUnderTest) -> None:
    ticket = add_complaint(desk)
    visitor = desk.as_("supervisor").english()
    answer = move(visitor, ticket, "received", "rejected")
    assert answer.status_code == 422
    assert "needs a reason" in answer.text
    move(visitor, ticket, "received", "assigned")
    answer = move(visitor, ticket, "assigned", "replied")
    assert "write the reply" in answer.text


def test_a_page_grown_stale_changes_nothing(desk: DeskUnderTest) -> None:
    ticket = add_complaint(desk)
    visitor = desk.as_("supervisor").english()
    assert move(visitor, ticket, "received", "assigned").status_code == 302
    answer = move(visitor, ticket, "received", "rejected", "late")
    assert answer.status_code == 422
    assert "Somebody else changed" in answer.text
    with desk.database.read() as session:
        assert complaints.get(session, ticket).state == "assigned"


def test_department_and_deadline_can_be_set_with_a_step(desk: DeskUnderTest) -> None:
    ticket = add_complaint(desk)
    visitor = desk.as_("supervisor")
    with desk.database.read() as session:
        other = complaints.departments(session)[0].code
    move(visitor, ticket, "received", "assigned", department=other, deadline="2026-12-24")
    with desk.database.read() as session:
        row = complaints.get(session, ticket)
        assert (row.department, row.deadline) == (other, date(2026, 12, 24))


def correct(desk: DeskUnderTest, visitor: Visitor, ticket: str, **changed: str):
    with desk.database.read() as session:
        row = complaints.get(session, ticket)
    kept = {
        "seen": row.updated_at.isoformat(),
        "category": row.category,
        "department": row.department or "",
        "deadline": str(row.deadline),
        "callback_number": row.callback_number,
        "reply": row.reply,
    }
    return visitor.post(f"/complaints/{ticket}/correction", {**kept, **changed})


def test_a_reply_is_corrected_and_the_complaint_stays_where_it_is(desk: DeskUnderTest) -> None:
    ticket = add_complaint(desk)
    visitor = desk.as_("supervisor")
    move(visitor, ticket, "received", "assigned")
    move(visitor, ticket, "assigned", "replied", "路灯已修。")
    desk.clock.move(minutes=1)
    answer = correct(desk, visitor, ticket, reply="路灯将于周五修好。", why="日期有误")
    assert answer.status_code == 302
    with desk.database.read() as session:
        row = complaints.get(session, ticket)
        heard = complaints.progress(session, ticket, "8000", "zh-CN", desk.clock())
        assert (row.state, row.reply) == ("replied", "路灯将于周五修好。")
        assert heard.values["reply"] == "路灯将于周五修好。"
        last = row.events[-1]
        assert (last.who, last.from_state, last.to_state) == ("supervisor", "replied", "replied")
        assert "原为：路灯已修。" in last.note
        assert "日期有误" in last.note
        entry = audit.newest(session, limit=1)[0]
        assert (entry.what, entry.record) == ("complaint_corrected", ticket)
        assert entry.detail == {"fields": "reply"}


def test_category_department_and_number_are_corrected_by_their_names(desk: DeskUnderTest) -> None:
    ticket = add_complaint(desk, category="traffic")
    visitor = desk.as_("supervisor")
    answer = correct(
        desk,
        visitor,
        ticket,
        category="prices",
        callback_number="13911112222",
        deadline="2026-12-31",
    )
    assert answer.status_code == 302
    with desk.database.read() as session:
        row = complaints.get(session, ticket)
        assert (row.category, row.callback_number) == ("prices", "13911112222")
        assert row.deadline == date(2026, 12, 31)
        assert row.state == "received"
        assert "物价与消费" in row.events[-1].note
        assert "prices" not in row.events[-1].note


def test_a_correction_is_refused_with_its_reason_in_chinese(desk: DeskUnderTest) -> None:
    ticket = add_complaint(desk)
    visitor = desk.as_("supervisor")
    assert "没有任何改动" in correct(desk, visitor, ticket).text
    stale = correct(desk, visitor, ticket, seen="2026-01-01T00:00:00+00:00", category="prices")
    assert stale.status_code == 422
    assert "刚被别人改动过" in stale.text
    for seen in ("", "yesterday", "2026-01-01"):
        assert correct(desk, visitor, ticket, seen=seen, category="prices").status_code == 422
    assert correct(desk, visitor, ticket, callback_number="12").status_code == 422
    assert correct(desk, visitor, ticket, category="meteorites").status_code == 422
    with desk.database.read() as session:
        assert len(complaints.get(session, ticket).events) == 1


def test_states_that_were_passed_over_are_shown_as_such(desk: DeskUnderTest) -> None:
    ticket = add_complaint(desk)
    visitor = desk.as_("supervisor")
    move(visitor, ticket, "received", "handling")
    road = visitor.get(f"/complaints/{ticket}").text.split('<ol class="road">')[1].split("</ol>")[0]
    assert re.findall(r'class="(\w+)"', road) == ["passed", "skipped", "here", "ahead", "ahead"]
    assert "未经过" in road


def test_those_without_a_reply_are_found_together(desk: DeskUnderTest) -> None:
    ticket = add_complaint(desk)
    visitor = desk.as_("supervisor")
    assert ticket in visitor.get("/complaints/?state=open").text
    move(visitor, ticket, "received", "rejected", "not ours")
    assert ticket not in visitor.get("/complaints/?state=open").text.split("<tbody>")[1]


def test_a_note_is_kept_and_an_empty_one_is_not(desk: DeskUnderTest) -> None:
    ticket = add_complaint(desk)
    visitor = desk.as_("supervisor").english()
    assert visitor.post(f"/complaints/{ticket}/note", {"note": " "}).status_code == 422
    assert visitor.post(f"/complaints/{ticket}/note", {"note": "called twice"}).status_code == 302
    assert "called twice" in visitor.get(f"/complaints/{ticket}").text


def test_its_recording_plays_and_its_call_is_one_click_away(desk: DeskUnderTest) -> None:
    call = add_call(desk)
    ticket = add_complaint(desk, call_id=call, recording_id=add_recording(desk, call))
    visitor = desk.as_("supervisor")
    page = visitor.get(f"/complaints/{ticket}").text
    assert f"/complaints/{ticket}/recording.wav" in page
    assert "/calls/call-1" in page
    part = visitor.get(f"/complaints/{ticket}/recording.wav", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.data) == (206, b"RIFF")
    silent = add_complaint(desk)
    assert visitor.get(f"/complaints/{silent}/recording.wav").status_code == 404


def test_one_past_its_deadline_is_marked_until_it_is_answered(desk: DeskUnderTest) -> None:
    ticket = add_complaint(desk)
    desk.clock.move(hours=24 * 40)
    visitor = desk.as_("supervisor").english()
    assert ticket in visitor.get("/complaints/?overdue=y").text
    assert "Overdue</span>" in visitor.get(f"/complaints/{ticket}").text
    move(visitor, ticket, "received", "rejected", "not ours")
    assert "Overdue</span>" not in visitor.get(f"/complaints/{ticket}").text


def test_the_csv_holds_every_complaint_of_the_search(desk: DeskUnderTest) -> None:
    ticket = add_complaint(desk)
    text = desk.as_("supervisor").get("/complaints/complaints.csv?state=received").data.decode()
    assert ticket in text
    assert "closed" not in text
