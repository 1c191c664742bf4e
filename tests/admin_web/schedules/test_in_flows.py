"""A schedule in the flow editor: chosen from a list, checked, drawn."""

from __future__ import annotations

from typing import Any

import pytest

from tests.admin_web.browsing import NEEDS_CHROMIUM, sign_in
from tests.admin_web.builders import DeskUnderTest


def draft(desk: DeskUnderTest, flow: str = "person") -> dict[str, Any]:
    visitor = desk.as_("editor")
    visitor.get(f"/flows/{flow}/edit")
    found: dict[str, Any] = visitor.get(f"/flows/{flow}/draft").json
    return found


def test_the_page_of_a_flow_knows_the_schedules_and_draws_both_ways(desk: DeskUnderTest) -> None:
    found = draft(desk)
    assert found["schedules"] == {"hall": "政务服务大厅", "office": "人工服务"}
    arrows = found["draft"]["picture"]["arrows"]
    ways = {one["label"]: one["target"] for one in arrows if one["source"] == "in_hours"}
    assert ways == {"open": "connect", "closed": "offer_closed"}
    assert found["draft"]["findings"] == []


def test_a_flow_that_asks_for_a_schedule_that_is_not_there_is_not_published(
    desk: DeskUnderTest,
) -> None:
    visitor = desk.as_("editor")
    visitor.get("/flows/person/edit")
    found = visitor.get("/flows/person/draft").json["draft"]
    text = found["text"].replace("schedule: office", "schedule: offise")
    answer = visitor.client.post(
        "/flows/person/draft",
        json={"seq": found["seq"], "edits": [["text", text]], "what": "text", "subject": ""},
        headers={"X-CSRFToken": visitor.token},
    )
    stands = answer.json["draft"]
    assert stands["refused"]
    assert [one["node"] for one in stands["findings"]] == ["in_hours"]
    assert "offise" in stands["findings"][0]["text"]


@pytest.mark.browser
@NEEDS_CHROMIUM
def test_a_clerk_chooses_another_schedule_in_the_form(desk: DeskUnderTest, page: Any) -> None:
    sign_in(page, "editor", "/flows/person/edit")
    page.click("button.node[data-node=in_hours]")
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.select_option("select[data-focus=schedule]", "hall")
    assert "schedule: hall" in draft(desk)["draft"]["text"]
