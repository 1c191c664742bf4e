"""What is drawn of a flow."""

from __future__ import annotations

from call_flows import default_texts, load
from call_flows.loader import attempt
from call_flows.picture import Arrow, picture

TEXTS = default_texts()
LINE = load(TEXTS)


def arrows(flow: str, source: str) -> dict[str, Arrow]:
    return {one.label: one for one in picture(LINE.flows[flow]).arrows if one.source == source}


def test_every_node_is_drawn_with_its_kind_and_words() -> None:
    shapes = {one.node: one for one in picture(LINE.flows["main"]).shapes}
    assert list(shapes) == ["greeting", "mandarin", "english", "menu"]
    assert shapes["greeting"].start
    assert shapes["greeting"].says[:2] == ("greeting", "language_choice")
    assert shapes["mandarin"].kind == "language"


def test_a_key_is_an_arrow_to_where_it_leads() -> None:
    menu = arrows("main", "menu")
    assert menu["1"].target == "bills"
    assert menu["1"].move == "goto"
    assert arrows("main", "greeting")["2"].target == "english"


def test_what_all_menus_inherit_is_told_apart_from_what_is_written_here() -> None:
    drawn = picture(LINE.flows["bills"])
    after = {one.label for one in drawn.arrows if one.source == "after"}
    assert after == {"9", "1", "2"}  # this 9 is the node's own
    inherited = {one.label: one for one in drawn.inherited if one.source == "after"}
    assert inherited["0"].target == "person"
    assert inherited["no_input"].quiet


def test_a_flow_that_is_being_written_is_drawn_as_far_as_it_can_be_read() -> None:
    text = TEXTS["bills"] + "\n  notice: {kind: say}\n  maze: {kind: maze}\n"
    flow_set, problems = attempt({**TEXTS, "bills": text})
    drawn = picture(flow_set.flows["bills"])
    assert "notice" in {one.node for one in drawn.shapes}
    assert not [one for one in drawn.arrows if one.source == "notice"]
    assert any(problem.place == "flows.bills.nodes.maze.kind" for problem in problems)
