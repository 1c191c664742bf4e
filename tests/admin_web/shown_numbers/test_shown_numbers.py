"""Who need not know a number sees 138****8000, on pages, in files and by programs alike."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from ivr.services import audit, bills, call_backs
from tests.admin_web.builders import (
    DEPARTMENT,
    DeskUnderTest,
    add_call,
    add_complaint,
    make_desk,
)

NUMBER, SHOWN = "13800138000", "138****8000"
ACCOUNT, ACCOUNT_SHOWN = "880123", "88**23"


def add_call_back(desk: DeskUnderTest) -> int:
    with desk.database.begin() as session:
        given = {"number": NUMBER, "reason": "message", "now": desk.clock()}
        return call_backs.create(session, call_id=None, **given).id


@pytest.fixture
def strict(tmp_path: Path) -> DeskUnderTest:
    """A desk where nobody is shown numbers whole."""
    desk = make_desk(tmp_path, numbers_for=frozenset())
    add_call(desk)
    return desk


def test_an_auditor_reads_call_records_masked(desk: DeskUnderTest) -> None:
    add_call(desk)
    visitor = desk.as_("auditor")
    for path in ("/calls/", "/calls/call-1", "/calls/calls.csv"):
        page = visitor.get(path).text
        assert NUMBER not in page, path
        assert SHOWN in page, path
        assert ACCOUNT not in page, path
    assert ACCOUNT_SHOWN in visitor.get("/calls/call-1").text
    assert f"={ACCOUNT_SHOWN}" in visitor.get("/calls/calls.csv").text


def test_those_who_call_back_see_whole_numbers(desk: DeskUnderTest) -> None:
    add_call(desk)
    ticket = add_complaint(desk, category="environment")
    add_call_back(desk)
    supervisor = desk.as_("supervisor")
    for path in ("/calls/", "/calls/call-1", f"/complaints/{ticket}", "/call-backs/"):
        assert NUMBER in supervisor.get(path).text, path
    assert NUMBER in desk.as_("clerk").get(f"/complaints/{ticket}").text


def test_every_page_and_file_is_masked_where_the_setting_says_so(strict: DeskUnderTest) -> None:
    ticket = add_complaint(strict)
    add_call_back(strict)
    visitor = strict.as_("supervisor")
    pages = [
        *("/calls/", "/calls/call-1", "/calls/calls.csv", "/calls/live/now"),
        *("/complaints/", f"/complaints/{ticket}", "/complaints/complaints.csv", "/call-backs/"),
        f"/complaints/{ticket}/printed",
        f"/complaints/?text={NUMBER}",
    ]
    for path in pages:
        answer = visitor.get(path)
        if answer.status_code == 404:
            continue
        shown = answer.text.replace(f'value="{NUMBER}"', "").replace(f"text={NUMBER}", "")
        assert NUMBER not in shown, path
    bills = visitor.get("/bills/").text
    assert ACCOUNT_SHOWN in bills
    assert ACCOUNT not in re.sub(r'action="[^"]*"', "", bills)


def test_a_correction_by_who_sees_it_masked_leaves_the_number_as_it_is(
    strict: DeskUnderTest,
) -> None:
    ticket = add_complaint(strict)
    visitor = strict.as_("supervisor")
    page = visitor.get(f"/complaints/{ticket}").text
    seen = re.search(r'name="seen"[^>]*value="([^"]*)"', page)
    assert seen is not None
    answer = visitor.post(
        f"/complaints/{ticket}/correction",
        {"seen": seen[1], "category": "roads", "department": "", "why": "按错键"},
    )
    assert answer.status_code in (302, 422)
    with strict.database.read() as session:
        from ivr.services import complaints

        assert complaints.get(session, ticket).callback_number == NUMBER


def test_showing_one_is_noted_before_it_is_shown(desk: DeskUnderTest) -> None:
    add_call(desk)
    visitor = desk.as_("auditor").english()
    assert "Show the number" in visitor.get("/calls/call-1").text
    page = visitor.post("/numbers/call/call-1").text
    assert NUMBER in page
    assert ACCOUNT in page
    with desk.database.read() as session:
        entry = audit.newest(session)[0]
        assert (entry.who, entry.what, entry.record) == ("auditor", "numbers_shown", "call call-1")
    assert NUMBER not in visitor.get("/calls/call-1").text  # once


def test_every_kind_of_record_shows_its_numbers(strict: DeskUnderTest) -> None:
    ticket = add_complaint(strict)
    task = add_call_back(strict)
    visitor = strict.as_("supervisor")
    for path, said in (
        (f"complaint/{ticket}", NUMBER),
        (f"call-back/{task}", NUMBER),
        (f"account/{ACCOUNT}", ACCOUNT),
        ("call/call-1", NUMBER),
    ):
        assert said in visitor.post(f"/numbers/{path}").text, path
    for path in ("call/none", "complaint/1", "call-back/x", "call-back/99", "account/1", "x/y"):
        assert visitor.post(f"/numbers/{path}").status_code == 404, path


def test_numbers_are_shown_to_nobody_who_may_not_see_the_record(strict: DeskUnderTest) -> None:
    ticket = add_complaint(strict, category="roads")
    assert strict.as_("editor").post("/numbers/call/call-1").status_code == 403
    assert strict.as_("auditor").post(f"/numbers/complaint/{ticket}").status_code == 403
    assert strict.as_("clerk").post("/numbers/call/call-1").status_code == 403
    assert strict.as_("clerk").post(f"/numbers/complaint/{ticket}").status_code == 404
    own = add_complaint(strict, category=DEPARTMENT)
    assert NUMBER in strict.as_("clerk").post(f"/numbers/complaint/{own}").text


def test_a_program_is_handed_numbers_as_its_token_says(desk: DeskUnderTest) -> None:
    add_call(desk)
    add_complaint(desk)
    boss = desk.as_("administrator")
    client = desk.app.test_client()
    asked = {"role": "supervisor", "scopes": ["calls:read", "complaints:read"]}
    for name, more, seen, hidden in (
        ("masked", {}, SHOWN, NUMBER),
        ("whole", {"whole_numbers": "y"}, NUMBER, SHOWN),
    ):
        page = boss.post("/people/-/tokens", {"name": name, **asked, **more}).text
        token = re.search(r'<code class="token">([^<]+)</code>', page)
        assert token is not None
        header = {"Authorization": f"Bearer {token[1]}"}
        for path in ("calls", "calls.csv", "complaints", "complaints.csv"):
            text = client.get(f"/api/{path}", headers=header).text
            assert seen in text, (name, path)
            assert hidden not in text, (name, path)
    with desk.database.read() as session:
        who = {e.who for e in audit.newest(session) if e.what == "calls_exported"}
    assert who == {"token masked", "token whole"}


def test_no_address_tells_an_account_that_the_page_hides(tmp_path) -> None:
    desk = make_desk(tmp_path, numbers_for=frozenset())
    with desk.database.begin() as session:
        bills.find_account(session, "880456").locked_until = desk.clock() + timedelta(hours=1)
    supervisor = desk.as_("supervisor").english()
    page = supervisor.get("/bills/").text
    assert "88**56" in page
    assert "880456" not in page
    show, unlock = (
        re.findall(rf'action="(/{place}[^"]*)"', page) for place in ("numbers/account", "bills")
    )
    assert len(show) == 3
    assert any("880456" in supervisor.post(address).text for address in show)
    [lock] = [address for address in unlock if address.endswith("/unlock")]
    done = supervisor.post(lock)
    assert (done.status_code, "8804" in done.headers["Location"]) == (302, False)
    assert "Lift the lock" not in supervisor.get("/bills/").text
    assert supervisor.post(f"/numbers/account/{'A' * 100}").status_code == 404
