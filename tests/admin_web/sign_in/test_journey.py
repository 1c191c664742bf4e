"""A second factor and sessions, in a real browser."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pyotp
import pytest

from tests.admin_web.browsing import NEEDS_CHROMIUM, sign_in, watched
from tests.admin_web.builders import PASSWORD, DeskUnderTest

pytestmark = [pytest.mark.browser, NEEDS_CHROMIUM]

LONG_AND_CHINESE = "🐎 我们的热线每天为您服务 " * 4
READER = shutil.which("zbarimg")


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    context = browser.new_context(
        base_url=address, viewport={"width": 1200, "height": 800}, locale="en"
    )
    page = context.new_page()
    faults = watched(page)
    yield page
    context.close()
    assert faults == []


def next_code(desk: DeskUnderTest, secret: str) -> str:
    desk.clock.move(seconds=30)
    return pyotp.TOTP(secret).at(desk.clock())


def test_somebody_sets_up_a_second_factor_and_signs_in_with_it(
    desk: DeskUnderTest, page: Any, tmp_path: Any
) -> None:
    sign_in(page, "editor", "/account")
    page.click("form.language button")
    page.wait_for_selector("html[lang=en]")
    page.click("text=Set up")
    page.fill("[name=password]", PASSWORD)
    page.click("main form.sheet button")
    page.wait_for_selector(".qr svg")
    page.click("summary")
    secret = page.inner_text("details code.token").replace(" ", "")
    if READER:
        # What an app would read from the picture.
        page.locator(".qr svg").screenshot(path=tmp_path / "qr.png")
        read = subprocess.run(
            [READER, "--quiet", "--raw", tmp_path / "qr.png"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert pyotp.parse_uri(read.stdout.strip()).secret == secret
    page.fill("[name=code]", "000000")
    page.click("main form.sheet button")
    page.wait_for_selector(".errors")
    page.fill("[name=code]", next_code(desk, secret))
    page.click("main form.sheet button")
    page.wait_for_selector(".codes")
    recovery = page.locator(".codes code").all_inner_texts()
    page.click("text=I have kept them")

    page.click("text=Sign out")
    page.fill("[name=username]", "editor")
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url("**/sign-in/code")
    assert page.evaluate("document.activeElement.name") == "code"
    page.fill("[name=code]", next_code(desk, secret))
    page.keyboard.press("Enter")
    page.wait_for_selector("nav.menu")

    page.click("text=Sign out")
    page.fill("[name=username]", "editor")
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.fill("[name=code]", recovery[0])
    page.keyboard.press("Enter")
    page.wait_for_selector("nav.menu")


def test_somebody_ends_the_session_left_open_elsewhere(
    desk: DeskUnderTest, browser: Any, address: str, page: Any
) -> None:
    elsewhere = browser.new_context(base_url=address)
    left_open = elsewhere.new_page()
    sign_in(left_open, "editor", "/prompts/")
    sign_in(page, "editor", "/account")
    rows = page.locator("main table.list tbody tr")
    assert rows.count() == 2
    assert "Chrome" in rows.first.inner_text()
    page.locator("main table.list form button").click()
    page.wait_for_selector(".notice")
    assert rows.count() == 1
    left_open.reload()
    left_open.wait_for_url("**/sign-in?**")
    elsewhere.close()


def test_a_password_is_judged_as_it_is_typed_and_pasted(desk: DeskUnderTest, page: Any) -> None:
    sign_in(page, "editor", "/account")
    page.fill("[name=new]", "woaini1314")
    page.locator(".strength", has_text="太容易").wait_for()
    assert page.evaluate("document.querySelector('.strength meter').value") < 2
    # Pasting is typing: nothing stands in its way.
    page.evaluate(
        """text => {
            const field = document.querySelector("[name=new]");
            field.select();
            const paste = new ClipboardEvent("paste", {
                clipboardData: new DataTransfer(), bubbles: true, cancelable: true });
            paste.clipboardData.setData("text/plain", text);
            if (field.dispatchEvent(paste)) document.execCommand("insertText", false, text);
        }""",
        LONG_AND_CHINESE,
    )
    assert page.input_value("[name=new]") == LONG_AND_CHINESE
    page.locator(".strength", has_text="很强").wait_for()
    page.fill("[name=again]", LONG_AND_CHINESE)
    page.fill("[name=current]", PASSWORD)
    page.click("main form.sheet button[type=submit]")
    page.wait_for_selector(".notice")
    page.click("text=退出")
    page.fill("[name=username]", "editor")
    page.fill("[name=password]", LONG_AND_CHINESE)
    page.click("main button[type=submit]")
    page.wait_for_selector("nav.menu")
