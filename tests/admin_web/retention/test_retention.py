"""The page that says what goes tonight, what went, and for how long what is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from admin_web.settings import KEPT
from ivr.services import retention
from tests.admin_web.builders import DeskUnderTest, add_call, add_recording, make_desk


def test_what_goes_tonight_is_told(desk: DeskUnderTest) -> None:
    for number in range(3):
        add_call(desk, f"old-{number}", started_at=desk.clock() - timedelta(days=800))
    # Due by tonight, though not yet now.
    add_call(desk, "nearly", started_at=desk.clock() - timedelta(days=730) + timedelta(hours=3))
    page = desk.as_("auditor").english().get("/retention/").text
    assert "23 Nov 2026, 03:30</time> this will be removed" in " ".join(page.split())
    assert "Call records 4" in " ".join(page.split())
    assert "730 days" in page
    assert "It has not run yet" in page


def test_nothing_to_remove_and_what_went_the_last_time(desk: DeskUnderTest, tmp_path: Path) -> None:
    add_recording(desk, add_call(desk))
    visitor = desk.as_("administrator").english()
    assert "nothing will be removed" in visitor.get("/retention/").text
    add_call(desk, "old", started_at=desk.clock() - timedelta(days=800))
    retention.purge(desk.database, KEPT, desk.clock(), state_dir=tmp_path)
    page = " ".join(visitor.get("/retention/").text.split())
    assert "Call records 1. <a" in page
    assert "Call records" in visitor.get("/audit/?what=purged").text
    assert "清理" in desk.as_("auditor").get("/retention/").text


def test_kept_for_ever_and_never_purged_are_said(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, periods=replace(KEPT, calls=0), purge_at=None)
    add_call(desk, "old", started_at=desk.clock() - timedelta(days=8000))
    page = desk.as_("administrator").english().get("/retention/").text
    assert "for ever" in page
    assert "Nothing is removed by itself" in page
