"""A supervisor's morning with yesterday's calls, in a real browser, from the search to the file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from tests.admin_web.browsing import NEEDS_CHROMIUM, sign_in
from tests.admin_web.builders import DeskUnderTest, add_call, add_recording, make_desk
from tests.admin_web.calls.test_supervising import ring, stand
from tests.admin_web.calls.test_way import walked
from tests.admin_web.test_accessibility import LOOKS, faults_of

pytestmark = [pytest.mark.browser, NEEDS_CHROMIUM, pytest.mark.timeout(300)]
LIMIT_MS = 60_000


def test_a_call_is_found_followed_heard_annotated_kept_and_taken_away(
    desk: DeskUnderTest, page: Any
) -> None:
    add_recording(desk, add_call(desk, steps=walked(), caller="13912345678"))
    add_call(desk, "other", caller="13700000000")
    page.set_default_timeout(LIMIT_MS)
    page.context.add_cookies(
        [{"name": "desk_language", "value": "en", "domain": "127.0.0.1", "path": "/"}]
    )
    sign_in(page, "supervisor", "/calls/")
    page.fill("[name=caller]", "5678")
    page.click("form.search .go button")
    page.locator("tbody a").first.click()
    # Its way on the picture: where it ended, and from the beginning.
    page.wait_for_selector("[data-way][data-ready]")
    page.locator(".way .node.here .end").wait_for()
    page.locator("[data-at]").fill("1")
    page.locator(".way .node.here[data-node=greeting]").wait_for()
    # Its recording, to the end.
    page.locator(".player").scroll_into_view_if_needed()
    page.wait_for_selector(".player.drawn")
    page.evaluate(
        "() => { const audio = document.querySelector('.player audio');"
        " window.ends = new Promise((done) => audio.addEventListener('ended', done)); }"
    )
    page.click(".player .play")
    page.evaluate("() => window.ends")
    page.fill("textarea[name=text]", "Could not find the query code; called back.")
    page.click("form[action$='/notes'] button")
    page.locator(".call-note", has_text="Could not find the query code").wait_for()
    # The search is kept, found again, and its calls are taken away as a file.
    page.goto("/calls/?noted=1")
    page.click("details.aside summary")
    page.fill("#search-name", "With a note")
    page.click("form.keep button")
    page.goto("/calls/")
    page.click(".saved a")
    assert page.locator("tbody tr").count() == 1
    with page.expect_download() as coming:
        page.click("a[href*='calls.csv']")
    with Path(coming.value.path()).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["caller"].strip("'") for row in rows] == ["13912345678"]
    assert "4321" not in rows[0]["path"]
    assert "ask_code=****" in rows[0]["path"]


@pytest.fixture
def desk(tmp_path: Path) -> DeskUnderTest:
    return make_desk(tmp_path, listening_in="tone")


@pytest.mark.parametrize("look", LOOKS)
def test_the_drawn_way_the_player_and_listening_can_be_used_by_everybody(
    desk: DeskUnderTest, browser: Any, address: str, look: str
) -> None:
    add_recording(desk, add_call(desk, steps=walked()))
    ring(desk, "running")
    stand(desk, running=("main", "menu"))
    language, scheme, viewport = LOOKS[look]
    context = browser.new_context(base_url=address, viewport=viewport, color_scheme=scheme)
    context.set_default_timeout(LIMIT_MS)
    context.add_cookies([{"name": "desk_language", "value": language, "url": address}])
    page = context.new_page()
    sign_in(page, "supervisor", "/calls/call-1")
    page.wait_for_selector("[data-way][data-ready]")
    page.locator(".player").scroll_into_view_if_needed()
    page.wait_for_selector(".player.drawn")
    found = {"call": faults_of(page)}
    page.goto("/calls/running/listen")
    found["listen"] = faults_of(page)
    page.goto("/calls/live")
    found["live"] = faults_of(page)
    context.close()
    assert found == {"call": [], "listen": [], "live": []}
