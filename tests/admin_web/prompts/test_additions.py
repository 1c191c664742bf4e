"""Prompts that staff make and delete; variants that staff make and remove."""

from __future__ import annotations

import pytest

from admin_web.flows.published import texts
from admin_web.prompts.published import published
from ivr.services import prompt_variants, revisions
from tests.admin_web.builders import DeskUnderTest, Visitor

NOTICE = {
    "prompt_id": "notice_holiday",
    "zh": "国庆放假。",
    "en": "We are away.",
    "note": "for May",
}


def make(visitor: Visitor, **changes: str):
    return visitor.post("/prompts/new", {**NOTICE, **changes})


def say_in_guides(desk: DeskUnderTest, old: str, new: str) -> None:
    """Publish the guides with one line changed."""
    with desk.app.app_context(), desk.database.begin() as session:
        before = texts(session)["guides"]
        newest = revisions.newest_flow(session, "guides")
        after = before.replace(old, new, 1)
        assert after != before
        revisions.publish_flow(
            session,
            "guides",
            after,
            base=newest.revision if newest else 0,
            author="li",
            message="x",
            now=desk.clock(),
        )


def there(desk: DeskUnderTest, prompt: str) -> bool:
    with desk.app.app_context(), desk.database.read() as session:
        return prompt in published(session)


def test_a_prompt_is_made_and_deleted_and_can_be_made_again(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    assert make(visitor).status_code == 302
    assert there(desk, "notice_holiday")
    assert make(visitor).status_code == 422  # there already
    assert visitor.post("/prompts/notice_holiday/delete").status_code == 302
    assert not there(desk, "notice_holiday")
    assert visitor.get("/prompts/notice_holiday").status_code == 404
    assert make(visitor, zh="元旦放假。").status_code == 302
    assert "元旦放假。" in visitor.get("/prompts/notice_holiday").text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"prompt_id": "Notice"}, "small letters"),
        ({"prompt_id": "variants"}, "small letters"),
        ({"prompt_id": "greeting"}, "of this name already"),
        ({"zh": ""}, "Fill this in"),
        ({"en": "Hello {"}, "cannot be spoken"),
    ],
)
def test_what_cannot_be_a_prompt_is_refused_beside_its_field(
    desk: DeskUnderTest, changes: dict[str, str], told: str
) -> None:
    answer = make(desk.as_("editor").english(), **changes)
    assert answer.status_code == 422
    assert told in answer.text
    assert "国庆放假。" in answer.text or "zh" in changes  # what was typed is still there


def test_a_prompt_in_use_is_not_deleted_and_the_places_are_told(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    make(visitor)
    say_in_guides(desk, "say: guides_menu", "say: notice_holiday")
    answer = visitor.post("/prompts/notice_holiday/delete")
    assert answer.status_code == 409
    assert "was not deleted" in answer.text
    assert "/flows/guides#L" in answer.text.split("was not deleted")[1].split("</div>")[0]
    assert there(desk, "notice_holiday")


def test_a_delivered_prompt_is_not_deleted(desk: DeskUnderTest) -> None:
    answer = desk.as_("editor").english().post("/prompts/greeting/delete")
    assert answer.status_code == 409
    assert "came with the line" in answer.text


def test_a_value_that_a_flow_does_not_fill_in_is_refused(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    make(visitor)
    say_in_guides(desk, "say: guides_menu", "say: notice_holiday")
    data = {"en-base": "1", "en-text": "Until {day:date}.", "en-message": "when"}
    answer = visitor.post("/prompts/notice_holiday/en", data)
    assert answer.status_code == 422
    assert "No call fills in “day”" in answer.text


def test_a_variant_is_made_named_and_removed_only_while_no_flow_speaks_it(
    desk: DeskUnderTest,
) -> None:
    visitor = desk.as_("editor").english()
    data = {"code": "north", "language": "zh-CN", "name_zh": "北乡话", "name_en": "Northern"}
    assert visitor.post("/prompts/variants", {**data, "code": "North"}).status_code == 422
    assert visitor.post("/prompts/variants", data).status_code == 302
    assert visitor.post("/prompts/variants", data).status_code == 422
    page = visitor.get("/prompts/variants").text
    assert "Northern" in page
    assert "nowhere" in page
    renamed = {"name_zh": "北片话", "name_en": "North dialect"}
    assert visitor.post("/prompts/variants/north", renamed).status_code == 302
    say_in_guides(desk, "start:", "variant: north\nstart:")
    refused = visitor.post("/prompts/variants/north/remove")
    assert refused.status_code == 409
    assert "/flows/guides" in refused.text.split("was not removed")[1].split("</div>")[0]
    say_in_guides(desk, "variant: north\n", "")
    assert visitor.post("/prompts/variants/north/remove").status_code == 302
    with desk.database.read() as session:
        assert prompt_variants.all_variants(session) == []
    assert visitor.get("/prompts/variants/north").status_code == 404
