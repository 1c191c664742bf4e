"""The audit log: who did what to which record, found again."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from ivr.services import audit
from tests.admin_web.builders import DeskUnderTest, add_call, add_complaint, add_recording


def test_what_staff_do_stands_in_the_log_in_words(desk: DeskUnderTest) -> None:
    ticket = add_complaint(desk)
    seen = {"seen_state": "received", "to_state": "assigned", "department": "service_centre"}
    desk.as_("supervisor").post(f"/complaints/{ticket}/state", seen)
    page = desk.as_("administrator").get(f"/audit/?record={ticket}").text
    row = page.split("<tbody>")[1]
    assert "supervisor" in row
    assert "投诉流转" in row
    assert "已派单" in row


def test_the_log_is_searched_by_who_what_and_day(desk: DeskUnderTest) -> None:
    with desk.database.begin() as session:
        for days, who in ((3, "first"), (0, "second")):
            at = desk.clock() - timedelta(days=days)
            audit.record(session, who=who, what="number_saved", record="12345", now=at)
    visitor = desk.as_("administrator")

    def found(query: str) -> set[str]:
        page = visitor.get(f"/audit/?what=number_saved&{query}").text
        return {who for who in ("first", "second") if f">{who}</td>" in page}

    assert found("") == {"first", "second"}
    assert found("who=sec") == {"second"}
    assert found("first_day=2026-11-22") == {"second"}
    assert found("last_day=2026-11-19") == {"first"}
    assert found("record=999") == set()
    assert visitor.get("/audit/?first_day=yesterday").status_code == 422


def test_the_log_goes_on_over_pages_and_no_entry_is_lost(desk: DeskUnderTest) -> None:
    with desk.database.begin() as session:
        for number in range(120):
            audit.record(
                session, who="x", what="area_saved", record=f"r{number:03}", now=desk.clock()
            )
    seen: list[str] = []
    after = None
    while True:
        with desk.database.read() as session:
            page = audit.search(session, audit.AuditFilter(who="x"), after=after)
        seen += [entry.record for entry in page.entries]
        after = page.next
        if after is None:
            break
    assert seen == [f"r{number:03}" for number in reversed(range(120))]
    visitor = desk.as_("administrator").english()
    assert "Next page" in visitor.get("/audit/?who=x").text
    assert visitor.get("/audit/?after=20261122T080000.000000~x").status_code == 404


def whats(desk: DeskUnderTest, who: str) -> list[tuple[str, str]]:
    with desk.database.read() as session:
        newest = audit.search(session, audit.AuditFilter(who=who)).entries
    return [(entry.what, entry.record) for entry in reversed(newest)]


def test_who_saw_what_stands_in_the_log(desk: DeskUnderTest) -> None:
    recording = add_recording(desk, add_call(desk))
    ticket = add_complaint(desk, call_id="call-1", recording_id=recording)
    visitor = desk.as_("supervisor")
    for path in (
        f"/complaints/{ticket}",
        f"/complaints/{ticket}",  # again soon: one look
        f"/complaints/{ticket}/recording.wav",
        "/calls/call-1",
        f"/calls/recordings/{recording}.wav",
        "/complaints/complaints.csv?text=138",
        "/calls/calls.csv",
    ):
        assert visitor.get(path).status_code == 200, path
    assert whats(desk, "supervisor") == [
        ("signed_in", ""),
        ("complaint_opened", ticket),
        ("recording_heard", f"complaint {ticket}"),
        ("call_opened", "call call-1"),
        ("recording_heard", f"recording {recording}"),
        ("complaints_exported", ""),
        ("calls_exported", ""),
    ]
    page = desk.as_("auditor").english().get("/audit/?what=complaints_exported").text
    assert "text=138" in page


def test_what_is_not_there_is_no_look(desk: DeskUnderTest) -> None:
    visitor = desk.as_("supervisor")
    assert visitor.get("/complaints/209901010001").status_code == 404
    assert visitor.get("/calls/none").status_code == 404
    assert whats(desk, "supervisor") == [("signed_in", "")]


def test_the_page_says_whether_the_log_is_sound_and_what_is_not(desk: DeskUnderTest) -> None:
    visitor = desk.as_("auditor").english()
    assert "Not checked yet" in visitor.get("/audit/").text
    visitor.post("/audit/check")
    page = visitor.get("/audit/").text
    assert "each of" in page
    assert 'class="token">' in page
    with desk.database.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_log_unchanged"))
        connection.execute(text("UPDATE audit_log SET who = 'nobody' WHERE id = 2"))
    visitor.post("/audit/check")
    assert "entry 2 was changed" in visitor.get("/audit/").text
    assert "第 2 条被改动" in desk.as_("administrator").get("/audit/").text
