"""Bills: search and unlock. What files of bills go through is in test_imports.py."""

from __future__ import annotations

from ivr.services import bills
from tests.admin_web.builders import DeskUnderTest


def test_an_account_is_found_by_its_number(desk: DeskUnderTest) -> None:
    visitor = desk.as_("supervisor").english()
    page = visitor.get("/bills/?text=880123").text
    assert "128.50 yuan" in page
    assert "880456" not in page
    assert "No account fits" in visitor.get("/bills/?text=000").text
    assert "880789" not in visitor.get("/bills/?unpaid=y").text


def test_a_lock_after_wrong_codes_is_shown_and_can_be_lifted(desk: DeskUnderTest) -> None:
    for _ in range(3):
        with desk.database.begin() as session:
            bills.find(session, "880456", "0000", desk.clock())
    visitor = desk.as_("supervisor").english()
    assert "Locked after wrong tries" in visitor.get("/bills/?text=880456").text
    assert visitor.post("/bills/880456/unlock").status_code == 302
    assert "Locked after wrong tries" not in visitor.get("/bills/?text=880456").text
    assert visitor.post("/bills/000/unlock").status_code == 404
