"""The telephone's page and the door of its sound: who may call, which numbers, what is noted."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from admin_web.streams.admission import OPENING, Opening
from ivr.records.tables import AuditEntry
from ivr.services import numbers
from tests.admin_web.builders import ROLES, DeskUnderTest, make_desk

MAY_CALL = {"administrator", "editor", "supervisor"}


@pytest.fixture
def called(tmp_path: Path) -> DeskUnderTest:
    """A desk whose telephone has a line, which nobody in these tests reaches."""
    desk = make_desk(tmp_path, line=object())
    with desk.database.begin() as session:
        numbers.save(session, "96000", "outages", note="Outages only", now=desk.clock())
    return desk


def notes(desk: DeskUnderTest) -> list[tuple[str, str]]:
    with desk.database.read() as session:
        found = session.scalars(select(AuditEntry).where(AuditEntry.what == "line_called"))
        return [(entry.who, entry.record) for entry in found]


@pytest.mark.parametrize("role", ROLES)
def test_who_may_call_has_the_button_on_the_first_page_and_nobody_else(
    called: DeskUnderTest, role: str
) -> None:
    assert ("data-telephone" in called.as_(role).get("/").text) == (role in MAY_CALL)


def test_the_numbers_of_the_table_can_be_dialled_and_the_line_comes_first(
    called: DeskUnderTest,
) -> None:
    page = called.as_("editor").english().get("/telephone/").text
    assert page.index('<option value="">The line</option>') < page.index(
        '<option value="96000">96000 · Outages only</option>'
    )


def test_a_desk_without_a_telephone_says_so(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    visitor = desk.as_("administrator").english()
    assert "IVR_BROWSER_CALLS=0" in visitor.get("/telephone/").text
    assert "data-telephone" not in visitor.get("/").text
    assert visitor.get("/telephone/line").status_code == 404


@pytest.mark.parametrize(("number", "record"), [("", "line"), ("96000", "96000")])
def test_a_call_is_noted_before_it_rings(called: DeskUnderTest, number: str, record: str) -> None:
    opening = Opening(websocket=True)
    answer = called.as_("supervisor").get(
        f"/telephone/line?number={number}",
        environ_overrides={OPENING: opening},
        headers={"Origin": "http://localhost"},
    )
    assert answer.status_code == 204
    assert opening.admission is not None
    assert opening.admission.about["number"] == number
    assert notes(called) == [("supervisor", record)]


def test_other_numbers_and_other_sites_place_no_call(called: DeskUnderTest) -> None:
    visitor = called.as_("supervisor")
    for number, origin in (("110", "http://localhost"), ("96000", "http://evil.example")):
        opening = Opening(websocket=True)
        answer = visitor.get(
            f"/telephone/line?number={number}",
            environ_overrides={OPENING: opening},
            headers={"Origin": origin},
        )
        assert answer.status_code in (403, 404)
        assert opening.admission is None
    assert visitor.get("/telephone/line?number=96000").status_code == 426
    assert notes(called) == []
