"""What a token opens: its role, its scopes, its department, its time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from admin_web.api.operation import OPERATIONS
from admin_web.api.scopes import SCOPES
from admin_web.roles import WHO_MAY, Door
from ivr.records.tables import Role
from ivr.services import audit, complaints
from tests.admin_web.api.conftest import program
from tests.admin_web.builders import (
    DEPARTMENT,
    ROLES,
    DeskUnderTest,
    add_call,
    add_complaint,
    add_recording,
    make_desk,
)

PARTS = {
    "ticket": "202611220001",
    "task_id": "1",
    "outage_id": "1",
    "number": "880123",
    "code": "01",
    "revision": "1",
}


def address(path: str) -> str:
    for part, value in PARTS.items():
        path = path.replace(f"{{{part}}}", value)
    return "/api" + path.replace("{", "").replace("}", "")


@pytest.mark.parametrize("role", ROLES)
def test_a_program_may_do_what_a_person_of_its_role_may(town: DeskUnderTest, role: str) -> None:
    asking = program(town, role=Role(role), department=DEPARTMENT)
    for one in OPERATIONS.values():
        who = WHO_MAY[one.page]
        open_to_it = who is Door.SIGNED_IN or role in who  # type: ignore[operator]
        answer = asking.ask(one.method, address(one.path))
        assert (answer.status_code != 403) == open_to_it, (one.name, answer.text)
        assert answer.status_code < 500, (one.name, answer.text)


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_opens_what_it_names_and_nothing_else(town: DeskUnderTest, scope: str) -> None:
    asking = program(town, scopes=(scope,))
    for one in OPERATIONS.values():
        answer = asking.ask(one.method, address(one.path))
        assert (answer.status_code != 403) == (one.scope == scope), (one.name, answer.text)
        if one.scope != scope:
            assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


def test_what_writes_has_a_scope_that_says_so() -> None:
    for one in OPERATIONS.values():
        assert one.scope.endswith(":write") == one.writes, one.name
        assert one.scope in SCOPES


def test_the_token_of_the_setting_reads_and_writes_nothing(tmp_path) -> None:
    desk = make_desk(tmp_path, api_token="a token of the tests")
    client = desk.app.test_client()
    header = {"Authorization": "Bearer a token of the tests"}
    for one in OPERATIONS.values():
        answer = client.open(address(one.path), method=one.method, headers=header)
        closed = one.writes or one.scope in ("people:read", "audit:read")
        assert (answer.status_code == 403) == closed, (one.name, answer.text)


def test_a_token_ends_at_its_time(town: DeskUnderTest) -> None:
    asking = program(town, expires_at=town.clock() + timedelta(days=1))
    assert asking.ask("GET", "/api/calls").status_code == 200
    town.clock.move(days=1)
    answer = asking.ask("GET", "/api/calls")
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_clerks_program_sees_one_department(town: DeskUnderTest) -> None:
    other = add_complaint(town, category="roads")
    asking = program(town, role=Role.CLERK, department=DEPARTMENT)
    seen = asking.get("/api/complaints")["complaints"]
    assert seen
    assert {one["department"] for one in seen} == {DEPARTMENT}
    asked = asking.get("/api/complaints?department=roads")["complaints"]
    assert {one["department"] for one in asked} <= {DEPARTMENT}
    town.clock.move(minutes=1)
    changed = asking.get("/api/changes/complaints")["complaints"]
    assert {one["department"] for one in changed} == {DEPARTMENT}
    assert other not in asking.ask("GET", "/api/complaints.csv").text
    assert asking.ask("GET", f"/api/complaints/{other}").status_code == 404
    sent = {"text": "not mine"}
    assert asking.post(f"/api/complaints/{other}/notes", sent).status_code == 404


def test_a_confidential_complaint_is_there_for_who_may_see_it(town: DeskUnderTest) -> None:
    ticket = add_complaint(town)
    with town.database.begin() as session:
        complaints.get(session, ticket).confidential = True
    without = tuple(scope for scope in SCOPES if scope != "complaints:confidential")
    town.clock.move(minutes=1)
    for asking, sees in (
        (program(town, "may"), True),
        (program(town, "no scope", scopes=without), False),
        (program(town, "a clerk", role=Role.CLERK, department="service_centre"), False),
    ):
        for path in ("complaints", "complaints.csv", "changes/complaints"):
            assert (ticket in asking.ask("GET", f"/api/{path}").text) == sees, path
        found = asking.ask("GET", f"/api/complaints/{ticket}")
        assert (found.status_code == 200) == sees


def test_a_cookie_opens_nothing(town: DeskUnderTest) -> None:
    boss = town.as_("administrator")
    assert boss.client.get("/api/calls").status_code == 401
    sent = boss.client.post("/api/call-backs/1/done", json={})
    assert sent.status_code == 401


def test_who_a_cookie_names_is_not_who_asks_with_a_token(town: DeskUnderTest) -> None:
    asking = program(town, role=Role.CLERK, department=DEPARTMENT)
    boss = town.as_("administrator")
    header = {"Authorization": f"Bearer {asking.token}"}
    answer = boss.client.get("/api/complaints", headers=header)
    assert {one["department"] for one in answer.json["complaints"]} == {DEPARTMENT}


def test_numbers_are_masked_where_the_role_sees_them_masked(tmp_path) -> None:
    desk = make_desk(tmp_path, sample=False, numbers_for=frozenset({"administrator"}))
    add_call(desk)
    for role, shown in (("administrator", "13800138000"), ("supervisor", "138****8000")):
        asking = program(desk, role, role=Role(role))
        assert asking.get("/api/calls")["calls"][0]["caller"] == shown
        assert asking.get("/api/calls/call-1")["caller"] == shown


def test_what_a_program_does_is_in_the_audit_log_under_its_name(town: DeskUnderTest) -> None:
    ticket = add_complaint(town)
    asking = program(town, "the city platform")
    asking.get(f"/api/complaints/{ticket}")
    assert asking.post(f"/api/complaints/{ticket}/notes", {"text": "seen"}).status_code == 201
    with town.database.read() as session:
        entries = {(e.what, e.record) for e in audit.newest(session) if "platform" in e.who}
    assert entries >= {("complaint_opened", ticket), ("complaint_annotated", ticket)}


def test_what_is_confidential_is_not_told_by_its_call(tmp_path) -> None:
    desk = make_desk(tmp_path, sample=False)
    call = add_call(desk)
    ticket = add_complaint(desk, call_id=call, recording_id=add_recording(desk, call))
    with desk.database.begin() as session:
        complaints.get(session, ticket).confidential = True
    without = tuple(scope for scope in SCOPES if scope != "complaints:confidential")
    for asking, told, status in (
        (program(desk, "may"), [ticket], 200),
        (program(desk, "may not", scopes=without), [], 404),
    ):
        assert asking.get("/api/calls")["calls"][0]["complaints"] == told
        assert asking.get(f"/api/calls/{call}")["complaints"] == told
        assert asking.ask("GET", "/api/recordings/rec-1.wav").status_code == status
        assert asking.ask("GET", "/api/transcripts/rec-1").status_code == status


def test_no_key_of_a_page_tells_a_masked_number(town: DeskUnderTest) -> None:
    asking = program(town, whole_numbers=False)
    seen: list[str] = []
    after = ""
    while after is not None:
        answer = asking.ask("GET", f"/api/accounts?limit=1{after}")
        seen += [one["number"] for one in answer.json["accounts"]]
        assert "880" not in answer.text + answer.headers.get("Link", "")
        after = answer.json["next"] and f"&after={answer.json['next']}"
    assert seen == ["88**23", "88**56", "88**89"]


def test_the_audit_log_tells_numbers_as_the_token_may_see_them(town: DeskUnderTest) -> None:
    whole = program(town, "whole")
    whole.ask("POST", "/api/accounts/880456/unlock")
    whole.ask("GET", "/api/calls.csv?caller=13800138000")
    for asking, seen in ((whole, True), (program(town, "masked", whole_numbers=False), False)):
        told = asking.ask("GET", "/api/audit").text
        assert ("880456" in told, "13800138000" in told) == (seen, seen)
        assert "88**56" in told or seen
