"""The page of bans: what staff see, lift and except, and who may."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ivr.services import audit, heartbeats, protection
from ivr.services.audit import AuditFilter
from ivr.services.protection import BanSeen
from tests.admin_web.builders import Clock, DeskUnderTest

NOW = Clock().at


def banned(desk: DeskUnderTest, *sources: str, reason: str = "registration") -> None:
    bans = [
        BanSeen(
            source,
            reason,
            NOW - timedelta(minutes=1),
            NOW + timedelta(minutes=4),
            strikes=2,
            proven=False,
            refused=1234,
        )
        for source in sources
    ]
    with desk.database.begin() as session:
        protection.note_bans(session, bans, NOW)


def test_an_empty_list_says_so(desk: DeskUnderTest) -> None:
    page = desk.as_("administrator").english().get("/protection/")
    assert "Nobody is banned." in page.text
    assert "No address is on this list." in page.text
    assert "The line has not told anything yet." in page.text


def test_a_ban_is_shown_with_why_and_until_when(desk: DeskUnderTest) -> None:
    banned(desk, "203.0.113.7", "2001:db8::/64")
    page = desk.as_("auditor").english().get("/protection/").text
    assert "203.0.113.7" in page
    assert "2001:db8::/64" in page
    assert "Tried to register" in page
    assert "1,234" in page
    assert "short bans only" in page


def test_what_the_line_counted_is_shown(desk: DeskUnderTest) -> None:
    with desk.database.begin() as session:
        heartbeats.beat(session, "responder", {"gate": {"banned": 98765}}, NOW)
    assert "98,765" in desk.as_("administrator").english().get("/protection/").text


def test_a_lifted_ban_is_over_and_the_line_is_told(desk: DeskUnderTest) -> None:
    banned(desk, "203.0.113.7")
    client = desk.as_("administrator").english()
    page = client.post("/protection/lift", {"source": "203.0.113.7"}, follow_redirects=True)
    assert "is lifted" in page.text
    assert "Lifted by" in page.text
    with desk.database.read() as session:
        assert protection.wishes(session, NOW).lifted == ("203.0.113.7",)
        assert protection.running(session, NOW) == []
        assert audit.search(session, AuditFilter(what="ban_lifted")).entries
    again = client.post("/protection/lift", {"source": "203.0.113.7"}, follow_redirects=True)
    assert "was over already" in again.text


def test_a_ban_after_a_lifted_one_holds(desk: DeskUnderTest) -> None:
    banned(desk, "203.0.113.7")
    with desk.database.begin() as session:
        protection.lift(session, "203.0.113.7", who="a", now=NOW)
        later = BanSeen(
            "203.0.113.7",
            "flood",
            NOW + timedelta(seconds=5),
            NOW + timedelta(minutes=9),
            strikes=1,
            proven=True,
            refused=0,
        )
        protection.note_bans(session, [later], NOW + timedelta(seconds=5))
        assert protection.wishes(session, NOW + timedelta(seconds=6)).lifted == ()


@pytest.mark.parametrize("written", ["203.0.113.9", "203.0.113.9/24", "2001:db8::1/48"])
def test_a_network_is_excepted(desk: DeskUnderTest, written: str) -> None:
    client = desk.as_("administrator").english()
    page = client.post(
        "/protection/networks", {"network": written, "note": "branch"}, follow_redirects=True
    )
    assert "will not be" in page.text
    with desk.database.read() as session:
        (network,) = protection.wishes(session, NOW).exempt
    assert client.post(
        "/protection/networks/remove", {"network": str(network)}, follow_redirects=True
    )
    with desk.database.read() as session:
        assert protection.wishes(session, NOW).exempt == ()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("somewhere", "is no address or network"),
        ("0.0.0.0/0", "too wide"),
        ("::/0", "too wide"),
        ("", ""),
        ("<script>", "is no address or network"),
    ],
)
def test_what_is_no_network_is_refused_beside_its_field(
    desk: DeskUnderTest, written: str, said: str
) -> None:
    client = desk.as_("administrator").english()
    answer = client.post("/protection/networks", {"network": written})
    assert answer.status_code == 422
    assert said in answer.text
    assert "<script>" not in answer.text


def test_only_administrators_change_anything(desk: DeskUnderTest) -> None:
    banned(desk, "203.0.113.7")
    auditor: Any = desk.as_("auditor").english()
    assert "Lift" not in auditor.get("/protection/").text.replace("Lifted", "")
    for path in ("lift", "networks", "networks/remove"):
        assert auditor.post(f"/protection/{path}", {}).status_code == 403
    for role in ("clerk", "editor", "supervisor"):
        assert desk.as_(role).english().get("/protection/").status_code == 403


def test_bans_long_over_are_forgotten(desk: DeskUnderTest) -> None:
    banned(desk, "203.0.113.7")
    with desk.database.begin() as session:
        protection.note_bans(session, [], NOW + protection.KEPT + timedelta(hours=1))
        assert protection.past(session, NOW + protection.KEPT + timedelta(hours=1)) == []
