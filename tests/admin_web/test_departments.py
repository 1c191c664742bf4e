"""A clerk works on the complaints of their department: there is nothing else for them."""

from __future__ import annotations

import re

import pytest

from ivr.services import complaints
from tests.admin_web.builders import (
    DEPARTMENT,
    DeskUnderTest,
    add_call,
    add_complaint,
    add_recording,
)


@pytest.fixture
def tickets(desk: DeskUnderTest) -> tuple[str, str]:
    """A complaint of the clerk's department, and one of another, both recorded."""
    found = []
    for category in ("environment", "roads"):
        call = add_call(desk, f"call-{category}")
        recording = add_recording(desk, call, f"rec-{category}")
        found.append(add_complaint(desk, category=category, recording_id=recording, call_id=call))
    return found[0], found[1]


def test_lists_and_files_hold_the_own_department_alone(
    desk: DeskUnderTest, tickets: tuple[str, str]
) -> None:
    own, other = tickets
    clerk = desk.as_("clerk")
    assert "生态环境局" in clerk.get("/complaints/").text
    assert "城市管理局" not in clerk.get("/complaints/").text
    for path in (
        "/complaints/",
        "/complaints/?department=urban_management",
        "/complaints/?text=20261122",
        "/complaints/complaints.csv",
        "/complaints/complaints.csv?department=urban_management",
    ):
        page = clerk.get(path).text
        assert other not in page, path
    assert own in clerk.get("/complaints/").text
    assert own in clerk.get("/complaints/complaints.csv").text
    assert other in desk.as_("supervisor").get("/complaints/").text


def test_a_complaint_of_another_department_is_not_there(
    desk: DeskUnderTest, tickets: tuple[str, str]
) -> None:
    own, other = tickets
    clerk = desk.as_("clerk")
    assert clerk.get(f"/complaints/{own}").status_code == 200
    assert clerk.get(f"/complaints/{own}/recording.wav").status_code == 200
    assert clerk.get(f"/complaints/{other}").status_code == 404
    assert clerk.get(f"/complaints/{other}/recording.wav").status_code == 404
    move = {"seen_state": "received", "to_state": "assigned", "department": DEPARTMENT}
    assert clerk.post(f"/complaints/{other}/state", move).status_code == 404
    assert clerk.post(f"/complaints/{other}/note", {"note": "x"}).status_code == 404
    assert clerk.post(f"/complaints/{other}/correction", {"why": "x"}).status_code == 404
    with desk.database.read() as session:
        row = complaints.get(session, other)
        assert (row.state, row.department, len(row.events)) == ("received", "urban_management", 1)


def test_a_clerk_works_on_their_own_and_may_give_it_away(
    desk: DeskUnderTest, tickets: tuple[str, str]
) -> None:
    own, _ = tickets
    clerk = desk.as_("clerk")
    assert clerk.post(f"/complaints/{own}/note", {"note": "已联系"}).status_code == 302
    move = {"seen_state": "received", "to_state": "assigned", "department": "urban_management"}
    answer = clerk.post(f"/complaints/{own}/state", move)
    assert answer.headers["Location"] == "/complaints/"
    assert clerk.get("/complaints/").status_code == 200
    assert clerk.get(f"/complaints/{own}").status_code == 404


def test_no_link_of_a_complaint_leads_a_clerk_to_a_shut_door(
    desk: DeskUnderTest, tickets: tuple[str, str]
) -> None:
    own, _ = tickets
    assert 'href="/calls/' not in desk.as_("clerk").get(f"/complaints/{own}").text
    assert "/calls/" in desk.as_("supervisor").get(f"/complaints/{own}").text


def test_the_first_page_counts_the_complaints_of_the_own_department(
    desk: DeskUnderTest, tickets: tuple[str, str]
) -> None:
    def unsettled(username: str) -> int:
        page = desk.as_(username).english().get("/").text
        found = re.search(r"<strong>(\d+)</strong>\s*complaints without a reply", page)
        assert found is not None
        return int(found[1])

    before = unsettled("clerk"), unsettled("supervisor")
    add_complaint(desk, category="roads")
    assert (unsettled("clerk"), unsettled("supervisor")) == (before[0], before[1] + 1)
    add_complaint(desk, category="environment")
    assert unsettled("clerk") == before[0] + 1
