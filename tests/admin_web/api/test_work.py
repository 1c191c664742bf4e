"""What clerks do on pages, done by a program."""

from __future__ import annotations

import io
import wave
from datetime import timedelta

import numpy as np
import pytest

from admin_web.api.scopes import SCOPES
from ivr.records.tables import Role
from ivr.services import call_backs, complaints
from tests.admin_web.api.conftest import Program, program
from tests.admin_web.builders import DEPARTMENT, DeskUnderTest, add_call, add_complaint, make_desk

CSV = {"headers": {"Content-Type": "text/csv"}}


@pytest.fixture
def asking(town: DeskUnderTest) -> Program:
    return program(town)


def made(answer, status: int = 200):
    assert answer.status_code == status, answer.text
    return answer.json


def test_a_complaint_goes_from_hand_to_hand(town: DeskUnderTest, asking: Program) -> None:
    ticket = add_complaint(town)
    at = f"/api/complaints/{ticket}"
    given = made(asking.post(f"{at}/department", {"department": DEPARTMENT, "note": "yours"}))
    assert (given["department"], given["state"]) == (DEPARTMENT, "assigned")
    taken = made(asking.ask("POST", f"{at}/take"))
    assert "a program" in taken["assignee"]
    other = program(town, "another")
    assert other.ask("POST", f"{at}/take").status_code == 409
    assert made(asking.ask("POST", f"{at}/let-go"))["assignee"] is None
    assert asking.post(f"{at}/return", {"reason": " "}).status_code == 422
    returned = made(asking.post(f"{at}/return", {"reason": "water, not waste"}))
    assert (returned["department"], returned["state"]) == (None, "received")
    asking.post(f"{at}/department", {"department": DEPARTMENT})
    reply = {"seen_state": "assigned", "reply": "已修好。", "reply_en": "Repaired."}
    answered = made(asking.post(f"{at}/reply", reply))
    assert (answered["state"], answered["reply_en"]) == ("replied", "Repaired.")
    assert asking.post(f"{at}/reply", reply).status_code == 409  # somebody was faster


def test_the_list_of_work_is_read_to_its_end_and_kept_to_a_department(town: DeskUnderTest) -> None:
    tickets = [add_complaint(town) for _ in range(4)]
    asking = program(town)
    seen: list[str] = []
    where = "/api/complaint-work?shelf=open&limit=3"
    while where:
        answer = asking.ask("GET", where)
        seen += [one["ticket"] for one in made(answer)["complaints"]]
        where = answer.headers.get("Link", "").partition(">")[0].lstrip("<")
    assert set(tickets) <= set(seen)
    assert len(seen) == len(set(seen))
    clerk = program(town, "a clerk", role=Role.CLERK, department=DEPARTMENT)
    mine = clerk.get("/api/complaint-work?department=other&shelf=open")["complaints"]
    assert {one["department"] for one in mine} <= {DEPARTMENT}
    assert asking.ask("GET", "/api/complaint-work?after=~x~y").status_code == 400


def test_a_duplicate_is_merged_and_separated(town: DeskUnderTest, asking: Program) -> None:
    kept, double = add_complaint(town), add_complaint(town)
    merged = made(asking.post(f"/api/complaints/{double}/merge", {"into": kept, "why": "same"}))
    assert merged["duplicates"] == [double]
    assert asking.get(f"/api/complaints/{double}")["merged_into"] == kept
    assert asking.post(f"/api/complaints/{kept}/merge", {"into": kept}).status_code == 409
    missing = {"into": "209901010001"}
    assert asking.post(f"/api/complaints/{kept}/merge", missing).status_code == 404
    assert made(asking.ask("POST", f"/api/complaints/{double}/separate"))["merged_into"] is None


def test_only_who_sees_confidential_complaints_makes_one_confidential(town: DeskUnderTest) -> None:
    ticket = add_complaint(town)
    without = tuple(scope for scope in SCOPES if scope != "complaints:confidential")
    at, sent = (
        f"/api/complaints/{ticket}/confidential",
        {"confidential": True, "why": "a colleague"},
    )
    blind = program(town, "blind", scopes=without)
    assert blind.ask("PUT", at, json=sent).status_code == 403
    clerk = program(town, "clerk", role=Role.CLERK, department=DEPARTMENT)
    assert clerk.ask("PUT", at, json=sent).status_code == 403
    assert made(program(town, "boss").ask("PUT", at, json=sent))["confidential"]
    assert blind.ask("GET", f"/api/complaints/{ticket}").status_code == 404
    with town.database.read() as session:
        assert "a colleague" in complaints.get(session, ticket).events[-1].note


def test_templates_are_kept_changed_and_thrown_away(asking: Program) -> None:
    words = {
        "kind": "water",
        "name_zh": "检修",
        "text_zh": "{区域}停水。",
        "text_en": "{area}: no water.",
    }
    one = made(asking.post("/api/outage-templates", words), 201)
    at = f"/api/outage-templates/{one['id']}"
    assert made(asking.ask("PUT", at, json={**words, "name_zh": "抢修"}))["name_zh"] == "抢修"
    wrong = {**words, "text_zh": "{nobody}停水"}
    assert asking.ask("PUT", at, json=wrong).status_code == 409
    assert one["id"] in {row["id"] for row in asking.get("/api/outage-templates")["items"]}
    assert asking.ask("DELETE", at).status_code == 204
    assert asking.ask("DELETE", at).status_code == 404


LIST = "类别,区域,开始时间,内容\r\n停水,全市,2026-12-05 08:00,检修停水。\r\n"


def test_a_list_of_notices_is_taken_in_whole_and_taken_back(asking: Program) -> None:
    wrong = f"{LIST}停风,全市,2026-12-05 08:00,无。\r\n"
    refused = made(asking.ask("POST", "/api/outage-uploads", data=wrong.encode(), **CSV))
    assert refused["upload"] is None
    assert refused["problems"][0]["line"] == 3
    some = asking.ask("POST", "/api/outage-uploads?good=true", data=wrong.encode(), **CSV)
    assert made(some)["upload"]["notices"] == 1
    drafts = "/api/outage-uploads?drafts=true"
    taken = made(asking.ask("POST", drafts, data=LIST.encode(), **CSV))["upload"]
    assert asking.get("/api/outage-uploads")["items"][0]["id"] == taken["id"]
    undone = made(asking.ask("POST", f"/api/outage-uploads/{taken['id']}/undo"))
    assert undone["undone"] is not None
    again = asking.ask("POST", f"/api/outage-uploads/{taken['id']}/undo")
    assert again.status_code == 409
    empty = asking.ask("POST", "/api/outage-uploads", data=b"a,b\r\n", **CSV)
    assert empty.status_code == 409


def test_only_a_draft_of_a_notice_is_thrown_away(asking: Program) -> None:
    new = {"kind": "water", "starts": "2026-12-05T08:00:00+08:00", "text_zh": "停水。"}
    draft = made(asking.post("/api/outages", {**new, "draft": True}), 201)
    told = made(asking.post("/api/outages", new), 201)
    assert asking.ask("DELETE", f"/api/outages/{draft['id']}").status_code == 204
    assert asking.ask("DELETE", f"/api/outages/{told['id']}").status_code == 409


def test_a_search_is_kept_shared_and_forgotten(town: DeskUnderTest, asking: Program) -> None:
    sent = {"name": "lost", "query": {"ended_by": "error"}, "shared": True}
    kept = made(asking.post("/api/calls/searches", sent), 201)
    other = program(town, "another")
    assert [one["name"] for one in other.get("/api/calls/searches")["items"]] == ["lost"]
    assert "lost" in town.as_("supervisor").get("/calls/").text
    for query in ({"ended_by": "magic"}, {"nonsense": "1"}, {}):
        wrong = asking.post("/api/calls/searches", {"name": "wrong", "query": query})
        assert wrong.status_code == 409, query
    assert asking.ask("DELETE", f"/api/calls/searches/{kept['id']}").status_code == 204
    assert other.get("/api/calls/searches")["items"] == []


def test_a_call_back_is_taken_tried_and_done(tmp_path) -> None:
    desk = make_desk(tmp_path, sample=False)
    call = add_call(desk)
    with desk.database.begin() as session:
        now = desk.clock()
        call_backs.create(session, call_id=call, number="13800138000", reason="nobody", now=now)
    asking = program(desk)
    (task,) = asking.get("/api/call-backs")["call_backs"]
    at = f"/api/call-backs/{task['id']}"
    assert "a program" in made(asking.ask("POST", f"{at}/take"))["assignee"]
    assert made(asking.ask("POST", f"{at}/let-go"))["assignee"] is None
    again = (desk.clock() + timedelta(hours=2)).isoformat()
    tried = made(asking.post(f"{at}/tried", {"result": "no_answer", "again": again}))
    assert (tried["state"], len(tried["tries"])) == ("open", 1)
    assert tried["promised"] is not None
    assert made(asking.post(f"{at}/tried", {"result": "reached"}))["state"] == "done"


def test_an_announcement_is_put_out_and_ended(town: DeskUnderTest, asking: Program) -> None:
    ends = (town.clock() + timedelta(hours=1)).isoformat()
    sent = {"words_zh": "河水上涨。", "words_en": "The river is rising.", "ends": ends}
    out = made(asking.post("/api/announcements", sent), 201)
    assert [one["id"] for one in asking.get("/api/announcements")["in_force"]] == [out["id"]]
    assert made(asking.ask("POST", f"/api/announcements/{out['id']}/end"))["ended"] is not None
    assert asking.ask("POST", f"/api/announcements/{out['id']}/end").status_code == 409
    for wrong in ({"flow": "none"}, {"prompt": "none"}, {"words_zh": "", "words_en": ""}):
        assert asking.post("/api/announcements", {**sent, **wrong}).status_code == 409, wrong


def test_files_of_bills_are_listed(asking: Program) -> None:
    text = "账号,类别,账期,金额,截止日期,状态\r\n990001,电费,2026-11,45.60,2026-12-20,未缴\r\n"
    made(asking.ask("POST", "/api/bills/import", data=text.encode(), **CSV))
    (row,) = asking.get("/api/bills/imports")["items"]
    assert (row["state"], row["good"], row["new"]) == ("stored", 1, 1)
    assert made(asking.ask("POST", f"/api/bills/imports/{row['id']}/undo"))["state"] == "undoing"
    assert asking.ask("GET", "/api/bills/imports/999").status_code == 404


def spoken(seconds: float = 1.5) -> bytes:
    t = np.arange(int(16_000 * seconds)) / 16_000
    sound = np.sin(2 * np.pi * 220 * t) * np.sin(4 * np.pi * t) ** 2 * 12_000
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(sound.astype("<i2").tobytes())
    return held.getvalue()


def test_a_recording_of_a_prompt_is_given_and_taken_out_of_use(asking: Program) -> None:
    wav = {"headers": {"Content-Type": "audio/wav"}}
    at = "/api/prompts/person_connecting/recordings/zh-CN"
    take = made(asking.ask("POST", f"{at}?speaker=Wang", data=spoken(), **wav), 201)
    assert (take["speaker"], take["withdrawn"]) == ("Wang", None)
    assert [one["id"] for one in asking.get(at)["items"]] == [take["id"]]
    assert asking.ask("POST", at, data=b"no sound", **wav).status_code == 409
    assert asking.ask("POST", f"{at}?variant=none", data=spoken(), **wav).status_code == 409
    assert asking.ask("DELETE", at).status_code == 204
    assert asking.ask("DELETE", at).status_code == 404
    assert asking.get(at)["items"][0]["withdrawn"] is not None
    for wrong in ("none", "ticket_number"):
        there = f"/api/prompts/{wrong}/recordings/zh-CN"
        assert asking.ask("POST", there, data=spoken(), **wav).status_code in (404, 409)
