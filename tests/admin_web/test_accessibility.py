"""Every page by the rules of WCAG 2.2 AA, as far as axe-core can tell, in both languages.

The pages are found by following links as an administrator does, one page for each route, so that
a new page is looked at without being named here.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from werkzeug.exceptions import HTTPException

from tests.admin_web.browsing import NEEDS_CHROMIUM, sign_in, watched
from tests.admin_web.builders import DeskUnderTest, add_call, add_complaint, add_recording

axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright",
    reason="pip install -r requirements-dev.txt brings axe-core",
)
pytestmark = [pytest.mark.browser, NEEDS_CHROMIUM, pytest.mark.timeout(900)]

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}
# Chinese by day on a desk, English by night on a telephone.
LOOKS = {
    "zh": ("zh_CN", "light", {"width": 1280, "height": 900}),
    "en": ("en", "dark", {"width": 390, "height": 844}),
}
LEAVE = {"sign_in.sign_out", "languages.switch", "static"}


def routes_of(desk: DeskUnderTest, page: Any) -> dict[str, str]:
    """The links of a page to other pages of the desk, by route."""
    adapter = desk.app.url_map.bind("localhost")
    found: dict[str, str] = {}
    whole = "links => links.map(a => new URL(a.getAttribute('href'), document.baseURI).href)"
    for link in page.eval_on_selector_all("a[href]", whole):
        parts = urlsplit(link)
        if parts.hostname != "127.0.0.1":
            continue
        try:
            endpoint, _values = adapter.match(parts.path, "GET")
        except HTTPException:
            continue
        found.setdefault(endpoint, parts.path + (f"?{parts.query}" if parts.query else ""))
    return found


def faults_of(page: Any) -> list[str]:
    """What axe finds, and sideways scrolling."""
    results = axe.Axe().run(page, options=RULES).response
    found = [
        f"{violation['id']}, {len(violation['nodes'])} times: "
        f"{violation['nodes'][0]['html'][:160]} ({violation['nodes'][0]['failureSummary'][:200]})"
        for violation in results["violations"]
    ]
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    if wide > 0:
        found.append(f"{wide} pixels wider than the window")
    return found


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_can_be_used_by_everybody(
    desk: DeskUnderTest, browser: Any, address: str, look: str
) -> None:
    add_recording(desk, add_call(desk))
    add_complaint(desk, call_id="call-1", recording_id="rec-1")
    desk.beat(listening=True, calls=1)
    desk.as_("editor").post(  # its banner is on every page
        "/announcements/", {"words_en": "Flood.", "until": "30", "manner": "go_on"}
    )
    language, scheme, viewport = LOOKS[look]
    context = browser.new_context(base_url=address, viewport=viewport, color_scheme=scheme)
    context.add_cookies([{"name": "desk_language", "value": language, "url": address}])
    page = context.new_page()
    page.goto("/sign-in")
    faults = {"/sign-in": found} if (found := faults_of(page)) else {}
    sign_in(page, "administrator")
    scripts = watched(page)
    waiting = {"home.home": "/"}
    seen: set[str] = set()
    while waiting:
        endpoint, path = waiting.popitem()
        seen.add(endpoint)
        head = context.request.head(path)
        if "text/html" not in head.headers.get("content-type", ""):
            continue
        page.goto(path, wait_until="load")
        if found := faults_of(page):
            faults[path] = found
        for other, where in routes_of(desk, page).items():
            if other not in seen | LEAVE:
                waiting.setdefault(other, where)
    context.close()
    told = "\n".join(f"{path}\n  " + "\n  ".join(found) for path, found in faults.items())
    assert not faults, told
    assert scripts == []
    assert len(seen) > 25
