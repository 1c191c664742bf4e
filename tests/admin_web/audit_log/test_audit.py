"""The audit log: who did what to which record, found again."""

from __future__ import annotations

from datetime import timedelta

from ivr.services import audit
from tests.admin_web.builders import DeskUnderTest, add_complaint


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
