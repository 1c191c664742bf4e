"""Call flows: read, checked, published, never overwritten silently."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from admin_web.flows.checks import Verdict, judge
from admin_web.flows.highlight import yaml
from call_flows import default_texts
from ivr.services import revisions
from tests.admin_web.builders import DeskUnderTest, Visitor

TEXT = default_texts()["bills"]
CHANGED = TEXT + "# one line more\n"


def publish(visitor: Visitor, text: str, base: str = "0", why: str = "why", **more: str):
    data = {"base": base, "text": text.replace("\n", "\r\n"), "message": why, **more}
    return visitor.post("/flows/bills/edit", data)


def test_every_delivered_flow_can_be_read(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor")
    page = visitor.get("/flows/").text
    for name in default_texts():
        assert f'"/flows/{name}"' in page
        assert visitor.get(f"/flows/{name}").status_code == 200
    assert visitor.get("/flows/nothing").status_code == 404


def test_a_published_flow_is_the_next_revision(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    assert publish(visitor, CHANGED).status_code == 302
    with desk.database.read() as session:
        row = revisions.newest_flow(session, "bills")
    assert row is not None
    assert (row.revision, row.text, row.author, row.message) == (1, CHANGED, "editor", "why")
    assert "one line more" in visitor.get("/flows/bills").text
    publish(visitor, TEXT, base="1", why="back again")
    old = visitor.get("/flows/bills/revisions/1").text
    assert "one line more" in old
    assert "old revision" in old
    assert visitor.get("/flows/bills/revisions/9").status_code == 404


def test_a_stale_edit_is_refused_with_the_difference(desk: DeskUnderTest) -> None:
    first, second = desk.as_("editor").english(), desk.as_("administrator").english()
    publish(first, CHANGED)
    answer = publish(second, TEXT + "# another line\n")
    assert answer.status_code == 409
    assert "<del>− # one line more</del>" in answer.text
    assert "<ins>+ # another line</ins>" in answer.text
    with desk.database.read() as session:
        row = revisions.newest_flow(session, "bills")
    assert row is not None
    assert row.text == CHANGED


def test_what_cannot_be_loaded_is_not_published_and_names_its_places(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    broken = TEXT.replace("start: ask_account", "start: nowhere").replace(
        "kind: menu", "kind: maze"
    )
    answer = publish(visitor, broken)
    assert answer.status_code == 422
    assert "flows.bills." in answer.text
    assert "maze" in answer.text
    with desk.database.read() as session:
        assert revisions.newest_flow(session, "bills") is None


def test_checking_publishes_nothing_and_tells_what_to_look_at(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    answer = publish(visitor, TEXT.replace("say: bill_menu", "say: no_such_prompt"), check="1")
    assert answer.status_code == 200
    assert "no_such_prompt" in answer.text.split("cannot be published")[1].split("<form")[0]
    with desk.database.read() as session:
        assert revisions.newest_flow(session, "bills") is None


def test_a_flow_that_would_fail_a_caller_is_not_published(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor")
    broken = TEXT.replace("say: bill_menu", "say: no_such_prompt")
    line = broken[: broken.index("no_such_prompt")].count("\n") + 1
    answer = publish(visitor, broken)
    assert answer.status_code == 422
    found = answer.text.split('class="findings"')[1].split("</ul>")[0]
    assert "没有提示语“no_such_prompt”" in html.unescape(found)
    assert f'data-line="{line}"' in found
    with desk.database.read() as session:
        assert revisions.newest_flow(session, "bills") is None


def test_an_error_brought_to_another_flow_refuses_a_text_too(desk: DeskUnderTest) -> None:
    """Where nobody is called any more, it is the menus of all others that stop working."""
    nobody = "spec_version: 1\nstart: bye\nnodes:\n  bye: {kind: hang_up}\n"
    visitor = desk.as_("editor").english()
    data = {"base": "0", "text": nobody, "message": "x"}
    answer = visitor.post("/flows/person/edit", data)
    assert answer.status_code == 422
    assert "key 0 does not reach a person here" in answer.text
    assert '"/flows/main#L' in answer.text
    with desk.database.read() as session:
        assert revisions.newest_flow(session, "person") is None


def test_a_warning_is_shown_and_does_not_keep_a_flow_from_callers(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    spare = TEXT.rstrip("\n") + "\n  nobody_comes_here: {kind: hang_up}\n"
    checked = publish(visitor, spare, check="1").text
    assert "It can be published. To look at:" in checked
    assert "no way leads to this node" in checked
    assert publish(visitor, spare).status_code == 302
    page = visitor.get("/flows/bills").text
    assert "no way leads to this node" in page
    assert re.search(r'href="#L(\d+)".*id="L\1"', page, re.DOTALL)


def test_a_flow_is_checked_again_where_another_was_published_meanwhile(
    desk: DeskUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor, seen = desk.as_("editor"), []

    def judged(session: Session, name: str, text: str, *more: object) -> Verdict:
        seen.append(name)
        if len(seen) == 1:
            with desk.database.begin() as other:
                revisions.publish_flow(
                    other,
                    "guides",
                    default_texts()["guides"] + "# also\n",
                    base=0,
                    author="somebody",
                    message="meanwhile",
                    now=desk.clock(),
                )
        return judge(session, name, text, *more)

    monkeypatch.setattr("admin_web.flows.checks.judge", judged)
    assert publish(visitor, CHANGED).status_code == 302
    assert seen == ["bills", "bills"]


def test_a_change_needs_a_word_about_it(desk: DeskUnderTest) -> None:
    answer = publish(desk.as_("editor").english(), CHANGED, why=" ")
    assert answer.status_code == 422
    assert "what you changed" in answer.text


@given(st.text(max_size=200))
def test_highlighting_changes_no_character_and_lets_no_markup_through(text: str) -> None:
    shown = _text_of(str(yaml(text)))
    numbers = [str(n) for n in range(1, len(text.splitlines()) + 1)]
    expected = "\n".join(n + line for n, line in zip(numbers, text.splitlines(), strict=True))
    assert shown == expected


def _text_of(marked: str) -> str:
    bare = re.sub(r'</?span(?: class="[a-z]")?(?: id="L[0-9]+")?>', "", marked)
    assert "<" not in bare
    assert ">" not in bare
    return html.unescape(bare)
