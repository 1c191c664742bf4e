"""The ticket of a confidential complaint is nowhere for those who must not know of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_web.api.scopes import SCOPES
from admin_web.confidential import HIDDEN, Veil
from ivr.services import call_notes, complaint_merging, complaints
from tests.admin_web.api.conftest import program
from tests.admin_web.builders import DEPARTMENT, DeskUnderTest, add_call, add_complaint, make_desk

TELLING_PATHS = (
    "/calls/",
    "/calls/call-1",
    "/calls/calls.csv",
    "/calls/call-2",
    "/calls/call-2/path",
    "/audit/",
    "/audit/?who=supervisor",
)


@pytest.fixture
def told(tmp_path: Path) -> tuple[DeskUnderTest, str, str]:
    """A confidential complaint whose call, notes and audit entries name it; and an open one."""
    desk = make_desk(tmp_path, sample=False)
    add_call(desk, "call-1", steps=[])
    secret = add_complaint(desk, call_id="call-1")
    opened = add_complaint(desk, call_id="call-1")
    keyed = [
        ("complaint", "file", "file_complaint", secret, "filed"),
        ("progress", "ask_ticket", "ask", secret, "match"),
        ("progress", "ask_ticket", "ask", opened, "match"),
    ]
    add_call(desk, "call-2", steps=keyed)
    with desk.database.begin() as session:
        text = f"asked for {secret} and {opened}"
        call_notes.add(session, "call-2", text, who="supervisor", now=desk.clock())
    boss = desk.as_("supervisor").english()
    for ticket in (secret, opened):
        assert boss.get(f"/complaints/{ticket}").status_code == 200
    assert boss.get(f"/complaints/complaints.csv?ticket={secret}").status_code in (200, 400)
    sent = {"confidential": "y", "why": "about a colleague"}
    assert boss.post(f"/complaints/{secret}/confidential", sent).status_code == 302
    return desk, secret, opened


def test_an_auditor_finds_it_nowhere_and_the_open_one_everywhere(
    told: tuple[DeskUnderTest, str, str],
) -> None:
    desk, secret, opened = told
    auditor, boss = desk.as_("auditor"), desk.as_("administrator")
    for path in TELLING_PATHS:
        assert secret not in auditor.get(path).text, path
        assert secret in boss.get(path).text, path
    for path in ("/calls/", "/calls/call-1", "/calls/call-2", "/audit/"):
        assert opened in auditor.get(path).text or opened[-4:] in auditor.get(path).text, path


def test_asking_the_log_for_it_does_not_tell_that_it_is_there(
    told: tuple[DeskUnderTest, str, str],
) -> None:
    desk, secret, opened = told
    auditor = desk.as_("auditor").english()
    assert "No entry fits" in auditor.get(f"/audit/?record={secret}").text
    assert opened in auditor.get(f"/audit/?record={opened}").text
    assert HIDDEN not in auditor.get(f"/audit/?record={secret[:-1]}").text


def test_a_program_without_the_scope_is_not_told_either(
    told: tuple[DeskUnderTest, str, str],
) -> None:
    desk, secret, opened = told
    without = tuple(scope for scope in SCOPES if scope != "complaints:confidential")
    may, may_not = program(desk, "may"), program(desk, "may not", scopes=without)
    for path in ("calls", "calls/call-1", "calls/call-2", "calls.csv", "audit", "complaints"):
        assert secret in may.ask("GET", f"/api/{path}").text, path
        answer = may_not.ask("GET", f"/api/{path}")
        assert answer.status_code == 200
        assert secret not in answer.text, path
        assert opened in answer.text, path


def test_a_duplicate_does_not_name_the_confidential_one_it_was_merged_into(
    told: tuple[DeskUnderTest, str, str],
) -> None:
    desk, secret, opened = told
    with desk.database.begin() as session:
        complaints.get(session, opened).department = DEPARTMENT
        notes = (f"Merged into {secret}.", f"{opened} was merged.")
        now = desk.clock()
        complaint_merging.merge(session, opened, secret, who="boss", notes=notes, now=now)
    clerk = desk.as_("clerk")
    for path in (f"/complaints/{opened}", f"/complaints/{opened}/print"):
        page = clerk.get(path)
        assert page.status_code == 200
        assert secret not in page.text
        assert secret in desk.as_("supervisor").get(path).text


@given(st.text(alphabet="0123456789 ，a", max_size=40))
def test_only_whole_tickets_are_hidden(text: str) -> None:
    ticket = "202611220001"
    veil = Veil(frozenset({ticket}))
    assert ticket not in veil(f"{text} {ticket} {text}")
    longer = f"{ticket}7"
    assert veil(longer) == longer
    assert veil.covers(f"({ticket})")
    assert Veil()(text) == text
