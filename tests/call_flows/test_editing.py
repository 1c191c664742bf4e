"""Edits of a flow's text: what was meant is changed, and nothing else."""

from __future__ import annotations

import copy
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from call_flows import FlowError, default_texts, load
from call_flows.editing import (
    EditError,
    contents,
    copy_node,
    lead_elsewhere,
    leads,
    nodes_of,
    put_head,
    put_node,
    remove_node,
    rename_node,
    replace,
)

TEXTS = default_texts()
BILLS = TEXTS["bills"]
MAIN = TEXTS["main"]


def changed_lines(old: str, new: str) -> tuple[list[str], list[str]]:
    """Lines that went and lines that came, as a reader of a diff sees them."""
    before, after = old.splitlines(), new.splitlines()
    return [one for one in before if one not in after], [one for one in after if one not in before]


@pytest.mark.parametrize("name", TEXTS)
def test_writing_what_stands_there_changes_no_character(name: str) -> None:
    assert replace(TEXTS[name], contents(TEXTS[name])) == TEXTS[name]


def test_a_changed_word_changes_its_line_alone() -> None:
    node = {**nodes_of(BILLS)["ask_account"], "max_digits": "12"}
    assert changed_lines(BILLS, put_node(BILLS, "ask_account", node)) == (
        ["    max_digits: 20"],
        ["    max_digits: 12"],
    )


def test_a_new_key_of_a_menu_is_one_line_behind_the_others() -> None:
    node = copy.deepcopy(nodes_of(MAIN)["menu"])
    node["choices"]["6"] = "notice"
    edited = put_node(MAIN, "menu", node)
    assert changed_lines(MAIN, edited) == ([], ['      "6": notice'])
    assert edited.endswith('      "5": {goto: guides}\n      "6": notice\n')


def test_a_new_node_stands_behind_the_one_named_with_a_blank_line_between() -> None:
    edited = put_node(
        BILLS, "notice", {"kind": "say", "say": "greeting", "then": "after"}, after="locked"
    )
    assert list(nodes_of(edited))[5] == "notice"
    block = "\n\n  notice: {kind: say, say: greeting, then: after}\n\n  tell:\n"
    assert block in edited


def test_a_node_goes_with_the_comment_above_it_and_no_other() -> None:
    edited = remove_node(BILLS, "ask_code")
    gone, came = changed_lines(BILLS, edited)
    assert came == []
    assert gone[0].startswith("  # 密码不进任何记录")
    assert "ask_code" not in nodes_of(edited)
    edited = remove_node(BILLS, "look_up")
    assert "# 密码不进任何记录" in edited
    assert "\n\n\n" not in edited


def test_the_last_node_stays() -> None:
    one = "spec_version: 1\nstart: a\nnodes:\n  a: {kind: hang_up}\n"
    with pytest.raises(EditError, match="last node"):
        remove_node(one, "a")


def test_a_rename_takes_every_way_along() -> None:
    edited = rename_node(BILLS, "look_up", "search")
    assert "look_up" not in edited
    assert edited.count("search") == BILLS.count("look_up")
    complaint = rename_node(TEXTS["complaint"], "file_unfinished", "keep_it")
    assert "hang_up: keep_it      # 录了音就挂机" in complaint


def test_a_rename_leaves_words_alone_that_only_look_like_the_node() -> None:
    outages = rename_node(TEXTS["outages"], "none", "nothing_now")
    assert "say:\n      - {prompt: outages_none" in outages
    assert "      none: nothing_now\n" in outages  # the outcome keeps its name
    person = rename_node(TEXTS["person"], "speak", "leave_message")
    assert 'choices:\n      "1": leave_message' in person


def test_a_copy_keeps_the_comments_of_what_is_copied() -> None:
    text = BILLS.replace("    into: account\n", "    into: account   # the number on the bill\n")
    edited = copy_node(text, "ask_account", "ask_again")
    assert edited.count("# the number on the bill") == 2
    assert nodes_of(edited)["ask_again"] == nodes_of(edited)["ask_account"]
    assert copy_node(MAIN, "english", "french").count("then: menu") == 3


def test_a_comment_behind_a_value_stays_when_the_value_changes() -> None:
    complaint = TEXTS["complaint"]
    node = {**nodes_of(complaint)["confirm"], "clear_type_ahead": "false"}
    edited = put_node(complaint, "confirm", node)
    assert re.search(r"clear_type_ahead: false +# 录音时误按的键不算", edited)


def test_a_list_of_what_is_said_changes_by_the_line() -> None:
    node = copy.deepcopy(nodes_of(MAIN)["greeting"])
    node["say"].insert(1, "closing_notice")
    edited = put_node(MAIN, "greeting", node)
    assert changed_lines(MAIN, edited) == ([], ["      - closing_notice"])


def test_the_flow_itself_can_be_set() -> None:
    edited = put_head(BILLS, {"start": "look_up", "back": None})
    assert changed_lines(BILLS, edited) == (
        ["start: ask_account", "back: {goto: main.menu}"],
        ["start: look_up"],
    )


@pytest.mark.parametrize("name", ["", "Ask", "1st", "a b", "a\n  b: c", "nodes: x", "{}", "é"])
def test_what_is_no_name_is_refused(name: str) -> None:
    for edit in (copy_node, rename_node):
        with pytest.raises(EditError):
            edit(BILLS, "tell", name)
    with pytest.raises(EditError):
        put_node(BILLS, name, {"kind": "hang_up"})


_word = st.one_of(
    st.sampled_from(["true", "0", "1", "007", "4s", "", "#", "*", "yes", "null", "~", "1.5"]),
    st.text(max_size=12).filter(lambda one: one.isprintable()),
)
_value = st.recursive(
    _word,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["a", "b", "1", "#", "on", "say", "choices", "zh-CN"]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_any_edit_means_what_was_wanted_and_keeps_the_comments_of_other_nodes(
    data: st.DataObject,
) -> None:
    name = data.draw(st.sampled_from(sorted(set(TEXTS) - {"line"})))
    text = TEXTS[name]
    nodes = nodes_of(text)
    node = data.draw(st.sampled_from(sorted(nodes)))
    fields = copy.deepcopy(nodes[node])
    for key in data.draw(st.sets(st.sampled_from(["kind", "say", "choices", "on", "new", "then"]))):
        if data.draw(st.booleans()):
            fields[key] = data.draw(_value)
        else:
            fields.pop(key, None)
    if not fields:
        fields["kind"] = "hang_up"
    edited = put_node(text, node, fields)
    assert nodes_of(edited) == {**nodes, node: fields}
    for line in text.splitlines():
        if line.startswith(("#", "  #")):
            assert line in edited.splitlines()


def test_where_nodes_were_put_stands_last_and_follows_renaming_and_removal() -> None:
    moved = put_head(BILLS, {"picture": {"locked": "right 40 down 20", "tell": "left 8"}})
    assert moved == BILLS + "\npicture: {locked: right 40 down 20, tell: left 8}\n"
    load({**default_texts(), "bills": moved})
    renamed = rename_node(moved, "locked", "account_locked")
    assert renamed.endswith("picture: {account_locked: right 40 down 20, tell: left 8}\n")
    gone = remove_node(remove_node(renamed, "tell"), "account_locked")
    assert "picture" not in gone
    assert put_head(moved, {"picture": None}).rstrip() == BILLS.rstrip()


@pytest.mark.parametrize("placed", ["40", "right 0", "down 4 right 4", "right 40  down 4", "x"])
def test_a_place_in_the_picture_that_cannot_be_read_is_an_error(placed: str) -> None:
    text = BILLS + f'\npicture: {{tell: "{placed}"}}\n'
    with pytest.raises(FlowError) as found:
        load({**default_texts(), "bills": text})
    assert found.value.problems[0].place == "flows.bills.picture.tell"


def test_ways_through_aliases_are_not_followed_for_hours() -> None:
    """Found by fuzzing: nine references to nine references, nine times over, are 400 bytes."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    text = "\n".join(lines)
    assert leads(text) == ()
    with pytest.raises(FlowError, match="anchors"):
        lead_elsewhere(text, "main.start", "main.other")
