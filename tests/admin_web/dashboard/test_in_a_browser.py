"""Figures, live calls, notes and complaints as a supervisor sees them in a browser."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ivr.services import calls, live_calls, statistics_counting
from tests.admin_web.browsing import CHROMIUM, sign_in
from tests.admin_web.builders import DeskUnderTest, add_call, add_complaint

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="apt-get install chromium to run these"),
]


def fill(desk: DeskUnderTest) -> str:
    """Some days of calls and a complaint; its ticket."""
    for n in range(12):
        add_call(desk, f"call{n}", started_at=desk.clock() - timedelta(hours=5 * n + 1))
    with desk.database.begin() as session:
        statistics_counting.count_ended(session, zone=ZoneInfo("Asia/Shanghai"))
    return add_complaint(desk)


def test_a_bar_and_an_hour_lead_to_their_calls(desk: DeskUnderTest, page: Any) -> None:
    fill(desk)
    sign_in(page, "supervisor", "/figures/?period=week")
    bar = page.locator(".plot a").nth(6)
    row = page.locator("details table.figures tbody tr").nth(6)
    expected = int(row.locator("a").text_content())
    bar.click()
    page.wait_for_url("**/calls/**")
    assert page.locator("table.list tbody tr").count() == expected
    page.go_back()
    hour = page.locator("table.heat td a").first
    expected = int(hour.inner_text())
    hour.click()
    page.wait_for_url("**/calls/**")
    assert page.locator("table.list tbody tr").count() == expected


def test_printing_leaves_the_figures_and_takes_the_controls_away(
    desk: DeskUnderTest, page: Any
) -> None:
    fill(desk)
    sign_in(page, "supervisor", "/figures/")
    assert page.locator("[data-print]").is_visible()
    page.emulate_media(media="print")
    assert not page.locator("form.search").is_visible()
    assert not page.locator("nav.menu").is_visible()
    assert page.locator(".figure-tiles .tile").first.is_visible()
    assert page.locator("table.heat").is_visible()
    assert len(page.pdf()) > 10_000


def test_a_call_appears_and_moves_on_without_loading_the_page_again(
    desk: DeskUnderTest, page: Any
) -> None:
    sign_in(page, "supervisor", "/calls/live")
    assert page.locator("[data-live] .empty").is_visible()
    page.evaluate("document.title = 'the same page'")
    begun = desk.clock() - timedelta(seconds=30)

    def stand(flow: str, node: str) -> None:
        with desk.database.begin() as session:
            live_calls.note(session, {"now": (flow, node, begun)}, desk.clock())

    with desk.database.begin() as session:
        calls.open_call(session, calls.NewCall("now", "13912345678", "12345", begun))
        calls.record_answer(session, "now", begun, language="zh-CN")
    stand("main", "menu")
    page.wait_for_selector("text=main.menu", timeout=10_000)
    assert "1 通进行中" in page.inner_text("[data-live-said]")
    stand("bills", "ask_account")
    page.wait_for_selector("text=bills.ask_account", timeout=10_000)
    assert page.title() == "the same page"


def test_a_desk_that_is_away_is_told_of_and_found_again(desk: DeskUnderTest, page: Any) -> None:
    sign_in(page, "supervisor", "/calls/live")
    page.route("**/calls/live/now", lambda route: route.abort())
    page.wait_for_selector("[data-live-stale]:not([hidden])", timeout=10_000)
    page.unroute("**/calls/live/now")
    page.wait_for_selector("[data-live-stale]", state="hidden", timeout=10_000)


def test_a_supervisor_merges_a_duplicate(desk: DeskUnderTest, page: Any) -> None:
    first, second = fill(desk), add_complaint(desk, caller="13900002222")
    sign_in(page, "supervisor", f"/complaints/{second}")
    page.locator("summary", has_text="合并").click()
    page.fill("#merge-into", first)
    page.click("form[action$='/merge'] button")
    page.wait_for_url(f"**/complaints/{first}")
    assert second in page.inner_text("main")


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_scrolls_sideways(
    desk: DeskUnderTest, page: Any, width: int, language: str
) -> None:
    ticket = fill(desk)
    page.set_viewport_size({"width": width, "height": 800})
    sign_in(page, "supervisor")
    page.context.add_cookies([{"name": "desk_language", "value": language, "url": page.url}])
    for path in (
        "/figures/",
        "/figures/?period=month",
        "/figures/summary",
        "/calls/?outcome=abandoned&weekday=1",
        "/calls/live",
        "/calls/call3",
        f"/complaints/{ticket}",
        f"/complaints/{ticket}/print",
        "/complaints/?first_day=2026-11-01",
    ):
        page.goto(path)
        for summary in page.locator("main summary").all():
            if summary.is_visible():
                summary.click()
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{path} is {wide} wide"
