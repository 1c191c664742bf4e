"""Revisions compared and brought back, three texts merged, files taken out and brought in."""

from __future__ import annotations

import html
import io

from hypothesis import given
from hypothesis import strategies as st

from admin_web.flows.merging import merged, parts
from call_flows import default_texts
from ivr.services import revisions
from tests.admin_web.builders import DeskUnderTest
from tests.admin_web.flows.editing import Editor

MAIN = default_texts()["main"]
GUIDES = default_texts()["guides"]


def newest(desk: DeskUnderTest, name: str = "main") -> str | None:
    with desk.database.read() as session:
        row = revisions.newest_flow(session, name)
    return row.text if row else None


def publish(editor: Editor, text: str, why: str = "why") -> None:
    editor.edit(["text", text], what="text")
    assert editor.publish(why).status_code == 200
    editor.draft = editor.get("draft").get_json()["draft"]


def test_two_revisions_are_compared_by_node_and_by_line(desk: DeskUnderTest) -> None:
    editor = Editor(desk)
    publish(editor, MAIN.replace("no_input_timeout: 4s", "no_input_timeout: 5s"))
    publish(editor, MAIN + "\n  spare: {kind: hang_up}\n")
    page = html.unescape(editor.visitor.get("/flows/main/compare?old=1&new=2").text)
    assert "<code>spare</code>" in page
    assert "<code>greeting</code>" in page
    assert "<del>−     no_input_timeout: 5s</del>" in page
    assert "same" in editor.visitor.get("/flows/main/compare?old=0&new=0").text
    assert editor.visitor.get("/flows/nothing/compare").status_code == 404


def test_rolling_back_publishes_the_former_text_as_a_new_revision(desk: DeskUnderTest) -> None:
    editor = Editor(desk)
    changed = MAIN.replace("no_input_timeout: 4s", "no_input_timeout: 5s")
    publish(editor, changed)
    assert editor.visitor.post("/flows/main/revisions/0/restore").status_code == 302
    assert newest(desk) == MAIN
    editor.visitor.post("/flows/main/revisions/1/restore", {"message": "it was better"})
    assert newest(desk) == changed
    with desk.database.read() as session:
        rows = revisions.flow_history(session, "main")
    assert [row.message for row in rows] == ["it was better", "Back to as delivered", "why"]
    assert editor.visitor.post("/flows/main/revisions/9/restore").status_code == 404


def test_a_former_text_that_does_not_fit_any_more_is_not_brought_back(desk: DeskUnderTest) -> None:
    editor, guides = Editor(desk), Editor(desk, "guides")
    publish(guides, GUIDES + "\n  parks: {kind: say, say: greeting, then: menu}\n")
    publish(editor, MAIN.replace('"5": {goto: guides}', '"5": {goto: guides.parks}'))
    answer = editor.visitor.post("/flows/guides/revisions/0/restore")
    assert answer.status_code == 422
    assert "guides.parks" in answer.text or "parks" in answer.text
    assert "parks" in (newest(desk, "guides") or "")


def test_a_stale_draft_takes_in_what_was_published_elsewhere_in_the_text(
    desk: DeskUnderTest,
) -> None:
    mine, theirs = Editor(desk), Editor(desk, who="administrator")
    mine.edit(["text", MAIN + "\n  spare: {kind: hang_up}\n"], what="text")
    publish(theirs, MAIN.replace("no_input_timeout: 4s", "no_input_timeout: 7s"), "longer")
    page = mine.visitor.get("/flows/main/merge").text
    assert "longer" in page
    assert 'type="radio"' not in page
    seq = str(mine.draft["seq"])
    answer = mine.visitor.post("/flows/main/merge", {"seq": seq, "newest": "1"})
    assert answer.headers["Location"] == "/flows/main/edit"
    draft = mine.get("draft").get_json()["draft"]
    assert "spare" in draft["nodes"]
    assert draft["nodes"]["greeting"]["no_input_timeout"] == "7s"
    assert not draft["stale"]
    mine.draft = draft
    assert mine.publish().status_code == 200


def test_where_both_changed_the_same_line_the_clerk_chooses(desk: DeskUnderTest) -> None:
    for choice, timeout in (("theirs", "7s"), ("mine", "9s")):
        mine, theirs = Editor(desk), Editor(desk, who="administrator")
        base = mine.draft["text"]
        old = mine.draft["nodes"]["greeting"]["no_input_timeout"]
        mine.edit(["text", base.replace(f"timeout: {old}", "timeout: 9s")], what="text")
        publish(theirs, base.replace(f"timeout: {old}", "timeout: 7s"))
        page = mine.visitor.get("/flows/main/merge").text
        name = page.split('type="radio" name="')[1].split('"')[0]
        number = page.split('name="newest" value="')[1].split('"')[0]
        data = {"seq": str(mine.draft["seq"]), "newest": number, name: choice}
        assert mine.visitor.post("/flows/main/merge", data).status_code == 302
        draft = mine.get("draft").get_json()["draft"]
        assert draft["nodes"]["greeting"]["no_input_timeout"] == timeout
        mine.visitor.post("/flows/main/draft/discard")
        publish(theirs, base)


def test_words_that_somebody_published_meanwhile_are_chosen_too(desk: DeskUnderTest) -> None:
    mine, theirs = Editor(desk), Editor(desk, who="administrator")
    mine.edit(["words", "greeting", {"en": "Mine."}], what="words")
    theirs.edit(["words", "greeting", {"en": "Theirs."}], what="words")
    assert theirs.publish().status_code == 200
    assert mine.publish().status_code == 409
    page = mine.visitor.get("/flows/main/merge").text
    assert "Theirs." in page
    assert "Mine." in page
    data = {"seq": str(mine.draft["seq"]), "newest": "0", "word-greeting-en": "mine"}
    mine.visitor.post("/flows/main/merge", data)
    mine.draft = mine.get("draft").get_json()["draft"]
    assert mine.publish().status_code == 200
    with desk.database.read() as session:
        assert revisions.newest_prompts(session)["greeting", "en"].text == "Mine."


_lines = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "d\n"]), max_size=8).map("".join)


@given(_lines, _lines)
def test_a_merge_with_nothing_published_is_the_draft_and_the_other_way_round(
    base: str, changed: str
) -> None:
    assert merged(parts(base, base, changed), {}) == changed
    assert merged(parts(base, changed, base), {}) == changed
    assert merged(parts(base, changed, changed), {}) == changed


def test_a_flow_goes_out_as_a_file_and_comes_in_as_a_draft(desk: DeskUnderTest) -> None:
    editor = Editor(desk, "guides")
    file = editor.visitor.get("/flows/guides/export.yaml")
    assert file.text == GUIDES
    assert 'filename="guides.yaml"' in file.headers["Content-Disposition"]
    changed = file.data + b"\n  parks: {kind: say, say: greeting, then: menu}\n"
    answer = editor.visitor.post(
        "/flows/-/new",
        {"bring": "1", "file-file": (io.BytesIO(changed), "guides.yaml")},
        content_type="multipart/form-data",
    )
    assert answer.headers["Location"] == "/flows/guides/edit"
    assert "parks" in Editor(desk, "guides").draft["nodes"]
    assert newest(desk, "guides") is None


def test_a_file_that_is_no_flow_is_refused_in_words(desk: DeskUnderTest) -> None:
    visitor = Editor(desk).visitor
    for data, name in ((b"\xff\xfe", "a.yaml"), (b"", "a.yaml"), (b"a: 1", "Not A Name.yaml")):
        answer = visitor.post(
            "/flows/-/new",
            {"bring": "1", "file-file": (io.BytesIO(data), name)},
            content_type="multipart/form-data",
        )
        assert answer.status_code == 422
        assert 'class="errors"' in answer.text


def test_a_new_flow_begins_as_a_draft_that_can_be_published(desk: DeskUnderTest) -> None:
    visitor = Editor(desk).visitor
    data = {"new-name": "parks", "new-title_zh": "公园：开放", "new-title_en": "Parks"}
    assert visitor.post("/flows/-/new", data).headers["Location"] == "/flows/parks/edit"
    parks = Editor(desk, "parks")
    assert parks.draft["head"]["title"] == {"zh-CN": "公园：开放", "en": "Parks"}
    assert parks.publish("begun").status_code == 200
    assert visitor.get("/flows/parks").status_code == 200
    answer = visitor.post("/flows/-/new", data)
    assert answer.status_code == 422
    assert "already" in answer.text
