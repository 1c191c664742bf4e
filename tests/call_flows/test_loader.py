"""Flow files: what is read, and how what is wrong is told."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from call_flows import FlowError, Problem, default_texts, load, load_folder
from call_flows.fields import Problems
from call_flows.model import AskNode, LookupNode, MenuNode, Move, RecordNode
from call_flows.nodes import KINDS
from call_flows.service_facts import SERVICES
from call_flows.source import MAX_CHARACTERS, read_table

BILLS = """\
spec_version: 1
start: ask_account
nodes:
  ask_account:
    kind: ask
    say: ask_account
    into: account
    no_input_timeout: 4s
    inter_digit_timeout: 300ms
    max_digits: 12
    then: end
    on:
      no_input: end
      no_match: end
      hang_up: nothing
  end: {kind: hang_up}
"""


def loads_or_problems(texts: dict[str, str]) -> tuple[Problem, ...]:
    """What FlowError tells; nothing if the flows load; any other exception is a failure."""
    try:
        load(texts)
    except FlowError as error:
        return error.problems
    return ()


def problems(text: str, **others: str) -> list[str]:
    with pytest.raises(FlowError) as caught:
        load({"main": text, **others})
    return [str(problem) for problem in caught.value.problems]


def test_durations_carry_their_unit() -> None:
    text = BILLS.replace("300ms", "2m").replace("4s", "1500ms").replace("2m", "2.5s")
    node = load({"main": text}).node("main")
    assert isinstance(node, AskNode)
    assert (node.no_input_timeout_s, node.inter_digit_timeout_s) == (1.5, 2.5)


def test_unknown_key_is_named_with_place_line_and_the_nearest_known_one() -> None:
    text = BILLS.replace("      hang_up: nothing", "      hang_up: nothing\n      timeuot: end")
    assert problems(text) == [
        "flows.main.nodes.ask_account.on.timeuot: line 16: unknown key 'timeuot'"
    ]
    text = BILLS.replace("max_digits", "max_digit")
    assert problems(text) == [
        "flows.main.nodes.ask_account.max_digit: line 10: unknown key 'max_digit'; "
        "did you mean 'max_digits'?"
    ]


def test_every_mistake_is_reported_at_once() -> None:
    text = BILLS.replace("4s", "4").replace("max_digits: 12", "max_digits: many")
    text = text.replace("spec_version: 1", "spec_version: 7")
    found = problems(text)
    assert [p.split(": ")[0] for p in found] == [
        "flows.main.nodes.ask_account.max_digits",
        "flows.main.nodes.ask_account.no_input_timeout",
        "flows.main.spec_version",
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("spec_version: 1\n", "", "'spec_version' is missing"),
        ("kind: ask", "kind: aks", "did you mean 'ask'?"),
        ("start: ask_account", "start: ask_acount", "did you mean 'ask_account'?"),
        ("then: end", "then: ende", "there is no node 'ende' in the flow 'main'; did you mean"),
        ("then: end", "then: {goto: bills}", "there is no flow 'bills'"),
        ("then: end", "then: {say: hello}", "where to go on is missing"),
        ("then: end", "then: {goto: main, call: main}", "goto stands alone"),
        ("then: end", "then: {then: end, set: {X: y}}", "'X' will not do"),
        ("      hang_up: nothing\n", "", "'hang_up' is missing"),
        ("hang_up: nothing", "hang_up: end", "must be `nothing` or a node of kind file_complaint"),
        ("      no_input: end\n", "", "what happens on no_input is missing"),
        ("into: account", "into: Account", "a name of small letters"),
        ("max_digits: 12", "max_digits: 0", "a whole number from 1 to 32"),
        ("max_digits: 12", "max_digits: 3\n    min_digits: 9", "min_digits 9 is more than"),
        ("4s", "4h", "a time with its unit is wanted"),
        ("4s", "400s", "from 0.5s to 60s"),
        ("say: ask_account", "say: Hello there", "the name of a prompt is wanted"),
        ("say: ask_account", "say: {prompt: a, with: [b.c, d.c]}", "two values for 'c'"),
        ("say: ask_account", "say: {prompt: a, when: {of: b}}", "one of is, is_not and in"),
        ("say: ask_account", "say: {prompt: a, language: fr}", "one of zh-CN, en"),
        ("  end: {", "  back: {", "has a meaning of its own"),
        ("  end: {", "  End: {", "a name of small letters"),
        ("into: account", "into: account\n    choices: {x: end}", "keys of a telephone"),
        ("into: account", "into: account\n    sensitive: perhaps", "true or false"),
    ],
)
def test_mistake_is_told_with_what_to_do(old: str, new: str, message: str) -> None:
    assert old in BILLS
    assert any(message in problem for problem in problems(BILLS.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("- a\n- b\n", "a flow is a mapping"),
        ("a: 1\na: 2\n", "line 2: written twice; the first is on line 1"),
        ("a: &x 1\nb: *x\n", "line 1: anchors and aliases"),
        ("a: *x\n", "anchors and aliases"),
        ("a: !!python/object:os.system x\n", "tags"),
        ("a: 1\n---\nb: 2\n", "a second document"),
        ("a: [1, 2\n", "not YAML"),
        ("a: b: c\n", "line 1: not YAML"),
        ("? [a]\n: b\n", "a key must be a single word"),
        ("a: \t\n\tb: c", "not YAML"),
        ("[" * 5000, "nested more than"),
        ("a: " + "[" * 30 + "]" * 30, "nested more than 20 deep"),
        # Found by fuzzing: quadratic in ruamel's scanner, hours for this one.
        ("{a" * 200_000, "nested more than 20 deep"),
        ("a: \x00", "not YAML"),
        (r'a: "\ud800"', "half a character"),
        ("#" * (MAX_CHARACTERS + 1), "longer than"),
    ],
)
def test_what_is_no_flow_is_refused_by_name(text: str, message: str) -> None:
    assert any(message in problem for problem in problems(text))


def test_anchors_that_would_grow_to_gigabytes_are_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert "anchors" in problems("\n".join(lines))[0]


def test_files_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_bytes("a: 1\nb: 你好".encode("gb18030"))
    with pytest.raises(FlowError, match=r"flows\.main: line 2: not UTF-8 text"):
        load_folder(tmp_path)
    with pytest.raises(FlowError, match="no flow files"):
        load_folder(tmp_path / "nothing")
    (tmp_path / "main.yaml").write_bytes(b" " * (5 * MAX_CHARACTERS))
    with pytest.raises(FlowError, match="too large"):
        load_folder(tmp_path)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text(BILLS, "utf-8-sig")
    assert load_folder(tmp_path).main == "main"


def test_defaults_fill_in_and_the_node_has_the_last_word() -> None:
    shared = """\
spec_version: 1
keys: {"0": hang_up, "9": repeat}
defaults:
  input:
    no_input_timeout: 9s
    inter_digit_timeout: 2s
    on:
      no_input: {say: [one, two], attempts: 3, then: {say: sorry, call: main}}
      no_match: hang_up
      hang_up: nothing
"""
    flow = """\
spec_version: 1
start: menu
defaults:
  menu: {inter_digit_timeout: 1s}
nodes:
  menu:
    kind: menu
    say: hello
    no_input_timeout: 5s
    keys: {"9": none, "*": back}
    choices: {"1": hang_up}
    on:
      no_input: {attempts: 2, then: {say: bye, then: hang_up}}
"""
    node = load({"line": shared, "main": flow}).node("main")
    assert isinstance(node, MenuNode)
    assert (node.no_input_timeout_s, node.inter_digit_timeout_s) == (5.0, 1.0)
    assert set(node.keys) == {"0", "*"}
    assert node.no_input is not None
    assert node.no_input.attempts == 2
    assert [one.prompt for one in node.no_input.say] == ["one", "two"]
    # A way is taken whole: the default's `call` is not mixed into it.
    assert node.no_input.then.move is Move.HANG_UP
    assert [one.prompt for one in node.no_input.then.say] == ["bye"]


def test_mistake_in_a_default_is_named_where_it_stands() -> None:
    shared = "spec_version: 1\ndefaults:\n  ask:\n    no_input_timeout: soon\n"
    text = BILLS.replace("    no_input_timeout: 4s\n", "")
    assert problems(text, line=shared) == [
        "line.defaults.ask.no_input_timeout: line 4: a time with its unit is wanted here, "
        "such as 5s, 300ms or 2m"
    ]
    assert (
        "unknown kind of node 'aks'; did you mean 'ask'?"
        in problems(BILLS, line="spec_version: 1\ndefaults: {aks: {}}\n")[0]
    )


def test_line_file_is_checked_too() -> None:
    found = problems(
        BILLS, line='spec_version: 1\nmain: man\nnumbers: {"12345": bils}\nhoem: {goto: main}\n'
    )
    assert found == ["line.hoem: line 4: unknown key 'hoem'; did you mean 'home'?"]
    found = problems(BILLS, line='spec_version: 1\nmain: man\nnumbers: {"12345": mian}\n')
    assert found == [
        "line: there is no flow 'man'; did you mean 'main'?",
        "line.numbers.12345: there is no flow 'mian'; did you mean 'main'?",
    ]


def test_called_numbers_choose_the_flow() -> None:
    shared = 'spec_version: 1\nnumbers: {"96001": other}\n'
    flow_set = load({"main": BILLS, "other": BILLS, "line": shared})
    assert flow_set.numbers == {"96001": "other"}
    assert flow_set.main == "main"


def test_default_line_says_what_design_asks_for() -> None:
    flow_set = load(default_texts())
    record = flow_set.node("complaint", "speak")
    assert isinstance(record, RecordNode)
    assert record.terminators == "#"
    for flow in flow_set.flows.values():
        for node in flow.nodes.values():
            if isinstance(node, LookupNode):
                assert node.waiting
                assert node.timeout_s > 0
    categories = flow_set.node("complaint")
    assert isinstance(categories, MenuNode)
    assert sorted(categories.choices) == list("123456")


def test_the_reference_for_staff_names_every_kind_and_every_service() -> None:
    text = (Path(__file__).parents[2] / "docs" / "call-flows.md").read_text("utf-8")
    for kind in KINDS:
        assert f"| `{kind}` |" in text
    for service, fact in SERVICES.items():
        assert f"| `{service}` |" in text
        for outcome, values in fact.outcomes.items():
            assert f"`{outcome}`" in text
            assert all(value in text for value in values)


# --- anything at all


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_any_text_loads_or_is_refused(text: str) -> None:
    assert all(problem.place for problem in loads_or_problems({"main": text}))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_default_line_loads_or_is_refused(data: st.DataObject) -> None:
    texts = default_texts()
    name = data.draw(st.sampled_from(sorted(texts)))
    lines = texts[name].splitlines(keepends=True)
    at = data.draw(st.integers(0, len(lines) - 1))
    action = data.draw(st.sampled_from(["drop", "double", "indent", "cut", "junk"]))
    line = lines[at]
    lines[at] = {
        "drop": "",
        "double": line * 2,
        "indent": f"  {line}",
        "cut": line[: len(line) // 2] + "\n",
        "junk": line.rstrip("\n") + data.draw(st.text(":{}[]#&*!'\" -x1", max_size=6)) + "\n",
    }[action]
    # Only the damaged file and what all share, for speed: the loader reads every file alike.
    damaged = {name: "".join(lines)}
    rest = {"main": BILLS} if name == "line" else {"line": texts["line"]}
    assert all(problem.place for problem in loads_or_problems({**rest, **damaged}))


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.integers(0, 9), min_size=1))
def test_tables_keep_every_key_with_its_line(found: dict[str, int]) -> None:
    text = "".join(f"{key}: {value}\n" for key, value in found.items())
    table = read_table(text, "t")
    assert list(table.entries) == list(found)
    assert list(table.lines.values()) == list(range(1, len(found) + 1))
    assert not Problems()
