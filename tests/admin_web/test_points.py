"""One journey for each thing the desk is for; each leaves pictures in pytest's folder to look at.

What callers hear (a flow changed, published and brought back), figures that lead to records, people
and what is written down of them, pages for everybody, and the page for those who write programs.
The browser telephone, calls and records of work have theirs beside their pages.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

from ivr.services import revisions, statistics_counting
from tests.admin_web.browsing import NEEDS_CHROMIUM, sign_in
from tests.admin_web.builders import PASSWORD, DeskUnderTest, add_call, add_complaint

playwright_api = pytest.importorskip(
    "playwright.sync_api", reason="pip install -r requirements-dev.txt brings playwright"
)
pytestmark = [pytest.mark.browser, NEEDS_CHROMIUM]
expect = playwright_api.expect


def test_an_editor_changes_a_flow_looks_at_the_difference_and_brings_the_old_one_back(
    desk: DeskUnderTest, page: Any, tmp_path: Path
) -> None:
    sign_in(page, "editor", "/")
    page.click("details.first-steps a")
    page.click("button.node[data-node=menu]")
    page.click("[data-focus='choices.add']")
    page.wait_for_selector("[data-untold='6']")
    page.screenshot(path=tmp_path / "editor.png")
    page.click("[data-publish]")
    page.fill("dialog [name=message]", "六键重听")
    page.click("dialog form button:not([type])")
    page.wait_for_url("**/flows/main")
    expect(page.locator("ol.outline")).to_contain_text("6 →")
    page.click("a[href$='/flows/main/compare']")
    page.wait_for_selector("ins:has-text('\"6\": repeat')")
    page.screenshot(path=tmp_path / "compared.png")
    page.goto("/flows/main")
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator("tr", has_text="出厂内容").locator("button").click()
    page.wait_for_selector(".notice")
    expect(page.locator("ol.outline")).not_to_contain_text("6 →")
    with desk.database.read() as session:
        assert revisions.newest_flow(session, "main").revision == 2  # nothing is ever lost


def test_a_supervisor_sees_what_went_wrong_and_goes_to_the_calls(
    desk: DeskUnderTest, page: Any, tmp_path: Path
) -> None:
    for n in range(3):
        add_call(desk, f"call{n}", started_at=desk.clock() - timedelta(minutes=20 * n + 1))
    with desk.database.begin() as session:
        statistics_counting.count_ended(session, zone=ZoneInfo("Asia/Shanghai"))
    sign_in(page, "supervisor", "/")
    page.click("nav.menu a[href='/figures/']")
    page.wait_for_selector(".figure-tiles .tile")
    page.screenshot(path=tmp_path / "figures.png", full_page=True)
    figure = page.locator(".figure-tiles .tile a").first
    counted = int(figure.inner_text())
    figure.click()
    page.wait_for_url("**/calls/**")
    assert page.locator("table.list tbody tr").count() == counted == 3
    page.goto("/figures/summary")
    assert page.inner_text("h1")
    printed = page.pdf(path=tmp_path / "summary.pdf")
    assert printed.startswith(b"%PDF")


def test_an_administrator_gives_somebody_an_account_and_finds_it_in_the_log(
    page: Any, browser: Any, address: str, tmp_path: Path
) -> None:
    sign_in(page, "administrator", "/people/")
    page.click(".heading a[role=button]")
    page.fill("[name=username]", "newcomer")
    page.fill("[name=display_name]", "新同事")
    page.select_option("[name=role]", "supervisor")
    page.fill("[name=password]", PASSWORD)
    page.click("main form.sheet button[type=submit], main form.sheet > button")
    page.wait_for_selector("main .notice")
    page.goto("/audit/")
    expect(page.locator("main table")).to_contain_text("newcomer")
    page.screenshot(path=tmp_path / "audit.png")
    context = browser.new_context(base_url=address)
    theirs = context.new_page()
    theirs.goto("/sign-in")
    theirs.fill("[name=username]", "newcomer")
    theirs.fill("[name=password]", PASSWORD)
    theirs.click("main button[type=submit]")
    theirs.wait_for_url("**/account*")  # the first password is changed at once
    theirs.screenshot(path=tmp_path / "first-password.png")
    assert theirs.locator("nav.menu a[href='/people/']").count() == 0
    context.close()


FOR_EVERYBODY = ("/", "/calls/", "/complaints/", "/outages/new", "/flows/", "/flows/main/edit")
_SEEN = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  const shown = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const marked = (style.outlineStyle !== "none" && style.outlineWidth !== "0px")
    || style.boxShadow !== "none";
  return { what: one.outerHTML.slice(0, 90), shown, marked };
}"""


def test_every_page_is_used_by_keyboard_and_needs_nothing_from_outside(
    desk: DeskUnderTest, page: Any, tmp_path: Path
) -> None:
    add_call(desk)
    add_complaint(desk)
    home = urlsplit(page.url)
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    page.goto("/sign-in")
    page.keyboard.press("Tab")
    page.focus("[name=username]")
    page.keyboard.type("administrator")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("nav.menu")
    home = urlsplit(page.url)
    for path in FOR_EVERYBODY:
        page.goto(path)
        if path.endswith("/edit"):
            page.wait_for_selector("button.node")
        page.keyboard.press("Tab")
        assert "skip" in page.evaluate("document.activeElement.className"), path
        page.keyboard.press("Enter")  # straight to the content, past the menu
        for _ in range(12):
            page.keyboard.press("Tab")
            found = page.evaluate(_SEEN)
            if found is None:
                break
            assert found["shown"], f"{path}: focus is out of sight: {found['what']}"
            assert found["marked"], f"{path}: focus is not seen: {found['what']}"
        page.screenshot(path=tmp_path / f"{re.sub(r'[^a-z]+', '-', path)}.png")
    assert asked == {home.netloc}


@pytest.mark.parametrize("dark", [False, True])
def test_a_narrow_window_at_twice_the_size_shows_all_and_prints(
    desk: DeskUnderTest, browser: Any, address: str, tmp_path: Path, dark: bool
) -> None:
    """320 CSS pixels are 1280 at 400 % (WCAG 1.4.10); 24 the least a target measures (2.5.8)."""
    add_call(desk)
    ticket = add_complaint(desk)
    context = browser.new_context(
        base_url=address,
        viewport={"width": 320, "height": 640},
        color_scheme="dark" if dark else "light",
    )
    page = context.new_page()
    sign_in(page, "administrator", "/")
    if dark:
        page.click("form.language button")
        page.wait_for_selector("html[lang=en]")
    for path in ("/", "/calls/", f"/complaints/{ticket}", "/flows/main", "/flows/line/edit"):
        page.goto(path)
        if path.endswith("/edit"):
            page.wait_for_selector("[data-form] h2")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
        small = page.evaluate(
            """() => [...document.querySelectorAll("button, summary, nav a, [role=button]")]
              .map((one) => [one.outerHTML.slice(0, 90), one.getBoundingClientRect()])
              .filter(([, box]) => box.width && (box.width < 24 || box.height < 24))
              .map(([what]) => what)"""
        )
        assert small == [], path
        page.screenshot(path=tmp_path / f"{re.sub(r'[^a-z0-9]+', '-', path)}.png", full_page=True)
    # On paper: what the page says, without what is pressed.
    page.goto("/complaints/")
    page.emulate_media(media="print")
    assert not page.locator("nav.menu").is_visible()
    assert not page.locator("form.search").is_visible()
    assert page.locator("main thead").is_visible()  # a table, not the cards of a telephone
    assert page.pdf(path=tmp_path / "complaints.pdf").startswith(b"%PDF")
    context.close()


def test_who_writes_programs_reads_every_operation_in_the_page(page: Any, tmp_path: Path) -> None:
    sign_in(page, "administrator", "/")
    page.goto("/api/")
    assert page.inner_text("h1")
    assert "/api/complaints" in page.inner_text("main")
    document = page.request.get("/api/openapi.json").json()
    assert document["openapi"].startswith("3.")
    for path in document["paths"]:
        assert path in page.content(), path
    page.screenshot(path=tmp_path / "api.png", full_page=True)
