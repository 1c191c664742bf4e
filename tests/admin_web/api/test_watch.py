"""Alarms, where callers are, and a call's signalling, for programs that watch the line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from ivr.records.tables import AuditEntry, Role
from ivr.services import statistics_counting
from ivr.services.alarms import Finding
from ivr.services.errors import Message
from ivr.traces import TraceWriter
from tests.admin_web.api.conftest import program
from tests.admin_web.builders import DeskUnderTest, add_call

CALL_ID = "a84b4c76e66710@pc33"
INVITE = (
    f"INVITE sip:96110@10.0.0.1 SIP/2.0\r\nCall-ID: {CALL_ID}\r\nCSeq: 1 INVITE\r\n\r\n".encode()
)
LOST = [("main", "menu", "menu", "", "no_input"), ("main", "menu", "menu", "", "hang_up")]


def test_alarms_are_told_with_what_to_do_in_the_language_asked_for(town: DeskUnderTest) -> None:
    asking = program(town)
    assert asking.get("/api/alarms") == {"alarms": []}
    finding = Finding("line", True, Message("The line gives no sign of life."))
    town.app.extensions["minsheng_desk"].settings.alarms.tell([finding], town.clock())
    (told,) = asking.get("/api/alarms", headers={"Accept-Language": "en"})["alarms"]
    assert (told["name"], told["grave"]) == ("line", True)
    assert told["what"] == "The line gives no sign of life."
    assert told["advice"] == "Tell your operator."
    (chinese,) = asking.get("/api/alarms")["alarms"]
    assert chinese["advice"] != told["advice"]


def test_callers_of_yesterday_are_told_by_the_node_where_they_left(town: DeskUnderTest) -> None:
    for number in range(2):
        begun = town.clock() - timedelta(days=1, minutes=number)
        add_call(town, f"lost{number}", started_at=begun, steps=LOST)
    with town.database.begin() as session:
        statistics_counting.count_ended(session, zone=ZoneInfo("Asia/Shanghai"))
    asking = program(town)
    found = {one["node"]: one for one in asking.get("/api/flows/main/numbers")["nodes"]}
    assert (found["menu"]["left"], found["menu"]["passed"]) == (2, 4)
    assert asking.ask("GET", "/api/flows/none/numbers").status_code == 404


def test_a_calls_signalling_is_for_administrators_who_see_numbers(town: DeskUnderTest) -> None:
    add_call(town, "one", sip_call_id=CALL_ID, started_at=datetime.now(UTC))
    add_call(town, "other")
    writer = TraceWriter(town.state_dir / "traces", 1 << 20)
    writer.start()
    writer.note(True, "udp", ("10.0.0.1", 5060), ("10.0.0.2", 5060), INVITE)
    writer.stop()
    at = "/api/calls/one/trace.pcap"
    answer = program(town).ask("GET", at)
    assert answer.content_type == "application/vnd.tcpdump.pcap"
    assert INVITE in answer.data
    assert program(town, "lost").ask("GET", "/api/calls/other/trace.pcap").status_code == 404
    assert program(town, "masked", whole_numbers=False).ask("GET", at).status_code == 403
    assert program(town, "sees", role=Role.SUPERVISOR).ask("GET", at).status_code == 403
    assert program(town, "other", scopes=("line:read",)).ask("GET", at).status_code == 403
    with town.database.read() as session:
        noted = select(func.count()).where(AuditEntry.what == "sip_trace_fetched")
        assert session.scalar(noted) == 1
