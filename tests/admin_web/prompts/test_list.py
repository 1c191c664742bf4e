"""The list of prompts: what a clerk sees of each, and what can be asked for."""

from __future__ import annotations

from admin_web.prompts.lengths import Measure
from admin_web.prompts.published import delivered, published
from admin_web.prompts.uses import uses
from ivr.services import prompt_numbers, revisions
from prompts.compose import compose
from prompts.engines import available
from prompts.store import ClauseStore
from tests.admin_web.builders import DeskUnderTest, make_desk
from tests.admin_web.prompts.test_takes import listed, upload


def test_each_prompt_has_a_number_that_stays_and_finds_it(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor")
    first = visitor.get("/prompts/").text
    with desk.database.read() as session:
        numbers = prompt_numbers.numbers(session)
    with desk.app.app_context():
        assert set(numbers) == {prompt.id for prompt in delivered()}
    assert sorted(numbers.values()) == list(range(101, 101 + len(numbers)))
    assert f">{numbers['goodbye']}</td>" in first
    assert listed(visitor.get(f"/prompts/?text={numbers['goodbye']}").text) >= {"goodbye"}
    visitor.get("/prompts/")
    with desk.database.read() as session:
        assert prompt_numbers.numbers(session) == numbers


def test_the_filters_find_what_needs_work(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    assert listed(visitor.get("/prompts/?shown=missing").text) == set()
    with desk.database.begin() as session:
        revisions.publish_prompt(
            session, "notice", "zh-CN", "停水。", base=0, author="li", message="", now=desk.clock()
        )
    upload(desk, visitor, speaker="王芳")
    assert listed(visitor.get("/prompts/?shown=missing").text) == {"notice"}
    assert "notice" in listed(visitor.get("/prompts/?shown=unused").text)
    assert "greeting" not in listed(visitor.get("/prompts/?shown=unused").text)
    assert listed(visitor.get("/prompts/?shown=added").text) == {"notice"}
    page = visitor.get("/prompts/?shown=recorded").text
    assert listed(page) == {"greeting"}
    assert "王芳" in page


def test_no_delivered_prompt_that_a_flow_says_is_called_unused(desk: DeskUnderTest) -> None:
    with desk.app.test_request_context(), desk.database.read() as session:
        catalogue = published(session)
        found = uses(session, catalogue)
    assert {"greeting", "please_wait", "internal_error", "phrase.unpaid"} <= set(found)
    places = {use.place for use in found["bill_found"]}
    assert any(place.startswith("bills.") for place in places)
    assert all(use.address.startswith("/flows/") for use in found["bill_found"])
    assert "/prompts/bill_found" in {use.address for use in found["phrase.unpaid"]}


def test_a_length_is_measured_where_it_is_rendered_and_else_reckoned(desk: DeskUnderTest) -> None:
    with desk.app.test_request_context(), desk.database.read() as session:
        catalogue = published(session)
        measure = Measure(("zh-CN", "en"))
        reckoned = measure.length(catalogue, "greeting", "zh-CN")
        assert reckoned is not None
        assert reckoned.about
        assert 1 < reckoned.seconds < 6
        (clause,) = compose(catalogue, "greeting", "zh-CN", {})
        ClauseStore(desk.state_dir / "clauses").put(clause.key(""), b"\xff" * 12_000)
        measured = measure.length(catalogue, "greeting", "zh-CN")
        assert measured is not None
        assert (measured.seconds, measured.about) == (1.5, False)


def test_every_voice_is_listed_with_licence_and_limits_in_both_languages(
    desk: DeskUnderTest,
) -> None:
    english = desk.as_("editor").english().get("/prompts/").text
    assert "leaves the building" in english
    assert "CC BY-NC-SA 4.0" in english
    chinese = desk.as_("editor").get("/prompts/").text.split('id="voices"')[1]
    assert "离开本单位" in chinese
    for status in available():
        assert str(status.limits) not in chinese  # none was left in English


def test_the_online_voice_is_announced_above_the_list_while_it_speaks(tmp_path) -> None:
    desk = make_desk(tmp_path, voice_of=lambda language: f"gtts-{language}.0123")
    page = desk.as_("editor").english().get("/prompts/").text
    assert "The online voice gTTS speaks" in page.split("<form")[2]
