"""Calls and complaints for programs."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.admin_web.builders import (
    DeskUnderTest,
    add_call,
    add_complaint,
    add_recording,
    make_desk,
)

HEADER = {"Authorization": "Bearer a token of the tests"}


@pytest.fixture
def desk(tmp_path: Path) -> DeskUnderTest:
    return make_desk(tmp_path, sample=False, api_token="a token of the tests")


def get(desk: DeskUnderTest, path: str) -> Any:
    answer = desk.app.test_client().get(path, headers=HEADER)
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer é"},
    ],
)
def test_without_a_token_in_use_nothing_is_told(desk: DeskUnderTest, header) -> None:
    answer = desk.app.test_client().get("/api/calls", headers=header)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "calls" not in answer.json


def test_where_no_token_is_set_the_api_is_shut(tmp_path_factory) -> None:
    desk = make_desk(tmp_path_factory.mktemp("shut"), sample=False)
    for header in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer None"}):
        assert desk.app.test_client().get("/api/calls", headers=header).status_code == 401


def test_a_call_record_holds_all_that_is_known(desk: DeskUnderTest) -> None:
    add_recording(desk, add_call(desk))
    ticket = add_complaint(desk, call_id="call-1")
    [call] = get(desk, "/api/calls")["calls"]
    assert (call["caller"], call["called"], call["language"]) == ("13800138000", "12345", "zh-CN")
    assert call["ended_by"] == "caller"
    assert call["complaints"] == [ticket]
    moments = [datetime.fromisoformat(call[name]) for name in ("start", "answer", "end")]
    assert moments == sorted(moments)
    assert [step["digits"] for step in call["path"]] == ["1", "880123", "****", ""]
    assert [step["node"] for step in call["path"]][:2] == ["language", "ask_account"]
    assert call["recordings"][0]["path"] == "recordings/rec-1.wav"
    assert call["quality"]["packets_lost"] == 3


def test_pages_hold_every_call_once(desk: DeskUnderTest) -> None:
    for number in range(7):
        add_call(desk, f"c{number}", started_at=desk.clock() - timedelta(minutes=number))
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = get(desk, f"/api/calls?limit=3&after={after}" if after else "/api/calls?limit=3")
        seen += [call["id"] for call in page["calls"]]
        after = page["next"]
        assert page["total"] == 7
    assert seen == [f"c{number}" for number in range(7)]


def test_filters_narrow_what_is_told(desk: DeskUnderTest) -> None:
    add_call(desk, "old", started_at=desk.clock() - timedelta(days=2))
    add_call(desk, "new")
    page = get(desk, "/api/calls?since=2026-11-22T00:00:00%2B08:00")
    assert [call["id"] for call in page["calls"]] == ["new"]
    page = get(desk, "/api/calls?until=2026-11-22T00:00:00")
    assert [call["id"] for call in page["calls"]] == ["old"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "since=never", "ended_by=magic", "after=zzz"]
)
def test_a_query_that_makes_no_sense_names_what_is_wrong(desk: DeskUnderTest, query: str) -> None:
    answer = desk.app.test_client().get(f"/api/calls?{query}", headers=HEADER)
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    [fault] = answer.json["errors"]
    assert fault["place"] == f"query.{query.partition('=')[0]}"
    assert fault["detail"]


def test_complaints_are_told_with_state_and_recording(desk: DeskUnderTest) -> None:
    recording = add_recording(desk, add_call(desk))
    ticket = add_complaint(desk, call_id="call-1", recording_id=recording)
    [complaint] = get(desk, "/api/complaints?state=received")["complaints"]
    assert (complaint["ticket"], complaint["state"]) == (ticket, "received")
    assert complaint["recording"]["id"] == recording
    assert get(desk, "/api/complaints?state=closed")["complaints"] == []


@pytest.mark.parametrize("what", ["calls", "complaints"])
def test_the_same_as_csv(desk: DeskUnderTest, what: str) -> None:
    add_complaint(desk, call_id=add_call(desk))
    answer = desk.app.test_client().get(f"/api/{what}.csv", headers=HEADER)
    assert answer.mimetype == "text/csv"
    assert len(list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))) == 2
