"""Bills: search, unlock, import."""

from __future__ import annotations

import io

from ivr.services import bills
from tests.admin_web.builders import DeskUnderTest

HEADER = "account,kind,period,amount,due_on,state\n"
GOOD = "990001,gas,2026-11,45.60,2026-12-20,unpaid\n"
BAD = "99x,gas,2026-13,abc,2026-12-20,unpaid\n"


def upload(text: str) -> tuple[io.BytesIO, str]:
    return io.BytesIO(text.encode()), "bills.csv"


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


def test_good_lines_are_kept_and_bad_ones_listed_with_their_numbers(desk: DeskUnderTest) -> None:
    visitor = desk.as_("administrator").english()
    answer = visitor.post("/bills/import", {"file": upload(HEADER + GOOD + BAD)})
    assert answer.status_code == 422
    assert "1 line imported." in answer.text
    assert 'class="number">3</td>' in answer.text
    assert "45.60 yuan" in visitor.get("/bills/?text=990001").text


def test_all_or_nothing_keeps_nothing_where_one_line_is_bad(desk: DeskUnderTest) -> None:
    visitor = desk.as_("administrator").english()
    answer = visitor.post(
        "/bills/import", {"file": upload(HEADER + GOOD + BAD), "all_or_nothing": "y"}
    )
    assert "0 lines imported." in answer.text
    assert "No account fits" in visitor.get("/bills/?text=990001").text


def test_what_is_no_such_file_is_told(desk: DeskUnderTest) -> None:
    visitor = desk.as_("administrator").english()
    assert "Choose a file." in visitor.post("/bills/import").text
    for content in (b"\x00\xff\xfe\x89PNG", b"", b"a,b\n1,2\n"):
        answer = visitor.post("/bills/import", {"file": (io.BytesIO(content), "x.csv")})
        assert answer.status_code == 422
        assert 'class="notice error"' in answer.text or 'class="errors"' in answer.text
