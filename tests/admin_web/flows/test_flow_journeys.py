"""A clerk who has never seen a call flow changes one, in a real browser."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ivr.services import flow_scenarios, revisions
from tests.admin_web.browsing import NEEDS_CHROMIUM, sign_in
from tests.admin_web.builders import DeskUnderTest

playwright_api = pytest.importorskip(
    "playwright.sync_api", reason="pip install -r requirements-dev.txt brings playwright"
)
pytestmark = [pytest.mark.browser, NEEDS_CHROMIUM]


def open_flow(page: Any, name: str = "main") -> None:
    sign_in(page, "editor", f"/flows/{name}/edit")
    page.wait_for_selector("button.node")


def text_has(page: Any, part: str) -> None:
    """Waits until the flow's text holds `part`."""
    playwright_api.expect(page.locator("#yaml")).to_have_value(re.compile(re.escape(part)))


def box_of(page: Any, selector: str) -> Any:
    """Where something stands, found and measured in one step.

    The picture is drawn anew whenever numbers of callers come: what was found before would be
    measured as something that is no more on the page, at 0.
    """
    return page.evaluate(
        "selector => document.querySelector(selector).getBoundingClientRect().toJSON()", selector
    )


def press(page: Any, *keys: str) -> None:
    for key in keys:
        said = page.locator(".log .gave").count()
        page.click(f"[data-key='{key}']")
        page.locator(".log .gave").nth(said).wait_for()


def test_greeting_changed_notice_added_tried_kept_and_published(
    desk: DeskUnderTest, page: Any
) -> None:
    open_flow(page)
    page.click("button.node[data-node=greeting]")
    page.locator("[data-words='greeting zh-CN']").first.fill("您好，西山区民声热线。")
    # Without a pause: what is still to be sent must not stand in the way of the next node.
    page.click("button.node[data-node=menu]")
    page.click("[data-focus='choices.fresh']")
    page.fill("dialog [name=words-zh-CN]", "西山公园周末免费开放。")
    page.fill("dialog [name=words-en]", "West Hill Park is free at weekends.")
    page.click("dialog form button:not([type])")
    page.wait_for_selector("button.node[data-node=notice]")
    assert page.input_value("[data-focus='choices.5.key']") == "6"
    page.click("#tab-text")
    assert '"6": notice' in page.input_value("#yaml")
    page.click("#tab-try")
    page.click("[data-call]")
    page.wait_for_selector(".log:has-text('您好，西山区民声热线。')")
    press(page, "1", "6")
    assert "西山公园周末免费开放。" in page.inner_text("[data-log]")
    assert page.locator("button.node.walked").count() >= 4
    page.fill("[data-focus=keep]", "六是公园")
    page.click(".keep button")
    page.wait_for_selector("[data-notices] .notice.good")
    page.click("[data-publish]")
    page.fill("dialog [name=message]", "六是公园")
    page.click("dialog form button:not([type])")
    page.wait_for_url("**/flows/main")
    with desk.database.read() as session:
        flow = revisions.newest_flow(session, "main")
        words = {key: row.text for key, row in revisions.newest_prompts(session).items()}
        kept = [row.title for row in flow_scenarios.every(session)]
    assert flow is not None
    assert flow.message == "六是公园"
    assert '      "6": notice\n' in flow.text
    assert "# 两种语言都问候" in flow.text
    assert words["greeting", "zh-CN"] == "您好，西山区民声热线。"
    assert words["main_notice", "en"] == "West Hill Park is free at weekends."
    assert kept == ["六是公园"]


def test_a_finding_appears_while_typing_and_leads_to_its_node(page: Any) -> None:
    open_flow(page, "bills")
    page.click("#tab-text")
    text = page.input_value("#yaml")
    page.fill("#yaml", text.replace("say: bill_after_trouble_menu", "say: no_such_prompt"))
    page.wait_for_selector(".verdict.bad")
    page.click("#tab-checks")
    page.click("[data-finding=trouble_menu]")
    page.wait_for_selector("#panel-node:visible")
    assert "trouble_menu" in page.inner_text("[data-node-title]")
    assert page.evaluate("document.activeElement.matches('[data-node-title]')")
    assert page.locator("button.node.bad[data-node=trouble_menu]").count() == 1


def test_the_flow_can_be_edited_without_a_mouse(page: Any) -> None:
    open_flow(page)
    page.focus("button.node[data-node=greeting]")
    page.keyboard.press("ArrowDown")
    first = page.evaluate("document.activeElement.dataset.node")
    assert first in ("mandarin", "english")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.node") == "menu"
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-node-title]:has-text('menu')")
    page.focus("#tab-node")
    page.keyboard.press("ArrowRight")
    assert page.locator("#tab-text").get_attribute("aria-selected") == "true"
    page.focus("button.node[data-node=english]")
    page.once("dialog", lambda dialog: dialog.accept())
    page.keyboard.press("Delete")
    page.wait_for_selector("button.node[data-node=english]", state="detached")
    page.keyboard.press("Control+z")
    page.wait_for_selector("button.node[data-node=english]")
    page.keyboard.press("Control+y")
    page.wait_for_selector("button.node[data-node=english]", state="detached")


def test_a_lookup_is_answered_with_chosen_values(page: Any) -> None:
    open_flow(page, "bills")
    page.click("#tab-try")
    page.click("[data-call]")
    page.wait_for_selector("[data-log]")
    page.click("[data-key='8']")
    page.keyboard.type("80123#")
    page.click("[data-outcome=found]")
    page.fill("form.values label:has-text('amount') input", "77.70")
    page.click("form.values button")
    page.wait_for_selector(".log:has-text('七十七元七角')")
    page.wait_for_selector("button.node.walked[data-node=tell]")
    assert "bill.amount" in page.inner_text("[data-try]")


def test_a_node_is_renamed_with_the_ways_that_lead_to_it(page: Any) -> None:
    open_flow(page, "bills")
    page.click("button.node[data-node=locked]")
    page.click("[data-focus=rename]")
    page.fill("dialog input", "account_locked")
    page.click("dialog form button:not([type])")
    page.wait_for_selector("button.node[data-node=account_locked]")
    page.click("#tab-text")
    assert "locked: account_locked" in page.input_value("#yaml")
    assert page.locator(".verdict.good").count() == 1


def test_a_node_is_moved_by_hand_and_stays_until_it_is_tidied(page: Any) -> None:
    open_flow(page)

    def top() -> float:
        """Where it stands in the picture, whatever stands above the picture."""
        return float(page.evaluate("document.querySelector('[data-node=english]').offsetTop"))

    before = top()
    corner = box_of(page, "button.node[data-node=english]")
    x, y = corner["x"] + 30, corner["y"] + 20
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y + 40, steps=4)
    page.mouse.up()
    page.wait_for_selector("[data-tidy]:visible")
    dragged = top()
    assert dragged >= before + 40  # more where the picture is made smaller
    assert page.locator("[aria-pressed=true]").count() == 0  # a drag opens nothing
    page.wait_for_selector("[data-undo]:enabled")  # kept with the draft
    page.reload()
    page.wait_for_selector("button.node")
    assert top() == dragged
    page.focus("button.node[data-node=english]")
    page.keyboard.press("Alt+ArrowDown")
    assert top() == dragged + 20
    page.click("#tab-text")
    text_has(page, "picture: {english: ")
    page.click("[data-tidy]")
    page.wait_for_selector("[data-tidy]", state="hidden")
    assert top() == before
    page.click("[data-undo]")
    page.wait_for_selector("[data-tidy]:visible")
    assert top() == dragged + 20


def middle(page: Any, selector: str) -> tuple[float, float]:
    box = box_of(page, selector)
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Any, selector: str, to: tuple[float, float]) -> None:
    page.mouse.move(*middle(page, selector))
    page.mouse.down()
    page.mouse.move(*to, steps=5)
    page.mouse.up()


def test_a_key_is_led_to_another_node_by_dragging_it_there(page: Any) -> None:
    open_flow(page)
    page.click("button.node[data-node=greeting]")
    page.wait_for_selector("[data-port='choices.2']")
    drag(page, "[data-port='choices.2']", middle(page, "button.node[data-node=menu]"))
    text_has(page, '"2": menu')
    page.click("[data-undo]")
    text_has(page, '"2": english')
    # Given up on the way, nothing is changed and nothing opens.
    page.mouse.move(*middle(page, "[data-port='choices.2']"))
    page.mouse.down()
    page.mouse.move(*middle(page, "button.node[data-node=menu]"), steps=4)
    page.keyboard.press("Escape")
    page.mouse.up()
    assert page.locator("dialog[open]").count() == 0
    assert '"2": english' in page.input_value("#yaml")


def test_a_new_key_dropped_on_the_ground_makes_a_node_there(page: Any) -> None:
    open_flow(page)
    page.click("button.node[data-node=menu]")
    page.wait_for_selector(".port.fresh")
    box = box_of(page, "[data-canvas]")
    place = (box["x"] + 120, box["y"] + 300)
    drag(page, ".port.fresh", place)
    page.fill("dialog [name=words-zh-CN]", "西山公园周末免费开放。")
    page.fill("dialog [name=words-en]", "West Hill Park is free at weekends.")
    page.click("dialog form button:not([type])")
    text_has(page, "picture: {notice: ")
    assert '      "6": notice\n' in page.input_value("#yaml")
    assert "notice" not in page.locator("[data-port]").all_inner_texts()
    page.click("[data-undo]")  # node, key and place are one step
    page.wait_for_selector("button.node[data-node=notice]", state="detached")
    assert page.locator("[data-undo]").is_disabled()


def test_a_key_is_led_elsewhere_without_dragging(page: Any) -> None:
    open_flow(page)
    page.focus("button.node[data-node=greeting]")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-port='choices.1']")
    page.keyboard.press("Tab")  # the ways of a node come after it
    assert page.evaluate("document.activeElement.dataset.port") == "choices.1"
    page.keyboard.press("Enter")
    page.select_option("dialog select", "node:menu")
    page.keyboard.press("Enter")
    page.click("dialog form button:not([type])")
    text_has(page, '"1": menu')
    playwright_api.expect(page.locator("[data-port='choices.1']")).to_be_focused()


def test_a_finger_connects_and_moves_the_chosen_node(browser: Any, address: str) -> None:
    context = browser.new_context(
        base_url=address, viewport={"width": 390, "height": 800}, has_touch=True
    )
    page = context.new_page()
    open_flow(page)
    page.tap("button.node[data-node=menu]")
    page.wait_for_selector(".port.fresh")
    for port in page.locator(".port").all():
        box = port.bounding_box()
        assert min(box["width"], box["height"]) >= 24
    page.locator(".port.fresh").tap()
    page.wait_for_selector("dialog[open] select")
    context.close()


@pytest.mark.parametrize("width", [390, 768])
def test_the_page_of_a_flow_fits_a_small_screen(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    open_flow(page, "outages")
    for node in ("menu", "look_up", "notices"):
        page.locator(f"button.node[data-node={node}]").dispatch_event("click")
        page.wait_for_selector(f"[data-node-title]:has-text('{node}')")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    for tab in ("text", "try", "checks"):
        page.click(f"#tab-{tab}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_a_script_a_text_can_still_be_published(
    desk: DeskUnderTest, browser: Any, address: str
) -> None:
    context = browser.new_context(base_url=address, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "editor", "/flows/guides/edit")
    text = page.input_value("#text")
    page.fill("#text", text + "\n# one line more\n")
    page.fill("[name=message]", "试试")
    page.click("main form[data-plain] button[type=submit]:not([name])")
    with desk.database.read() as session:
        row = revisions.newest_flow(session, "guides")
    context.close()
    assert row is not None
    assert row.text.endswith("# one line more\n")


def test_what_all_flows_share_is_edited_as_a_form_and_its_comments_stay(
    desk: DeskUnderTest, page: Any
) -> None:
    sign_in(page, "editor", "/flows/line/edit")
    page.locator("details", has_text="各菜单：沉默和按错").locator("summary").first.click()
    page.fill("[data-focus='defaults.input.no_input_timeout']", "7s")
    text_has(page, "no_input_timeout: 7s")
    page.select_option("[data-focus='keys.9.to']", "move:hang_up")
    text_has(page, '"9": hang_up')
    page.click("[data-undo]")
    text_has(page, '"9": repeat')
    page.select_option("[data-focus='languages']", "en zh-CN")
    text_has(page, "languages: [en, zh-CN]")
    page.click("[data-focus='numbers.add']")
    page.wait_for_selector("[data-focus='numbers.1']")
    page.fill("[data-focus='numbers.0']", "96001")
    page.keyboard.press("Tab")
    text_has(page, '"96001": main')
    page.select_option("[data-focus='numbers.0.flow']", "bills")
    text_has(page, '"96001": bills')
    # A mistake is told as it is typed, as in a flow.
    page.click("#tab-text")
    kept = page.input_value("#yaml")
    assert "# 出了内部错误时" in kept
    page.fill("#yaml", kept.replace("main: main", "main: nowhere"))
    page.wait_for_selector(".verdict.bad")
    page.fill("#yaml", kept)
    page.wait_for_selector(".verdict.good")
    page.click("[data-publish]")
    page.fill("dialog [name=message]", "先说英语")
    page.click("dialog form button:not([type])")
    page.wait_for_url("**/flows/line")
    with desk.database.read() as session:
        row = revisions.newest_flow(session, "line")
    assert row is not None
    assert "languages: [en, zh-CN]          # 第一个是默认语言" in row.text
    assert "    no_input_timeout: 7s\n" in row.text


def test_a_key_that_the_menu_does_not_name_is_pointed_out(page: Any) -> None:
    open_flow(page)
    page.click("button.node[data-node=menu]")
    assert page.locator("[data-untold]").count() == 0
    page.click("[data-focus='choices.add']")
    page.wait_for_selector("[data-untold='6']")
    page.click("[data-untold='6'] button")
    page.keyboard.type("公园，请按六。")
    playwright_api.expect(page.locator("[data-untold='6']")).not_to_contain_text("普通话")
