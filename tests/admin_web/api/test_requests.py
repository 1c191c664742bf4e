"""What is sent is judged: its form, its language, its rate."""

from __future__ import annotations

import json

import pytest

from tests.admin_web.api.conftest import program
from tests.admin_web.builders import DeskUnderTest, add_complaint, make_desk


def test_a_slip_of_the_pen_is_told_and_not_passed_over(town: DeskUnderTest) -> None:
    asking = program(town)
    for path in ("/api/complaints?stat=closed", "/api/areas?all=1"):
        answer = asking.ask("GET", path)
        assert answer.status_code == 400
        assert answer.json["errors"][0]["place"].startswith("query.")


def test_problems_are_told_in_the_language_asked_for(town: DeskUnderTest) -> None:
    asking = program(town)
    told = {
        language: asking.ask("GET", "/api/calls?limit=0", headers={"Accept-Language": language})
        for language in ("en", "zh-CN", "zh;q=0.9, en;q=0.1", "fr")
    }
    assert told["en"].json["errors"][0]["detail"] == "at least 1"
    for language in ("zh-CN", "zh;q=0.9, en;q=0.1", "fr"):
        assert told[language].json["errors"][0]["detail"] == "至少 1"
        assert told[language].headers["Content-Language"] == "zh-CN"


@pytest.mark.parametrize(
    ("sent", "kind", "status"),
    [
        ("{", "application/json", 400),
        ("", "application/json", 400),
        ("[]", "application/json", 422),
        ('{"text": 7}', "application/json", 422),
        ('{"text": ""}', "application/json", 422),
        ('{"text": "a", "loud": true}', "application/json", 422),
        ("text=a", "application/x-www-form-urlencoded", 415),
        ('{"text": "a"}', "text/plain", 415),
    ],
)
def test_what_does_not_fit_is_refused(
    town: DeskUnderTest, sent: str, kind: str, status: int
) -> None:
    ticket = add_complaint(town)
    answer = program(town).ask(
        "POST", f"/api/complaints/{ticket}/notes", data=sent, content_type=kind
    )
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"


def test_an_address_that_is_none_says_so_to_programs(town: DeskUnderTest) -> None:
    asking = program(town)
    answer = asking.ask("GET", "/api/nothing")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    answer = asking.ask("DELETE", "/api/calls")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_a_complaint_is_worked_on_to_its_reply(town: DeskUnderTest) -> None:
    ticket = add_complaint(town)
    asking = program(town)
    path = f"/api/complaints/{ticket}"
    step = {"seen_state": "received", "to_state": "assigned", "department": "environment"}
    assert asking.post(f"{path}/state", step).status_code == 200
    stale = asking.post(f"{path}/state", step)
    assert stale.status_code == 409
    assert stale.json["detail"]
    for before, after, words in (
        ("assigned", "handling", ""),
        ("handling", "replied", "路灯已修好。"),
    ):
        sent = {"seen_state": before, "to_state": after, "note": words}
        assert asking.post(f"{path}/state", sent).status_code == 200
    found = asking.get(path)
    assert (found["state"], found["reply"]) == ("replied", "路灯已修好。")
    assert [event["state"] for event in found["history"]][-3:] == [
        "assigned",
        "handling",
        "replied",
    ]
    right = {"seen": found["updated"], "category": "roads", "why": "it is a lamp"}
    assert asking.ask("PATCH", path, json=right).json["category"] == "roads"
    assert asking.ask("PATCH", path, json=right).status_code == 409


def test_a_notice_is_published_changed_and_ended(town: DeskUnderTest) -> None:
    asking = program(town)
    notice = {
        "kind": "water",
        "starts": "2026-11-22T16:00:00+08:00",
        "ends": "2026-11-22T18:00:00+08:00",
        "text_zh": "今晚停水。",
    }
    made = asking.post("/api/outages", notice)
    assert made.status_code == 201
    assert made.json["heard"]
    path = f"/api/outages/{made.json['id']}"
    changed = asking.ask("PUT", path, json={**notice, "text_zh": "停水到八点。"})
    assert changed.json["text_zh"] == "停水到八点。"
    ended = asking.ask("POST", f"{path}/end")
    assert not ended.json["heard"]
    backwards = {**notice, "ends": "2026-11-22T10:00:00+08:00"}
    assert asking.post("/api/outages", backwards).status_code == 409


def test_bills_are_taken_in_and_looked_up(town: DeskUnderTest) -> None:
    asking = program(town)
    file = "account,kind,period,amount,due_on,state\n880999,gas,2026-11,12.5,2026-12-05,unpaid\nx\n"
    answer = asking.ask("POST", "/api/bills/import", data=file, content_type="text/csv")
    assert (answer.json["lines"], answer.json["imported"]) == (2, 1)
    assert answer.json["problems"][0]["line"] == 3
    found = asking.get("/api/accounts/880999")
    assert found["bills"][0]["amount"] == "12.50"
    nothing = asking.ask("POST", "/api/bills/import", data="hello", content_type="text/csv")
    assert nothing.status_code == 409


def test_who_asks_too_often_is_told_when_to_come_back(tmp_path) -> None:
    desk = make_desk(tmp_path, sample=False, api_rate=3)
    asking, other = program(desk), program(desk, "another")
    for left in (2, 1, 0):
        answer = asking.ask("GET", "/api/areas")
        assert answer.status_code == 200
        assert f"r={left};" in answer.headers["RateLimit"]
    answer = asking.ask("GET", "/api/areas")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "20"
    assert other.ask("GET", "/api/areas").status_code == 200
    desk.clock.move(seconds=20)
    assert asking.ask("GET", "/api/areas").status_code == 200


def test_who_tries_tokens_is_shut_out_and_nobody_else_is(tmp_path) -> None:
    desk = make_desk(tmp_path, sample=False, api_rate=100_000, api_token="guess me")
    known = program(desk)
    assert known.ask("GET", "/api/areas").status_code == 200
    client = desk.app.test_client()
    for number in range(300):
        wrong = {"Authorization": f"Bearer {number}"}
        assert client.get("/api/areas", headers=wrong).status_code == 401
    guessed = {"Authorization": "Bearer guess me"}
    answer = client.get("/api/areas", headers=guessed)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert known.ask("GET", "/api/areas").status_code == 200
    elsewhere = {"REMOTE_ADDR": "192.0.2.9"}
    assert client.get("/api/areas", headers=guessed, environ_base=elsewhere).status_code == 200
    desk.clock.move(minutes=11)
    assert client.get("/api/areas", headers=guessed).status_code == 200


def test_the_reference_is_there_in_both_languages(town: DeskUnderTest) -> None:
    page = town.visitor().english().get("/api/").text
    assert "curl -H" in page
    assert "Move a complaint on" in page
    assert "推进投诉" in town.visitor().get("/api/").text
    told = town.app.test_client().get("/api/openapi.json", headers={"Accept-Language": "en"})
    assert json.loads(told.data)["openapi"] == "3.1.0"


@pytest.mark.parametrize(
    ("asked", "at"),
    [
        ("2026-11-22", 0),
        ("2026-11-22T16:10:00%2B08:00", 1),
        ("2026-11-22T16:10:00+08:00", 1),
        ("2026-11-22T16:10:00", 1),
        ("2026-11-22T08:10:00Z", 1),
        ("9999-12-31T23:59:59-14:00", 1),
        ("0001-01-01T00:00:00%2B14:00", 0),
    ],
)
def test_a_time_is_read_however_it_is_rightly_written(tmp_path, asked: str, at: int) -> None:
    desk = make_desk(tmp_path, sample=False)
    add_complaint(desk)  # at 16:00 of the line's zone
    found = program(desk).get(f"/api/complaints?since={asked}")["complaints"]
    assert len(found) == 1 - at
