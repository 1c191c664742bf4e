"""The kinds of node, one reader each, in one table (`KINDS`).

A node's table has already been laid over the flow's and the line's defaults
for its kind, so a reader sees one complete table and every complaint still
names the place and line where the value was written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from call_flows.fields import KEYS, SLUG, VARIABLE, Fields, word
from call_flows.instructions import Purpose
from call_flows.model import (
    AskNode,
    CallBackNode,
    ChooseNode,
    FileComplaintNode,
    GotoNode,
    HangUpNode,
    HoursNode,
    LanguageNode,
    ListNode,
    LookupNode,
    MenuNode,
    Node,
    RecordNode,
    SayNode,
    SetNode,
    TransferNode,
    Way,
)
from call_flows.reading import Reader
from call_flows.source import Table, Text, Tree

TRANSFER_OUTCOMES = ("answered", "busy", "no_answer", "failed")
NO_VARIANT = "none"
_SERVICE = VARIABLE
PURPOSES: Mapping[str, Purpose] = {one: one for one in get_args(Purpose)}


def read_node(fields: Fields, kind: str, reader: Reader, keys: Table | None) -> Node:
    """One node of a known kind; `keys` are those that every input node inherits."""
    node_id = fields.table.place.rpartition(".")[2]
    common: dict[str, Any] = {
        "id": node_id,
        "place": fields.table.place,
        "line": fields.table.line,
        "say": reader.content(fields.tree("say"), fields.yes_no("barge_in", True)),
        "back": None,
    }
    if (back := fields.tree("back")) is not None:
        common["back"] = reader.way(back, back)
    if kind in INPUT_KINDS:
        common |= _input(fields, reader, keys)
    node = KINDS[kind](fields, reader, common)
    fields.done()
    return node


def _input(fields: Fields, reader: Reader, keys: Table | None) -> dict[str, Any]:
    on = _on(fields)
    found = {
        "keys": _keys(keys, reader),
        "no_input": reader.retry(on.tree("no_input"), fields.table, "no_input"),
        "no_match": reader.retry(on.tree("no_match"), fields.table, "no_match"),
        "hang_up": on.word("hang_up", SLUG),
        "no_input_timeout_s": fields.duration("no_input_timeout", 6.0, 0.5, 60.0),
        "inter_digit_timeout_s": fields.duration("inter_digit_timeout", 3.0, 0.1, 20.0),
        "clear_type_ahead": fields.yes_no("clear_type_ahead", False),
    }
    if found["hang_up"] == "nothing":
        found["hang_up"] = ""
    return found


def _on(fields: Fields) -> Fields:
    """The table of events; what remains unasked in it is noted when the node is done."""
    on = fields.sub("on")
    return on if on is not None else Fields(Table({}, fields.table.place, 0), fields.problems)


def _keys(keys: Table | None, reader: Reader) -> dict[str, Way]:
    found = {}
    for key, tree in keys.entries.items() if keys is not None else ():
        word(Text(key, tree.place, tree.line), KEYS, reader.problems)
        if not (isinstance(tree, Text) and tree.text == "none"):
            found[key] = reader.way(tree, tree)
    return found


def _choices(fields: Fields, reader: Reader) -> dict[str, Way]:
    found = {}
    for key, tree in fields.items("choices"):
        word(Text(key, tree.place, tree.line), KEYS, reader.problems)
        found[key] = reader.way(tree, tree)
    return found


def _way(fields: Fields, reader: Reader, key: str) -> Way:
    return reader.way(fields.required(key), fields.table)


def _outcomes(fields: Fields, reader: Reader, known: tuple[str, ...]) -> dict[str, Way]:
    """The ways of `on`; where `known` is given, each of them and no other."""
    on = _on(fields)
    wanted = known or tuple(on.table.entries)
    return {name: _way(on, reader, name) for name in wanted}


def _done(fields: Fields, *known: str) -> None:
    """Note what stands in `on` beside `known`."""
    on = _on(fields)
    for name in known:
        on.tree(name)
    on.done()


_INPUT_EVENTS = ("no_input", "no_match", "hang_up")


def _say(fields: Fields, reader: Reader, common: dict[str, Any]) -> Node:
    fields.required("say")
    return SayNode(**common, then=_way(fields, reader, "then"))


def _menu(fields: Fields, reader: Reader, common: dict[str, Any]) -> Node:
    fields.required("say")
    fields.required("choices")
    _done(fields, *_INPUT_EVENTS)
    return MenuNode(**common, choices=_choices(fields, reader))


def _ask(fields: Fields, reader: Reader, common: dict[str, Any]) -> Node:
    fields.required("say")
    low = fields.whole("min_digits", 1, 1, 32)
    high = fields.whole("max_digits", 20, 1, 32)
    if low > high:
        fields.problems.note(
            fields.table,
            "min_digits %(low)s is more than max_digits %(high)s",
            low=low,
            high=high,
        )
    _done(fields, *_INPUT_EVENTS)
    return AskNode(
        **common,
        into=fields.word("into", SLUG),
        min_digits=low,
        max_digits=high,
        terminators=fields.word("terminator", KEYS, "#"),
        sensitive=fields.yes_no("sensitive", False),
        choices=_choices(fields, reader),
        then=_way(fields, reader, "then"),
    )


def _record(fields: Fields, reader: Reader, common: dict[str, Any]) -> Node:
    fields.required("say")
    _done(fields, *_INPUT_EVENTS, "failed")
    purpose = PURPOSES.get(fields.one_of("purpose", tuple(PURPOSES)), "complaint")
    return RecordNode(
        **common,
        into=fields.word("into", SLUG),
        purpose=purpose,
        category=fields.word("category", VARIABLE, ""),
        min_s=fields.duration("min", 1.0, 0.1, 10.0),
        max_s=fields.duration("max", 180.0, 5.0, 1800.0),
        silence_s=fields.duration("silence", 8.0, 1.0, 60.0),
        terminators=fields.word("terminator", KEYS, "#"),
        beep=fields.yes_no("beep", True),
        then=_way(fields, reader, "then"),
        failed=_way(_on(fields), reader, "failed"),
    )


def _list(fields: Fields, reader: Reader, common: dict[str, Any]) -> Node:
    fields.required("say")
    _done(fields, *_INPUT_EVENTS)
    choices = _choices(fields, reader)
    next_key = fields.word("next", KEYS, "1")
    if next_key in choices:
        fields.problems.note(
            fields.table, "%(key)r is the key of the next item already", key=next_key
        )
    return ListNode(
        **common,
        items=fields.word("items", VARIABLE),
        next_key=next_key,
        more=reader.content(fields.required("more")),
        last=reader.content(fields.required("last")),
        no_more=reader.content(fields.required("no_more")),
        choices=choices,
        empty=_way(fields, reader, "empty"),
    )


def _lookup(fields: Fields, reader: Reader, common: dict[str, Any]) -> Node:
    on = _on(fields)
    outcomes = {
        name: reader.way(tree, tree)
        for name, tree in on.table.entries.items()
        if name not in ("timeout", "error")
    }
    return LookupNode(
        **common,
        service=fields.word("service", _SERVICE),
        arguments=reader.arguments(fields.tree("with")),
        into=fields.word("as", SLUG),
        timeout_s=fields.duration("timeout", 5.0, 0.5, 60.0),
        retries=fields.whole("retries", 0, 0, 5),
        waiting=reader.content(fields.required("waiting")),
        outcomes=outcomes,
        timeout=_way(on, reader, "timeout"),
        error=_way(on, reader, "error"),
    )


def _choose(fields: Fields, reader: Reader, common: dict[str, Any]) -> Node:
    cases = []
    tree = fields.required("cases")
    for part in _parts(tree, fields):
        case = Fields(part, fields.problems)
        cases.append((reader.condition_in(case), reader.way_in(case)))
        case.done()
    return ChooseNode(**common, cases=tuple(cases), otherwise=_way(fields, reader, "otherwise"))


def _parts(tree: Tree | None, fields: Fields) -> list[Table]:
    if tree is None:
        return []
    items = getattr(tree, "items", ())
    tables = [part for part in items if isinstance(part, Table)]
    if not tables or len(tables) != len(items):
        fields.problems.note(tree, "a list of {of: variable, is: value, then: place} is wanted")
    return tables


def _hours(fields: Fields, reader: Reader, common: dict[str, Any]) -> Node:
    outcomes = _outcomes(fields, reader, ("open", "closed"))
    _done(fields, *outcomes)
    return HoursNode(
        **common,
        schedule=fields.word("schedule", SLUG),
        into=fields.word("as", SLUG, ""),
        open=outcomes["open"],
        closed=outcomes["closed"],
    )


def _set(fields: Fields, reader: Reader, common: dict[str, Any]) -> Node:
    fields.required("set")
    return SetNode(**common, values=reader.values(fields), then=_way(fields, reader, "then"))


def _language(fields: Fields, reader: Reader, common: dict[str, Any]) -> Node:
    language = fields.one_of("language", reader.languages)
    variant = read_variant(fields)
    return LanguageNode(
        **common, language=language, variant=variant, then=_way(fields, reader, "then")
    )


def read_variant(fields: Fields) -> str | None:
    """The `variant` of a node, a flow or the line: None where it says nothing, "" for `none`."""
    if "variant" not in fields:
        return None
    named = fields.word("variant", SLUG, "")
    return "" if named == NO_VARIANT else named


def _file_complaint(fields: Fields, reader: Reader, common: dict[str, Any]) -> Node:
    outcomes = _outcomes(fields, reader, ("filed", "failed"))
    _done(fields, *outcomes)
    return FileComplaintNode(
        **common,
        category=fields.word("category", VARIABLE),
        recording=fields.word("recording", VARIABLE),
        number=fields.word("number", VARIABLE),
        finished=fields.yes_no("finished", True),
        into=fields.word("as", SLUG),
        filed=outcomes["filed"],
        failed=outcomes["failed"],
    )


def _call_back(fields: Fields, reader: Reader, common: dict[str, Any]) -> Node:
    outcomes = _outcomes(fields, reader, ("filed", "failed"))
    _done(fields, *outcomes)
    return CallBackNode(
        **common,
        recording=fields.word("recording", VARIABLE),
        number=fields.word("number", VARIABLE),
        reason=fields.word("reason", SLUG),
        filed=outcomes["filed"],
        failed=outcomes["failed"],
    )


def _transfer(fields: Fields, reader: Reader, common: dict[str, Any]) -> Node:
    outcomes = _outcomes(fields, reader, TRANSFER_OUTCOMES)
    _done(fields, *outcomes)
    return TransferNode(
        **common,
        target=fields.word("to", SLUG),
        timeout_s=fields.duration("timeout", 30.0, 3.0, 300.0),
        outcomes=outcomes,
    )


def _hang_up(fields: Fields, reader: Reader, common: dict[str, Any]) -> Node:
    return HangUpNode(**common, reason=fields.word("reason", SLUG, "finished"))


def _goto(fields: Fields, reader: Reader, common: dict[str, Any]) -> Node:
    return GotoNode(**common, then=_way(fields, reader, "to"))


INPUT_KINDS = frozenset({"menu", "ask", "record", "list"})
KINDS: Mapping[str, Callable[[Fields, Reader, dict[str, Any]], Node]] = {
    "say": _say,
    "menu": _menu,
    "ask": _ask,
    "record": _record,
    "lookup": _lookup,
    "list": _list,
    "choose": _choose,
    "hours": _hours,
    "set": _set,
    "language": _language,
    "file_complaint": _file_complaint,
    "call_back": _call_back,
    "transfer": _transfer,
    "hang_up": _hang_up,
    "goto": _goto,
}
NAMES: Mapping[type[Node], str] = {
    SayNode: "say",
    MenuNode: "menu",
    AskNode: "ask",
    RecordNode: "record",
    LookupNode: "lookup",
    ListNode: "list",
    ChooseNode: "choose",
    HoursNode: "hours",
    SetNode: "set",
    LanguageNode: "language",
    FileComplaintNode: "file_complaint",
    CallBackNode: "call_back",
    TransferNode: "transfer",
    HangUpNode: "hang_up",
    GotoNode: "goto",
}
