"""What staff do all day, in a real browser."""

from __future__ import annotations

import pytest

from ivr.services import complaints, revisions
from tests.admin_web.browsing import NEEDS_CHROMIUM, sign_in
from tests.admin_web.builders import DeskUnderTest, add_call, add_complaint, add_recording

playwright_api = pytest.importorskip(
    "playwright.sync_api", reason="pip install -r requirements-dev.txt brings playwright"
)
pytestmark = [pytest.mark.browser, NEEDS_CHROMIUM]


def test_a_supervisor_finds_a_call_and_hears_its_recording(
    desk: DeskUnderTest, page: playwright_api.Page
) -> None:
    add_recording(desk, add_call(desk, caller="13912345678"))
    add_call(desk, "other", caller="13700000000")
    sign_in(page, "supervisor", "/calls/")
    page.fill("[name=caller]", "5678")
    page.click("form.search button")
    assert page.locator("tbody tr").count() == 1
    page.click("tbody a")
    assert "ask_account" in page.inner_text("main")
    seconds = page.evaluate(
        """() => new Promise((done, failed) => {
            const sound = document.querySelector("audio");
            sound.onloadedmetadata = () => done(sound.duration);
            sound.onerror = () => failed(sound.error.message);
            sound.load(); sound.play().catch(() => {});
        })"""
    )
    assert seconds == pytest.approx(1.0, abs=0.05)


def test_a_supervisor_moves_a_complaint_on(desk: DeskUnderTest, page: playwright_api.Page) -> None:
    ticket = add_complaint(desk)
    sign_in(page, "supervisor", f"/complaints/{ticket}")
    page.select_option("[name=to_state]", "assigned")
    page.click("form[action$='/state'] button")
    page.wait_for_selector(".notice")
    with desk.database.read() as session:
        assert complaints.get(session, ticket).state == "assigned"
    assert "已派单" in page.inner_text(".heading")


def test_an_editor_adds_an_outage_and_ends_it(
    desk: DeskUnderTest, page: playwright_api.Page
) -> None:
    sign_in(page, "editor", "/outages/new")
    page.select_option("[name=kind]", "gas")
    page.fill("[name=ends_at]", "2026-11-23T08:00")
    page.fill("[name=text_zh]", "西山乡燃气检修。")
    page.click("main form.sheet .actions button:not([name])")
    page.wait_for_url("**/outages/")
    row = page.locator("tr", has_text="西山乡燃气检修。")
    assert row.count() == 1
    end = row.locator("form[action$='/end'] button")
    page.once("dialog", lambda dialog: dialog.dismiss())
    end.click()
    assert end.count() == 1
    page.once("dialog", lambda dialog: dialog.accept())
    end.click()
    page.wait_for_selector(".notice")
    assert end.count() == 0


def test_an_editor_publishes_a_prompt_and_is_told_when_the_voice_is_down(
    desk: DeskUnderTest, page: playwright_api.Page
) -> None:
    sign_in(page, "editor", "/prompts/goodbye")
    page.fill("[name=zh-CN-text]", "再见，祝您平安。")
    page.click("button[data-output='heard-zh-CN']")
    page.wait_for_selector("#heard-zh-CN .notice.error")
    page.fill("[name=zh-CN-message]", "亲切一些")
    page.click("form[action$='/zh-CN'] button:not([data-hear])")
    page.wait_for_selector(".notice")
    with desk.database.read() as session:
        row = revisions.newest_prompt(session, "goodbye", "zh-CN")
    assert row is not None
    assert row.text == "再见，祝您平安。"


def test_a_day_can_be_chosen_from_a_calendar(page: playwright_api.Page) -> None:
    sign_in(page, "supervisor", "/calls/")
    picker = page.locator("input.picker").first
    assert picker.get_attribute("type") == "date"
    picker.evaluate("one => { one.value = '2026-11-21'; one.dispatchEvent(new Event('change')); }")
    assert page.input_value("[name=first_day]") == "2026-11-21"
    page.click("form.search button")
    assert "first_day=2026-11-21" in page.url


def test_the_switch_changes_the_language_and_stays_on_the_page(page: playwright_api.Page) -> None:
    sign_in(page, "supervisor", "/calls/?caller=138")
    assert page.inner_text("h1") == "通话"
    page.click("form.language button")
    page.wait_for_selector("html[lang=en]")
    assert page.inner_text("h1") == "Calls"
    assert page.url.endswith("/calls/?caller=138")
    page.click("form.language button")
    page.wait_for_selector("html[lang=zh-CN]")


@pytest.mark.parametrize("width", [360, 768])
def test_no_page_is_wider_than_the_screen_of_a_telephone(
    desk: DeskUnderTest, page: playwright_api.Page, width: int
) -> None:
    add_recording(desk, add_call(desk))
    ticket = add_complaint(desk)
    page.set_viewport_size({"width": width, "height": 740})
    sign_in(page, "administrator")
    page.click("form.language button")
    for path in (
        "/",
        "/calls/",
        "/calls/call-1",
        "/complaints/",
        f"/complaints/{ticket}",
        "/call-backs/",
        "/outages/",
        "/outages/new",
        "/areas/",
        "/audit/",
        "/bills/",
        "/bills/import",
        "/prompts/",
        "/prompts/bill_found",
        "/pronunciations/",
        "/pronunciations/word?language=en&word=Chengnan",
        "/flows/",
        "/flows/bills",
        "/flows/bills/edit",
        "/trunks/",
        "/people/",
        "/people/editor",
        "/account",
    ):
        page.goto(path)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{path} is {wide} wide"


def test_without_javascript_a_complaint_can_still_be_moved(
    desk: DeskUnderTest, browser: playwright_api.Browser, address: str
) -> None:
    ticket = add_complaint(desk)
    context = browser.new_context(base_url=address, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "supervisor", f"/complaints/{ticket}")
    page.select_option("[name=to_state]", "handling")
    page.click("form[action$='/state'] button")
    assert "办理中" in page.inner_text(".heading")
    context.close()
