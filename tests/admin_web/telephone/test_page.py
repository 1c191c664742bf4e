"""The telephone in chromium, in and out of a call, by the rules of WCAG 2.2 AA."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.admin_web.browsing import NEEDS_CHROMIUM, sign_in
from tests.admin_web.builders import DeskUnderTest, make_desk
from tests.admin_web.test_accessibility import faults_of

pytestmark = [pytest.mark.browser, NEEDS_CHROMIUM]
IN_CALL = """() => document.querySelectorAll('[data-telephone] [hidden]')
  .forEach((one) => { one.hidden = false; })"""


@pytest.fixture
def desk(tmp_path: Path) -> DeskUnderTest:
    return make_desk(tmp_path, line=object())


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_telephone_can_be_used_by_everybody_in_and_out_of_a_call(
    page: Any, address: str, language: str
) -> None:
    page.context.add_cookies([{"name": "desk_language", "value": language, "url": address}])
    sign_in(page, "supervisor", "/telephone/")
    for width, scheme in ((390, "dark"), (1200, "light")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        page.reload()  # colours move for a moment where they only change
        assert faults_of(page) == []
        page.evaluate(IN_CALL)
        assert faults_of(page) == []


def test_a_call_that_breaks_off_is_said_in_words_and_can_be_placed_again(
    page: Any, address: str
) -> None:
    """The server of this test knows no WebSockets: the call breaks off at once."""
    page.context.add_cookies([{"name": "desk_language", "value": "en", "url": address}])
    sign_in(page, "supervisor", "/telephone/")
    for _ in range(2):
        page.click("[data-call]")
        page.wait_for_selector("text=The connection to this page broke off")
        assert page.is_visible("[data-call]")
        assert not page.is_visible("[data-hang-up]")
