"""The draft of a flow: every edit kept and checked, published with its words or not at all."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from call_flows import default_texts
from ivr.records.tables import StepDay
from ivr.services import flow_drafts, prompt_additions, revisions
from tests.admin_web.builders import DeskUnderTest
from tests.admin_web.flows.editing import Editor

MAIN = default_texts()["main"]


def menu(editor: Editor, **changed: Any) -> dict[str, Any]:
    return {**editor.draft["nodes"]["menu"], **changed}


def with_notice(editor: Editor) -> None:
    """Key 6 of the main menu plays a new notice."""
    choices = {**editor.draft["nodes"]["menu"]["choices"], "6": "notice"}
    answer = editor.edit(
        ["words", "main_notice", {"zh-CN": "公园周末免费。", "en": "The park is free."}],
        ["put", "notice", {"kind": "say", "say": "main_notice", "then": "menu"}, "menu"],
        ["put", "menu", menu(editor, choices=choices)],
        what="add",
    )
    assert answer.status_code == 200, answer.text


def test_everything_a_page_begins_with_comes_at_once(desk: DeskUnderTest) -> None:
    editor = Editor(desk)
    found = editor.everything
    assert found["draft"]["text"] == MAIN
    assert [one["node"] for one in found["draft"]["picture"]["shapes"]] == [
        "greeting",
        "mandarin",
        "english",
        "menu",
    ]
    assert found["catalogue"]["greeting"]["texts"]["en"]
    assert "nodes" in found["flows"]["bills"]
    amount = found["services"]["bills.find"]["outcomes"]["found"][2]
    assert (amount["name"], amount["type"], amount["example"]) == ("amount", "money", "128.50")
    assert not found["draft"]["changed"]


def test_picture_nodes_and_text_of_an_edit_agree(desk: DeskUnderTest) -> None:
    editor = Editor(desk)
    with_notice(editor)
    draft = editor.draft
    assert draft["nodes"]["notice"]["then"] == "menu"
    assert {"source": "menu", "label": "6", "target": "notice"}.items() <= next(
        one for one in draft["picture"]["arrows"] if one["label"] == "6"
    ).items()
    assert '      "6": notice\n' in draft["text"]
    assert "# 两种语言都问候" in draft["text"]
    assert draft["findings"] == []


def test_an_edit_is_one_step_to_undo_words_included(desk: DeskUnderTest) -> None:
    editor = Editor(desk)
    with_notice(editor)
    assert editor.draft["undo"][0] == "add"
    undone = editor.do("undo")
    assert undone["text"] == MAIN
    assert undone["words"] == {}
    assert not undone["changed"]
    again = editor.do("redo")
    assert "main_notice" in again["words"]


def test_a_draft_is_there_again_in_another_browser(desk: DeskUnderTest) -> None:
    with_notice(Editor(desk))
    assert "notice" in Editor(desk).draft["nodes"]
    other = Editor(desk, who="administrator")
    assert "notice" not in other.draft["nodes"]
    assert [one["author"] for one in other.draft["others"]] == ["editor"]
    assert "main" in desk.as_("editor").get("/flows/").text


def test_every_finding_names_its_node(desk: DeskUnderTest) -> None:
    editor = Editor(desk)
    editor.edit(["put", "menu", menu(editor, say="no_such_prompt")])
    (found,) = [one for one in editor.draft["findings"] if one["severity"] == "error"]
    assert found["node"] == "menu"
    assert editor.draft["refused"]
    assert editor.publish().status_code == 422


def test_what_cannot_be_read_is_kept_and_told_with_its_line(desk: DeskUnderTest) -> None:
    editor = Editor(desk)
    broken = MAIN.replace("  menu:\n", "  menu: [\n")
    editor.edit(["text", broken], what="text")
    assert editor.draft["text"] == broken
    assert not editor.draft["drawable"]
    assert editor.draft["findings"][0]["line"] > 0
    assert Editor(desk).draft["text"] == broken


def test_a_node_that_is_half_written_is_drawn(desk: DeskUnderTest) -> None:
    editor = Editor(desk)
    editor.edit(["put", "half", {"kind": "say"}])
    assert "half" in {one["node"] for one in editor.draft["picture"]["shapes"]}
    assert {one["node"] for one in editor.draft["findings"]} == {"half"}


def test_flow_and_words_are_published_together(desk: DeskUnderTest) -> None:
    editor = Editor(desk)
    with_notice(editor)
    editor.edit(["words", "greeting", {"zh-CN": "您好，西山区民声热线。"}], what="words")
    answer = editor.publish("park").get_json()
    assert answer["revision"] == 1
    with desk.database.read() as session:
        flow = revisions.newest_flow(session, "main")
        words = revisions.newest_prompts(session)
        added = prompt_additions.present(session)
    assert flow is not None
    assert (flow.text, flow.author, flow.message) == (editor.draft["text"], "editor", "park")
    assert words["main_notice", "en"].text == "The park is free."
    assert words["greeting", "zh-CN"].text == "您好，西山区民声热线。"
    assert "main_notice" in added
    assert not Editor(desk).draft["changed"]


def test_words_alone_make_no_revision_of_the_flow(desk: DeskUnderTest) -> None:
    editor = Editor(desk)
    editor.edit(["words", "greeting", {"en": "Good day."}], what="words")
    assert editor.publish().status_code == 200
    with desk.database.read() as session:
        assert revisions.newest_flow(session, "main") is None
        assert revisions.newest_prompts(session)["greeting", "en"].text == "Good day."


@pytest.mark.parametrize(
    ("text", "told"),
    [("", "empty"), ("Due {when:nonsense}", "nonsense"), ("{amount:money} is due", "amount")],
)
def test_words_that_cannot_be_said_are_not_published(
    desk: DeskUnderTest, text: str, told: str
) -> None:
    editor = Editor(desk)
    editor.edit(["words", "greeting", {"en": text}], what="words")
    assert editor.draft["refused"]
    assert told in " ".join(one["text"] for one in editor.draft["findings"])
    assert editor.publish().status_code == 422
    with desk.database.read() as session:
        assert revisions.newest_prompts(session) == {}


def test_an_edit_from_a_second_window_is_not_lost_silently(desk: DeskUnderTest) -> None:
    first, second = Editor(desk), Editor(desk)
    first.edit(["put", "menu", menu(first, no_input_timeout="9s")])
    answer = second.edit(["put", "menu", menu(second, no_input_timeout="3s")])
    assert answer.status_code == 409
    assert answer.get_json()["draft"]["nodes"]["menu"]["no_input_timeout"] == "9s"


def test_a_message_is_asked_for(desk: DeskUnderTest) -> None:
    editor = Editor(desk)
    with_notice(editor)
    assert editor.publish("  ").status_code == 422


def test_a_stale_draft_is_sent_to_the_comparison(desk: DeskUnderTest) -> None:
    mine, theirs = Editor(desk), Editor(desk, who="administrator")
    with_notice(mine)
    theirs.edit(["put", "greeting", {**theirs.draft["nodes"]["greeting"], "back": "menu"}])
    assert theirs.publish().status_code == 200
    answer = mine.publish()
    assert answer.status_code == 409
    assert answer.get_json()["merge"] == "/flows/main/merge"
    assert Editor(desk).draft["stale"]


def test_a_draft_can_be_thrown_away(desk: DeskUnderTest) -> None:
    editor = Editor(desk)
    with_notice(editor)
    assert editor.visitor.post("/flows/main/draft/discard").status_code == 302
    assert Editor(desk).draft["text"] == MAIN


def test_numbers_stand_on_nodes(desk: DeskUnderTest) -> None:
    with desk.database.begin() as session:
        session.add(
            StepDay(
                day=desk.clock().date().replace(day=21),
                called="",
                entry="main",
                flow="main",
                node="menu",
                kind="menu",
                outcome="match",
                steps=12,
                abandoned=4,
            )
        )
    assert Editor(desk).get("numbers").get_json() == {"menu": {"now": 0, "passed": 12, "left": 4}}
    # Who may see calls is led to them.
    shown = Editor(desk, who="administrator").get("numbers").get_json()["menu"]["left_at"]
    query = parse_qs(urlsplit(shown).query)
    assert query["place"] == ["main.menu"]
    assert query["outcome"] == ["abandoned"]
    assert query["first_day"] == query["last_day"] == ["2026-11-21"]


def test_hearing_says_what_is_being_typed_and_why_it_cannot(desk: DeskUnderTest) -> None:
    editor = Editor(desk)
    asked = {"prompt": "greeting", "language": "en", "text": "Hello {x:nonsense}"}
    answer = editor.send("hear", asked)
    assert answer.status_code == 422
    answer = editor.send("hear", {**asked, "text": "Hello"})
    assert answer.status_code == 503  # no voice runs beside this desk
    assert editor.send("hear", {**asked, "language": "fr"}).status_code == 400


_junk = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=10,
)
_kinds = st.sampled_from(["put", "remove", "rename", "copy", "head", "text", "words", "nonsense"])


@pytest.fixture
def editor(desk: DeskUnderTest) -> Editor:
    """Signed in once for all examples: a password takes longer than they do."""
    return Editor(desk)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(edits=st.lists(st.tuples(_kinds, _junk, _junk).map(list), max_size=2), junk=_junk)
def test_no_edit_whatever_makes_the_page_fail(editor: Editor, edits: list[Any], junk: Any) -> None:
    editor.draft = editor.get("draft").get_json()["draft"]
    assert editor.edit(*edits).status_code in (200, 400, 422)
    assert editor.send("draft", junk).status_code in (400, 409)
    assert editor.send("draft/publish", junk).status_code in (400, 409)
    assert editor.send("try", junk).status_code == 400
    assert editor.get("draft").get_json()["draft"]["name"] == "main"


def test_a_node_renamed_here_is_renamed_in_the_flows_that_lead_to_it_and_published_together(
    desk: DeskUnderTest,
) -> None:
    editor = Editor(desk)
    leading = editor.draft["led_here"]["menu"]
    assert {"line", "bills"} <= {one["flow"] for one in leading}
    assert all(one["line"] > 0 for one in leading)
    assert editor.edit(["rename", "menu", "main_menu"], what="rename").status_code == 200
    # Without the others it cannot be published: callers would be led nowhere.
    assert editor.draft["refused"]
    answer = editor.send("draft/lead", {"from": "menu", "to": "main_menu"}).get_json()
    editor.draft = answer["draft"]
    assert "line" in answer["told"]
    assert not editor.draft["refused"]
    assert set(editor.draft["together"]) == {one["flow"] for one in leading}
    assert "menu" not in editor.draft["led_here"]
    assert Editor(desk, "bills").draft["together"] == ["main"]  # told on their pages, too
    assert editor.publish().status_code == 200
    with desk.database.read() as session:
        texts = {name: row.text for name, row in revisions.newest_flows(session).items()}
        left = flow_drafts.of_author(session, "editor")
    assert set(texts) == {"main", *editor.draft["together"]}
    assert "home: {goto: main.main_menu}         # 主菜单" in texts["line"]
    assert left == []


def test_a_flow_published_meanwhile_stops_all_that_go_together(desk: DeskUnderTest) -> None:
    editor = Editor(desk)
    editor.edit(["rename", "menu", "main_menu"], what="rename")
    editor.draft = editor.send("draft/lead", {"from": "menu", "to": "main_menu"}).get_json()[
        "draft"
    ]
    other = Editor(desk, "bills", who="administrator")
    other.edit(["head", {"title": {"zh-CN": "账单", "en": "Bills, too"}}], what="head")
    assert other.publish().status_code == 200
    assert editor.publish().status_code == 409
    with desk.database.read() as session:
        assert set(revisions.newest_flows(session)) == {"bills"}
