"""The way of a call on the pictures of its flows: the arrows taken, the revision then in force."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby, pairwise
from typing import Any

import pytest

from call_flows import Session, default_texts, load
from call_flows.instructions import (
    CallerHungUp,
    CallFacts,
    Digits,
    Instruction,
    LookupResult,
    Play,
    PlaybackFinished,
    TransferEnded,
)
from ivr.records.tables import AuditEntry
from ivr.services import revisions
from tests.admin_web.browsing import NEEDS_CHROMIUM, sign_in
from tests.admin_web.builders import DeskUnderTest, add_call

BILL = {
    "account": "880456",
    "kind": "water",
    "amount": Decimal("36.00"),
    "due": date(2026, 12, 5),
    "state": "unpaid",
    "count": 1,
}


def walked() -> list[tuple[str, str, str, str, str]]:
    """The steps of a real call: a bill behind a code, back to the menu, a person, the end."""
    session = Session(load(default_texts()), "main")
    steps: list[tuple[str, str, str, str, str]] = []

    def until_it_waits(told: list[Instruction]) -> None:
        while True:
            steps.extend(
                (one.flow, one.node, one.kind, one.given, one.outcome)
                for one in session.take_steps()
            )
            if not told or not isinstance(told[-1], Play):
                return
            told = session.resume(PlaybackFinished())

    until_it_waits(session.start(CallFacts("13800138000", "12345")))
    for given in (
        *(Digits("1"), Digits("1"), Digits("880456", "#")),
        *(LookupResult("code_needed", {}), Digits("4321", "#"), LookupResult("found", BILL)),
        *(Digits("*"), Digits("0"), TransferEnded("no_answer"), CallerHungUp()),
    ):
        until_it_waits(session.resume(given))
    return steps


def way(desk: DeskUnderTest, call_id: str, role: str = "supervisor") -> dict[str, Any]:
    answer = desk.as_(role).english().get(f"/calls/{call_id}/path")
    assert answer.status_code == 200
    found: Any = answer.json
    assert isinstance(found, dict)
    return found


def arrow(found: dict[str, Any], n: int) -> dict[str, Any]:
    step = found["steps"][n]
    taken: dict[str, Any] = found["flows"][step["flow"]]["arrows"][step["arrow"]]
    return taken


def test_every_arrow_of_a_real_call_leads_from_the_node_it_left_to_the_next(
    desk: DeskUnderTest,
) -> None:
    add_call(desk, steps=walked())
    found = way(desk, "call-1")
    steps = found["steps"]
    assert [flow for flow, _ in groupby(step["flow"] for step in steps)] == [
        *("main", "bills", "main", "person")
    ]
    for n, (step, following) in enumerate(pairwise(steps)):
        taken = arrow(found, n)
        assert taken["source"] == step["node"]
        if following["flow"] == step["flow"]:
            assert taken["target"] == following["node"]
        else:
            assert taken["sign"]
    assert steps[-1]["arrow"] == -1
    assert "caller hung up" in found["ended"].lower()


def test_keys_name_the_arrow_where_several_lead_to_the_same_place(desk: DeskUnderTest) -> None:
    add_call(desk, steps=walked())
    found = way(desk, "call-1")
    nodes = [step["node"] for step in found["steps"]]
    assert arrow(found, nodes.index("menu"))["label"] == "1"
    assert arrow(found, nodes.index("look_up"))["label"] == "code needed"


def test_secret_digits_are_masked_on_the_picture_too(desk: DeskUnderTest) -> None:
    add_call(desk, steps=walked())
    answer = desk.as_("supervisor").english().get("/calls/call-1/path")
    assert "4321" not in answer.text
    found: Any = answer.json
    [step] = [one for one in found["steps"] if one["node"] == "ask_code"]
    assert step["keys"] == "****"
    assert "secret" in step["sentence"]


def test_numbers_are_masked_for_who_need_not_know_them(desk: DeskUnderTest) -> None:
    add_call(desk, steps=walked())
    keyed = [one["keys"] for one in way(desk, "call-1", "auditor")["steps"] if one["keys"]]
    assert "880456" not in keyed
    assert any("*" in one and one not in ("*", "****") for one in keyed)


def publish(desk: DeskUnderTest, base: int, old: str, new: str) -> None:
    text = default_texts()["bills"]
    assert old in text
    with desk.database.begin() as session:
        revisions.publish_flow(
            session,
            "bills",
            text.replace(old, new),
            base=base,
            author="editor",
            message="another name",
            now=desk.clock(),
        )


def test_the_picture_is_of_the_revision_that_was_in_force(desk: DeskUnderTest) -> None:
    add_call(desk, steps=walked())
    publish(desk, 0, "ask_code", "ask_secret")
    desk.clock.move(minutes=10)
    add_call(desk, "later", steps=walked())
    before, after = way(desk, "call-1")["flows"]["bills"], way(desk, "later")["flows"]["bills"]
    assert (before["revision"], before["in_force"]) == (0, False)
    assert (after["revision"], after["in_force"]) == (1, True)
    assert "ask_code" in [shape["node"] for shape in before["shapes"]]
    named = [shape["node"] for shape in after["shapes"]]
    assert "ask_secret" in named
    assert "ask_code" in named, "a node that was visited and is in no text is put in"


def test_the_revision_a_call_began_with_counts_whatever_the_clocks_say(
    desk: DeskUnderTest,
) -> None:
    publish(desk, 0, "ask_code", "ask_secret")
    moment = desk.clock() + timedelta(seconds=1)
    with desk.database.read() as session:
        assert revisions.flows_at(session, moment)["bills"].revision == 1
        assert "bills" not in revisions.flows_at(session, moment, flow="bills", revision=0)
        early = desk.clock() - timedelta(days=1)
        assert revisions.flows_at(session, early) == {}
        assert revisions.flows_at(session, early, flow="bills", revision=1)["bills"].revision == 1


def test_looking_at_the_picture_is_noted_as_opening_the_call(desk: DeskUnderTest) -> None:
    add_call(desk)
    way(desk, "call-1")
    with desk.database.read() as session:
        noted = session.query(AuditEntry).filter(AuditEntry.what == "call_opened").all()
    assert [entry.record for entry in noted] == ["call call-1"]


@pytest.mark.parametrize("path", ["/calls/nobody/path"])
def test_a_call_that_is_not_there_has_no_way(desk: DeskUnderTest, path: str) -> None:
    assert desk.as_("supervisor").get(path).status_code == 404


@NEEDS_CHROMIUM
def test_the_way_is_walked_by_keyboard_and_by_playing(desk: DeskUnderTest, page: Any) -> None:
    steps = walked()
    add_call(desk, steps=steps)
    last = f".node.here[data-node={steps[-1][1]}] .end"
    to_person = next(n for n, step in enumerate(steps) if step[0] == "person")
    sign_in(page, "supervisor", "/calls/call-1")
    page.wait_for_selector("[data-way][data-ready]", timeout=60_000)
    told = page.locator("[data-told]")
    # It opens where the call ended.
    page.locator(last).wait_for()
    slider = page.locator("[data-at]")
    slider.focus()
    page.keyboard.press("Home")
    page.locator(".node.here[data-node=greeting]").wait_for()
    assert page.locator(".node.walked").count() == 1
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.locator(".node.here[data-node=ask_account]").wait_for()
    assert "ask_account" in told.inner_text()
    assert "880456" in slider.get_attribute("aria-valuetext")
    # The stages lead to each flow in turn.
    page.click("[data-stages] li:nth-child(4) button")
    page.locator(f".node.here[data-node={steps[to_person][1]}]").wait_for()
    page.click("[data-back]")
    page.locator(".node.here[data-node=menu]").wait_for()
    labels = page.locator("text.label.walked, text.label.now").all_text_contents()
    assert "1" in " ".join(labels)
    page.click("[data-run]")
    page.locator(last).wait_for(timeout=60_000)
