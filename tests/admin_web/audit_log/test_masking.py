"""An auditor reads who did what, and no citizen's number."""

from __future__ import annotations

from tests.admin_web.builders import DeskUnderTest


def test_numbers_in_entries_are_masked_for_who_sees_numbers_masked(desk: DeskUnderTest) -> None:
    boss = desk.as_("administrator")
    boss.post("/bills/880456/unlock")
    boss.get("/calls/calls.csv?caller=13800138000")
    whole = boss.get("/audit/").text
    assert "account 880456" in whole
    assert "13800138000" in whole
    masked = desk.as_("auditor").get("/audit/").text
    assert "880456" not in masked
    assert "account 88**56" in masked
    assert "13800138000" not in masked
    assert "138****8000" in masked
