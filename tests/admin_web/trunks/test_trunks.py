"""Trunks and the table of numbers."""

from __future__ import annotations

from ivr.services import numbers, trunks
from tests.admin_web.builders import DeskUnderTest


def test_a_trunk_is_shown_in_words_and_never_with_its_password(desk: DeskUnderTest) -> None:
    with desk.database.begin() as session:
        settings = {"registrar": "sip:pbx.example", "password": "hush-hush"}
        trunks.save(session, "pbx", settings, now=desk.clock())
        trunks.record_state(session, "pbx", "registered", expires_in_s=60, now=desk.clock())
    page = desk.as_("editor").english().get("/trunks/").text
    assert "Registered</span>" in page
    assert "sip:pbx.example" in page
    assert "22 Nov 2026, 16:01:00" in page
    assert "hush-hush" not in page


def test_a_number_starts_the_flow_it_is_given(desk: DeskUnderTest) -> None:
    visitor = desk.as_("administrator").english()
    new = {"called": "96110", "flow": "bills", "note": "the old bills line"}
    assert visitor.post("/trunks/numbers", new).status_code == 302
    assert flow_of(desk, "96110") == "bills"
    assert visitor.post("/trunks/numbers", new).status_code == 422
    visitor.post("/trunks/numbers/96110", {"flow": "outages", "note": ""})
    assert flow_of(desk, "96110") == "outages"
    visitor.post("/trunks/numbers/96110/remove")
    assert flow_of(desk, "96110") == "main"


def test_a_flow_that_does_not_exist_cannot_be_given(desk: DeskUnderTest) -> None:
    visitor = desk.as_("administrator").english()
    for called, flow in (("96110", "nosuch"), ("96110", "line"), ("9 61", "main"), ("", "main")):
        answer = visitor.post("/trunks/numbers", {"called": called, "flow": flow, "note": ""})
        assert answer.status_code == 422, (called, flow)


def flow_of(desk: DeskUnderTest, called: str) -> str:
    with desk.database.read() as session:
        listed = {number.called: number.flow for number in numbers.all_numbers(session)}
    return listed.get(called, "main")
