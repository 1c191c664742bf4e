"""A clerk's first change, on a line that runs: greeting, a key with a new notice, and a call."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.admin_web.browsing import CHROMIUM, NEEDS_CHROMIUM, QUIET, watched
from tests.line.harness import RTP_BLOCK, RunningLine, running
from tests.line.jobs import Town
from tests.line.phone import Phone, wait_until

playwright_api = pytest.importorskip(
    "playwright.sync_api", reason="pip install -r requirements-dev.txt brings playwright"
)
pytestmark = [
    pytest.mark.line,
    pytest.mark.browser,
    NEEDS_CHROMIUM,
    pytest.mark.xdist_group("line"),
    pytest.mark.timeout(300),
]

GREETING = "您好，西山区民声热线。"
TELLS = {"zh-CN": "公园开放，请按六。", "en": " For the park, press six."}
NOTICE = {"zh-CN": "西山公园周末免费开放。", "en": "West Hill Park is free at weekends."}


@pytest.fixture(scope="module")
def line(
    tmp_path_factory: pytest.TempPathFactory, rendered: Path, rtp_low: int
) -> Iterator[RunningLine]:
    """A line of its own: what is published here is heard by every caller after."""
    folder = tmp_path_factory.mktemp("published") / "var"
    with running(RunningLine(folder, rendered, rtp_low + 9 * RTP_BLOCK)) as started:
        yield started


@pytest.fixture
def page(line: RunningLine) -> Iterator[Any]:
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        page = browser.new_page(base_url=f"http://127.0.0.1:{line.web_port}")
        faults = watched(page)
        yield page
        browser.close()
        assert faults == []


def edit_main(page: Any) -> None:
    """The way that the first page shows somebody who has never been here."""
    page.goto("/")
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", "a long one for tests")
    page.click("main button[type=submit]")
    page.click("details.first-steps a")
    page.wait_for_selector("button.node")


def test_what_a_clerk_publishes_is_heard_by_the_next_caller(
    line: RunningLine, page: Any, tmp_path: Path
) -> None:
    """The new user test (docs/new-user-test.md), step by step."""
    edit_main(page)
    page.click("button.node[data-node=greeting]")
    page.locator("[data-words='greeting zh-CN']").first.fill(GREETING)
    page.click("button.node[data-node=menu]")
    page.click("[data-focus='choices.fresh']")
    for language, text in NOTICE.items():
        page.fill(f"dialog [name=words-{language}]", text)
    page.click("dialog form button:not([type])")
    page.wait_for_selector("button.node[data-node=notice]")
    # Nobody presses a key that the menu does not name; the page says so, a language at a time.
    for (language, text), named in zip(TELLS.items(), ("普通话", "英语"), strict=True):
        page.click("[data-untold='6'] button")
        playwright_api.expect(page.locator(f"textarea[lang='{language}']").first).to_be_focused()
        page.keyboard.type(text)
        page.locator("[data-untold]", has_text=named).wait_for(state="detached")
    page.screenshot(path=tmp_path / "notice-added.png")
    page.click("#tab-try")
    page.uncheck("[data-aloud]")
    page.click("[data-call]")
    page.wait_for_selector(f".log:has-text('{GREETING}')")
    for n, key in enumerate("16"):
        page.click(f"[data-key='{key}']")
        page.locator(".log .gave").nth(n).wait_for()
    assert NOTICE["zh-CN"] in page.inner_text("[data-log]")
    page.screenshot(path=tmp_path / "tried.png")
    page.click("[data-publish]")
    page.fill("dialog [name=message]", "新的问候，六是公园")
    with Phone(line.sip_port, number="13800139001") as before:
        before.call()  # who is connected keeps what was published then
        before.press("1")
        page.click("dialog form button:not([type])")
        page.wait_for_url("**/flows/main")
        before.press("6")
        wait_until(
            lambda: line.rows("SELECT 1 FROM call_steps WHERE node = 'menu' AND digits = '6'"),
            "the caller of before presses 6 in the menu of before",
        )
        before.hang_up()
    assert line.rows("SELECT 1 FROM call_steps WHERE node = 'notice'") == []

    wait_until(lambda: is_new(line), "the line takes what is new")
    town = Town(line.settings)
    # Before the call: whoever renders while the line speaks has missed what it said.
    greeting = town.clips("greeting", "zh-CN", {})[:1]
    notice = town.clips("main_notice", "zh-CN", {})[:1]
    with Phone(line.sip_port, number="13800139002") as after:
        after.call()
        assert after.sound is not None
        after.sound.until_heard(greeting)
        after.press("1")
        after.press("6")
        after.sound.until_heard(notice)
        after.hang_up()
    row = line.until_row(
        "SELECT id, flow_revision FROM calls WHERE caller = ? AND ended_at NOT NULL", "13800139002"
    )
    assert row["flow_revision"] == 1
    passed = line.rows("SELECT node FROM call_steps WHERE call_id = ? ORDER BY seq", row["id"])
    assert [step["node"] for step in passed][:4] == ["greeting", "mandarin", "menu", "notice"]


def is_new(line: RunningLine) -> bool:
    """Whether a call that begins now runs on the new revision."""
    with Phone(line.sip_port, number="13800139003") as asking:
        asking.call()
        asking.hang_up()
    found = line.rows(
        "SELECT flow_revision FROM calls WHERE caller = '13800139003' ORDER BY started_at DESC"
    )
    return bool(found) and found[0]["flow_revision"] == 1
