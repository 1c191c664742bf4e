"""Merging, confidentiality and printing, as staff meet them."""

from __future__ import annotations

from datetime import date

import pytest

from ivr.records.tables import Complaint, Role
from ivr.services import areas, complaints, staff
from tests.admin_web.builders import _HASH, DeskUnderTest, Visitor, add_complaint


def clerk(desk: DeskUnderTest, department: str) -> Visitor:
    with desk.database.begin() as session:
        staff.create(
            session,
            username="roads-clerk",
            password_hash=_HASH,
            role=Role.CLERK,
            department=department,
            must_change_password=False,
            who="tests",
            now=desk.clock(),
        )
    return desk.as_("roads-clerk").english()


def department_of(desk: DeskUnderTest, ticket: str) -> str:
    with desk.database.read() as session:
        return complaints.get(session, ticket).department or ""


def test_a_duplicate_is_merged_shown_on_both_pages_and_taken_back(desk: DeskUnderTest) -> None:
    first, second = add_complaint(desk), add_complaint(desk, caller="13900002222")
    visitor = desk.as_("supervisor").english()
    answer = visitor.post(f"/complaints/{second}/merge", {"into": f" {first} ", "why": "same"})
    assert answer.headers["Location"].endswith(f"/complaints/{first}")
    assert f"/complaints/{second}" in visitor.get(f"/complaints/{first}").text
    page = visitor.get(f"/complaints/{second}").text
    assert "A duplicate of" in page
    assert "Change the state" not in page
    assert "Duplicate" in visitor.get("/complaints/").text
    visitor.post(f"/complaints/{second}/separate")
    assert "A duplicate of" not in visitor.get(f"/complaints/{second}").text


@pytest.mark.parametrize(
    ("into", "said"),
    [
        ("209901010001", "there is no complaint"),
        ("", "Fill this in."),
        ("twelve", "A ticket is a number of twelve digits."),
    ],
)
def test_a_ticket_that_is_none_is_refused_in_words(
    desk: DeskUnderTest, into: str, said: str
) -> None:
    ticket = add_complaint(desk)
    visitor = desk.as_("supervisor").english()
    visitor.post(f"/complaints/{ticket}/merge", {"into": into})
    assert said in visitor.get(f"/complaints/{ticket}").text
    with desk.database.read() as session:
        assert complaints.get(session, ticket).merged_into is None


def test_a_confidential_complaint_is_not_there_for_a_clerk(desk: DeskUnderTest) -> None:
    ticket = add_complaint(desk, category="roads", callback_number="13911112222")
    working = clerk(desk, department_of(desk, ticket))
    assert working.get(f"/complaints/{ticket}").status_code == 200
    supervisor = desk.as_("supervisor").english()
    supervisor.post(f"/complaints/{ticket}/confidential", {"confidential": "y"})
    for path in ("", "/print", "/recording.wav"):
        assert working.get(f"/complaints/{ticket}{path}").status_code == 404
    assert working.get(f"/numbers/complaint/{ticket}").status_code in (404, 405)
    assert ticket not in working.get("/complaints/").text
    assert ticket not in working.get("/complaints/complaints.csv").text
    assert ticket in supervisor.get("/complaints/").text
    assert "Confidential" in supervisor.get(f"/complaints/{ticket}").text
    # Nor can it be found out by merging into it.
    other = add_complaint(desk, category="roads")
    working.post(f"/complaints/{other}/merge", {"into": ticket})
    assert "there is no complaint" in working.get(f"/complaints/{other}").text
    supervisor.post(f"/complaints/{ticket}/confidential", {})
    assert working.get(f"/complaints/{ticket}").status_code == 200


def test_programs_are_not_given_confidential_complaints(tmp_path) -> None:
    from tests.admin_web.builders import make_desk

    desk = make_desk(tmp_path, api_token="a token of the tests")
    ticket = add_complaint(desk)
    with desk.database.begin() as session:
        complaints.get(session, ticket).confidential = True
    answer = desk.visitor().get(
        "/api/complaints", headers={"Authorization": "Bearer a token of the tests"}
    )
    assert answer.status_code == 200
    assert ticket not in answer.text


def test_an_area_is_corrected_found_by_and_not_removable(desk: DeskUnderTest) -> None:
    ticket = add_complaint(desk)
    with desk.database.begin() as session:
        areas.save(session, "77", "西山乡", "Xishan")
        row = session.get(Complaint, ticket)
        assert row is not None
        seen, department, deadline = row.updated_at, row.department, row.deadline
    visitor = desk.as_("supervisor").english()
    visitor.post(
        f"/complaints/{ticket}/correction",
        {
            "seen": seen.isoformat(),
            "category": "other",
            "department": department or "",
            "deadline": str(deadline or date(2026, 12, 1)),
            "callback_number": "13800138000",
            "area": "77",
        },
    )
    page = visitor.get(f"/complaints/{ticket}").text
    assert "Corrected: Area. Before: —. Now: Xishan." in page
    assert ticket in visitor.get("/complaints/?area=77").text
    assert ticket not in visitor.get("/complaints/?area=-").text
    desk.as_("administrator").post("/areas/77/remove")
    with desk.database.read() as session:
        assert areas.find(session, "77") is not None


def test_the_printed_page_has_the_record_and_no_form(desk: DeskUnderTest) -> None:
    ticket = add_complaint(desk)
    page = desk.as_("supervisor").english().get(f"/complaints/{ticket}/print").text
    main = page.split('<main id="content">')[1]
    assert ticket in main
    assert "History" in main
    assert "<form" not in main
