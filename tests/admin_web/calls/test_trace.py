"""What signalling said in a call is for administrators, and fetching it is noted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from ivr.records.tables import AuditEntry
from ivr.traces import TraceWriter
from tests.admin_web.builders import ROLES, DeskUnderTest, add_call

CALL_ID = "a84b4c76e66710@pc33"
INVITE = (
    f"INVITE sip:96110@10.0.0.1 SIP/2.0\r\nCall-ID: {CALL_ID}\r\nCSeq: 1 INVITE\r\n\r\n".encode()
)
PAGE, FILE = "/calls/one", "/calls/one/trace.pcap"


@pytest.fixture
def call(desk: DeskUnderTest) -> str:
    """A call of now, as the trace's own clock is the machine's."""
    return add_call(desk, "one", sip_call_id=CALL_ID, started_at=datetime.now(UTC))


def trace(desk: DeskUnderTest) -> None:
    writer = TraceWriter(desk.state_dir / "traces", 1 << 20)
    writer.start()
    writer.note(True, "udp", ("10.0.0.1", 5060), ("10.0.0.2", 5060), INVITE)
    writer.stop()


def fetched(desk: DeskUnderTest) -> int:
    with desk.database.read() as session:
        wanted = select(func.count()).where(AuditEntry.what == "sip_trace_fetched")
        return session.scalar(wanted) or 0


def test_an_administrator_gets_a_pcap_of_the_call_and_it_is_noted(
    desk: DeskUnderTest, call: str
) -> None:
    trace(desk)
    visitor = desk.as_("administrator").english()
    assert FILE in visitor.get(PAGE).text
    assert not fetched(desk)
    answer = visitor.get(FILE)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/vnd.tcpdump.pcap"
    assert "call-one.pcap" in answer.headers["Content-Disposition"]
    assert INVITE in answer.data
    assert fetched(desk) == 1


def test_nobody_else_sees_it(desk: DeskUnderTest, call: str) -> None:
    trace(desk)
    for role in ROLES:
        if role != "administrator":
            visitor = desk.as_(role)
            assert FILE not in visitor.get(PAGE).text
            assert visitor.get(FILE).status_code == 403
    assert not fetched(desk)


def test_the_page_says_where_nothing_is_left(desk: DeskUnderTest, call: str) -> None:
    visitor = desk.as_("administrator").english()
    page = visitor.get(PAGE).text
    assert FILE not in page
    assert "Nothing is left of this call" in page
    answer = visitor.get(FILE, follow_redirects=True)
    assert "Nothing is left of this call" in answer.text
    assert visitor.get("/calls/none/trace.pcap").status_code == 404
