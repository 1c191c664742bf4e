"""An editor's way to a telephone code, in a real browser."""

from __future__ import annotations

import re

import pytest

from ivr.services import studio_codes
from tests.admin_web.browsing import NEEDS_CHROMIUM, sign_in
from tests.admin_web.builders import DeskUnderTest

playwright_api = pytest.importorskip(
    "playwright.sync_api", reason="pip install -r requirements-dev.txt brings playwright"
)
pytestmark = [pytest.mark.browser, NEEDS_CHROMIUM]


def test_an_editor_makes_renews_and_ends_a_code(
    desk: DeskUnderTest, page: playwright_api.Page
) -> None:
    page.on("dialog", lambda dialog: dialog.accept())
    sign_in(page, "editor", "/account")
    page.click("main a[href='/account/telephone-code/']")
    assert "788346" in page.inner_text("main")

    def make() -> str:
        with page.expect_navigation():
            page.click("main form:not([action]) button")
        return re.sub(r"\D", "", page.inner_text("code.token"))

    old = make()
    new = make()
    assert len(old) == len(new) == studio_codes.CODE_DIGITS
    with desk.database.begin() as session:
        assert studio_codes.attempt(session, old, "1", desk.clock()).code is None
        assert studio_codes.attempt(session, new, "2", desk.clock()).code is not None
    page.goto(page.url)  # the code is not shown again
    assert page.locator("code.token").count() == 0
    with page.expect_navigation():
        page.click("main form[action$='/end'] button")
    with desk.database.read() as session:
        assert studio_codes.of(session, "editor") is None
