"""Edits of a flow's YAML that change what was meant and leave the rest as it was written.

A clerk's file holds comments, blank lines and a layout of its own. So nothing is loaded and
dumped again: the text is composed (YAML 1.2.2 §3.1, by ruamel) for the exact place of every
key and value, what differs from the wanted value is found, and only those characters are
replaced. Comments within what is taken away go with it, and so does a comment directly above a
node that is removed; all others stay where they are.

A wanted value is plain: tables, lists and texts, the texts as `source` reads them. Each edit is
read again before it is handed back: it means what was wanted, or `EditError` is raised and the
text is as it was.
"""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from call_flows.errors import FlowError, Message
from call_flows.fields import KEYS, PICTURE, SLUG
from call_flows.source import Listing, Text, Tree, read_table

Plain = str | list["Plain"] | dict[str, "Plain"]

NODES = "nodes"
_WIDE = 10_000  # never fold a line: a prompt's name must stand where it was written
_SHORT = 68  # a table or list up to this long stands on one line, as in the delivered flows
_STANDING = frozenset({"nodes", "choices", "on", "cases", "defaults"})
_SCALARS = re.compile(r"true|false|0|[1-9][0-9]{0,8}")


class EditError(FlowError):
    """The edit cannot be made; `problems` says why. The text is as it was."""

    def __init__(self, template: str, /, **params: object) -> None:
        self.message = Message(template, **params)
        super().__init__([])
        self.args = (self.message,)


@dataclass(frozen=True, slots=True)
class _Change:
    start: int
    end: int
    text: str


def plain(tree: Tree) -> Plain:
    """A tree of `source` without places: tables, lists, texts."""
    if isinstance(tree, Text):
        return tree.text
    if isinstance(tree, Listing):
        return [plain(item) for item in tree.items]
    return {key: plain(value) for key, value in tree.entries.items()}


def contents(text: str) -> dict[str, Plain]:
    """What a flow's text holds, plain; FlowError where it is no YAML table."""
    table = read_table(text, "flow")
    return {key: plain(value) for key, value in table.entries.items()}


def nodes_of(text: str) -> dict[str, Plain]:
    """The nodes of a flow's text by name, in their order."""
    found = contents(text).get(NODES, {})
    return found if isinstance(found, dict) else {}


def put_node(text: str, node: str, fields: Mapping[str, Plain], *, after: str = "") -> str:
    """Give a node these fields; one that is not there is added, behind `after` or at the end."""
    _name(node)
    whole = contents(text)
    nodes = _nodes(whole)
    if node in nodes:
        return replace(text, {**whole, NODES: {**nodes, node: dict(fields)}})
    wanted: dict[str, Plain] = {}
    for name, value in nodes.items():
        wanted[name] = value
        if name == after:
            wanted[node] = dict(fields)
    wanted.setdefault(node, dict(fields))
    return replace(text, {**whole, NODES: wanted})


def remove_node(text: str, node: str) -> str:
    """Take a node away, with the comment directly above it. Ways that led to it stay."""
    whole = contents(text)
    nodes = _nodes(whole)
    _known(node, nodes)
    if len(nodes) == 1:
        raise EditError("the last node of a flow cannot be removed")
    kept = {name: value for name, value in nodes.items() if name != node}
    wanted = {**whole, NODES: kept}
    placed = whole.get(PICTURE)
    if isinstance(placed, dict) and placed.pop(node, None) is not None:
        wanted[PICTURE] = placed
        if not placed:
            del wanted[PICTURE]
    return replace(text, wanted)


def copy_node(text: str, node: str, name: str) -> str:
    """Add a copy of a node behind it, comments included."""
    _name(name)
    whole = contents(text)
    nodes = _nodes(whole)
    _known(node, nodes)
    if name in nodes:
        raise EditError("there is a node %(name)r already", name=name)
    value = _value_at(_compose(text), NODES)
    if not isinstance(value, MappingNode) or value.flow_style:
        fields = nodes[node]
        return put_node(text, name, fields if isinstance(fields, dict) else {}, after=node)
    pair = next(pair for pair in value.value if pair[0].value == node)
    start, end = _lines(text, pair)
    body = text[start:end]
    key = pair[0]
    offset = key.start_mark.index - start
    length = key.end_mark.index - key.start_mark.index
    copied = body[:offset] + name + body[offset + length :]
    whole_lines = body if body.endswith("\n") else body + "\n"
    gap = "\n" if "\n\n" in text[start:] or len(whole_lines.splitlines()) > 1 else ""
    return _checked(
        text[:end] + ("" if body.endswith("\n") else "\n") + gap + copied + text[end:],
        {**whole, NODES: _inserted(nodes, node, name)},
    )


def rename_node(text: str, node: str, name: str) -> str:
    """Rename a node and every way within this flow that leads to it."""
    _name(name)
    whole = contents(text)
    nodes = _nodes(whole)
    _known(node, nodes)
    if name in nodes:
        raise EditError("there is a node %(name)r already", name=name)
    root = _compose(text)
    changes = [
        _Change(part.start_mark.index, part.end_mark.index, _scalar_text(name))
        for part in _references(root, node)
    ]
    for table in (_value_at(root, NODES), _value_at(root, PICTURE)):
        changes += [
            _Change(key.start_mark.index, key.end_mark.index, name)
            for key, _value in getattr(table, "value", ())
            if isinstance(table, MappingNode) and key.value == node
        ]
    edited = _applied(text, changes)
    found = nodes_of(edited)
    if list(found) != [name if one == node else one for one in nodes]:
        raise EditError("this flow cannot be edited here; edit its text")
    return edited


@dataclass(frozen=True, slots=True)
class Lead:
    """A way to another flow: the node it is written at ("": the flow itself), and its line."""

    place: str
    node: str
    line: int


@lru_cache(maxsize=128)
def leads(text: str) -> tuple[Lead, ...]:
    """The ways to other flows (`flow`, `flow.node`) of a text; none where it cannot be read."""
    try:
        root = _compose(text)
    except (FlowError, YAMLError):
        return ()
    return tuple(
        Lead(part.value, owner, int(part.start_mark.line) + 1) for owner, part in _away(root)
    )


def lead_elsewhere(text: str, old: str, new: str) -> str:
    """The text with every way to `old` (`flow.node`) leading to `new`."""
    changes = [
        _Change(part.start_mark.index, part.end_mark.index, _scalar_text(new))
        for _owner, part in _away(_compose(text))
        if part.value == old
    ]
    edited = _applied(text, changes)
    contents(edited)  # FlowError where it no longer reads
    return edited


def put_head(text: str, fields: Mapping[str, Plain | None]) -> str:
    """Set keys of the flow itself (`title`, `start`, `keys`, `picture`, ...); None removes."""
    whole = contents(text)
    wanted = {key: value for key, value in whole.items() if fields.get(key, "") is not None}
    wanted |= {key: value for key, value in fields.items() if value is not None}
    return replace(text, wanted)


def replace(text: str, wanted: Mapping[str, Plain]) -> str:
    """The text with only what differs from `wanted` written anew; EditError."""
    changes = list(_table(text, _compose(text), dict(wanted)))
    return _checked(_applied(text, changes), dict(wanted))


def render(value: Plain, key: str = "") -> str:
    """A plain value as YAML of its own, in the layout of the delivered flows."""
    return _dumped(_fresh(value, key)).rstrip("\n")


# --- what must hold


def _checked(edited: str, wanted: dict[str, Plain]) -> str:
    try:
        same = contents(edited) == wanted
    except FlowError:
        same = False
    if not same:
        raise EditError("this flow cannot be edited here; edit its text")
    return edited


def _name(node: str) -> None:
    if not SLUG.fullmatch(node):
        raise EditError(
            "%(name)r is no name for a node: small letters, digits and _ make one", name=node
        )


def _known(node: str, nodes: Mapping[str, Plain]) -> None:
    if node not in nodes:
        raise EditError("there is no node %(name)r", name=node)


def _nodes(whole: Mapping[str, Plain]) -> dict[str, Plain]:
    found = whole.get(NODES)
    if not isinstance(found, dict):
        raise EditError("this flow has no nodes")
    return found


def _inserted(nodes: Mapping[str, Plain], node: str, name: str) -> dict[str, Plain]:
    found: dict[str, Plain] = {}
    for one, value in nodes.items():
        found[one] = value
        if one == node:
            found[name] = value
    return found


# --- where things stand


def _compose(text: str) -> MappingNode:
    # First by the rules of flows: through aliases, a few hundred bytes are read for hours.
    read_table(text, "")
    root = YAML(typ="rt", pure=True).compose(text)
    if not isinstance(root, MappingNode):
        raise EditError("this flow cannot be edited here; edit its text")
    return root


def _value_at(table: MappingNode, key: str) -> Any:
    return next((value for name, value in table.value if name.value == key), None)


def _end(text: str, node: Any) -> int:
    """Where a value ends, without the comments and blanks that a block's end mark includes."""
    if isinstance(node, MappingNode) and not node.flow_style and node.value:
        return _end(text, node.value[-1][1])
    if isinstance(node, SequenceNode) and not node.flow_style and node.value:
        return _end(text, node.value[-1])
    start, end = int(node.start_mark.index), int(node.end_mark.index)
    if isinstance(node, ScalarNode) and node.style in ("|", ">"):
        return start + len(text[start:end].rstrip())
    return end


def _line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def _line_end(text: str, index: int) -> int:
    """Behind the line that holds `index`, its newline included."""
    found = text.find("\n", index)
    return len(text) if found < 0 else found + 1


def _lines(text: str, pair: tuple[Any, Any]) -> tuple[int, int]:
    key, value = pair
    end = max(_end(text, value), key.end_mark.index)
    return _line_start(text, key.start_mark.index), _line_end(text, end)


def _with_comment_above(text: str, start: int, column: int) -> int:
    """The start of a block of comments of this column that touches the line at `start`."""
    while start > 0:
        above = _line_start(text, start - 1)
        line = text[above : start - 1]
        if not (line.startswith(" " * column + "#") and line.strip()):
            break
        start = above
    return start


# --- differences


def _table(
    text: str, node: MappingNode, wanted: dict[str, Plain], *, key: str = "", flow: bool = False
) -> Iterator[_Change]:
    """What makes a table of `wanted`; `flow`: it stands within braces or brackets."""
    flow = flow or bool(node.flow_style)
    written = {pair[0].value: pair for pair in node.value}
    removed = [name for name in written if name not in wanted]
    added = [name for name in wanted if name not in written]
    if (removed or added) and flow:
        yield _Change(node.start_mark.index, _end(text, node), _flow_text(wanted))
        return
    for name in removed:
        start, end = _lines(text, written[name])
        if key == NODES:
            start = _with_comment_above(text, start, written[name][0].start_mark.column)
            if text[end : end + 1] == "\n" and (start == 0 or text[start - 2 : start] == "\n\n"):
                end += 1  # one of the two blank lines
        yield _Change(start, end, "")
    for name, value in wanted.items():
        if name in written:
            yield from _value(text, written[name], value, flow)
    if added:
        yield from _additions(text, node, written, wanted, key)


def _additions(
    text: str,
    node: MappingNode,
    written: Mapping[str, Any],
    wanted: Mapping[str, Plain],
    key: str,
) -> Iterator[_Change]:
    """New keys of a block, each behind the key that stands before it in `wanted`."""
    column = node.value[0][0].start_mark.column
    at: dict[int, str] = {}
    place = _line_start(text, node.value[0][0].start_mark.index)
    for name, value in wanted.items():
        if name in written:
            place = _lines(text, written[name])[1]
            continue
        lines = _indented(_pair_text(name, value), column)
        gap = "\n" if (key == NODES or name == PICTURE) and place > 0 else ""
        missing_newline = "\n" if place == len(text) and not text.endswith("\n") else ""
        at[place] = at.get(place, "") + missing_newline + gap + lines + "\n"
    for index, lines in at.items():
        yield _Change(index, index, lines)


def _value(text: str, pair: tuple[Any, Any], wanted: Plain, flow: bool) -> Iterator[_Change]:
    key, node = pair
    if _plain_node(node) == wanted:
        return
    if isinstance(wanted, dict) and isinstance(node, MappingNode):
        if set(wanted) & {inner[0].value for inner in node.value}:
            yield from _table(text, node, wanted, key=key.value, flow=flow)
            return
    elif isinstance(wanted, list) and isinstance(node, SequenceNode) and wanted and node.value:
        in_line = flow or bool(node.flow_style)
        if len(wanted) == len(node.value):
            for item, value in zip(node.value, wanted, strict=True):
                yield from _item(text, item, value, in_line)
            return
        if not in_line:
            yield from _sequence(text, node, wanted)
            return
    yield _anew(text, pair, wanted, flow)


def _sequence(text: str, node: SequenceNode, wanted: list[Plain]) -> Iterator[_Change]:
    """A list with a line for each item: only the lines that come or go."""
    column = node.start_mark.column
    matched = difflib.SequenceMatcher(
        a=[repr(_plain_node(item)) for item in node.value],
        b=[repr(value) for value in wanted],
        autojunk=False,
    )
    for what, low, high, first, last in matched.get_opcodes():
        if what == "equal":
            continue
        place = _line_start(text, node.value[0].start_mark.index)
        if low:
            place = _line_end(text, _end(text, node.value[low - 1]))
        end = _line_end(text, _end(text, node.value[high - 1])) if high > low else place
        lines = "".join(
            _indented("- " + _indented(_block_text(value), 2).lstrip(), column) + "\n"
            for value in wanted[first:last]
        )
        if lines and place == len(text) and not text.endswith("\n"):
            lines = "\n" + lines
        yield _Change(place, end, lines)


def _item(text: str, node: Any, wanted: Plain, flow: bool) -> Iterator[_Change]:
    if _plain_node(node) == wanted:
        return
    start, end = node.start_mark.index, _end(text, node)
    if flow:
        yield _Change(start, end, _flow_text(wanted))
    elif isinstance(node, MappingNode) and isinstance(wanted, dict) and _same_first(node, wanted):
        yield from _table(text, node, wanted)
    else:
        column = start - _line_start(text, start)
        yield _Change(start, end, _indented(_block_text(wanted), column).lstrip())


def _same_first(node: MappingNode, wanted: Mapping[str, Plain]) -> bool:
    """Whether the key behind the dash stays: lines of their own are only those below it."""
    if node.flow_style:
        return bool(set(wanted) & {pair[0].value for pair in node.value})
    return bool(node.value) and node.value[0][0].value == next(iter(wanted), None)


def _anew(text: str, pair: tuple[Any, Any], wanted: Plain, flow: bool) -> _Change:
    """All that stands behind `key:`, written anew in the same place."""
    key, node = pair
    colon = text.index(":", key.end_mark.index) + 1
    end = max(_end(text, node), colon)
    if flow:
        return _Change(colon, end, " " + _flow_text(wanted))
    written = _pair_text(key.value, wanted)
    behind = written[written.index(":", len(_key_text(key.value))) + 1 :]
    return _Change(colon, end, _indented(behind, key.start_mark.column, first=False))


def _plain_node(node: Any) -> Plain:
    if isinstance(node, MappingNode):
        return {key.value: _plain_node(value) for key, value in node.value}
    if isinstance(node, SequenceNode):
        return [_plain_node(item) for item in node.value]
    return str(node.value)


def _applied(text: str, changes: Sequence[_Change]) -> str:
    for change in sorted(changes, key=lambda one: (one.start, one.end), reverse=True):
        text = text[: change.start] + change.text + text[change.end :]
    return text


# --- ways that name a node

_ELSEWHERE = frozenset({"goto", "call"})


def _away(root: MappingNode) -> Iterator[tuple[str, ScalarNode]]:
    for key, value in root.value:
        if key.value == NODES and isinstance(value, MappingNode):
            for owner, table in value.value:
                for part in _gone_to(table):
                    yield owner.value, part
        else:
            for part in _gone_to(value):
                yield "", part


def _gone_to(value: Any) -> Iterator[ScalarNode]:
    if isinstance(value, SequenceNode):
        for item in value.value:
            yield from _gone_to(item)
    elif isinstance(value, MappingNode):
        for key, inner in value.value:
            if key.value in _ELSEWHERE and isinstance(inner, ScalarNode):
                yield inner
            else:
                yield from _gone_to(inner)


_NOT_WAYS = frozenset({"say", "more", "last", "no_more", "waiting", "set", "with", "title"})
_WAYS_OF_NODE = frozenset({"then", "back", "otherwise", "empty"})
_WAYS_WITHIN = frozenset({"choices", "on", "keys"})


def _references(root: MappingNode, node: str) -> Iterator[ScalarNode]:
    for key, value in root.value:
        if key.value == "start" and value.value == node:
            yield value
        elif key.value in ("back", "keys", "defaults", NODES):
            yield from _named(value, key.value, node)


def _named(
    value: Any, name: str, wanted: str, parent: str = "", kind: str = ""
) -> Iterator[ScalarNode]:
    if isinstance(value, ScalarNode):
        way = name in _WAYS_OF_NODE or parent in _WAYS_WITHIN or (name == "to" and kind == "goto")
        if way and value.value == wanted:
            yield value
    elif isinstance(value, SequenceNode):
        for item in value.value:
            yield from _named(item, "", wanted, name, kind)
    elif isinstance(value, MappingNode) and name not in _NOT_WAYS:
        of_kind = _value_at(value, "kind")
        kind = of_kind.value if isinstance(of_kind, ScalarNode) else kind
        for key, inner in value.value:
            if key.value not in _NOT_WAYS:
                yield from _named(inner, key.value, wanted, name, kind)


# --- writing


def _fresh(value: Plain, key: str = "") -> Any:
    if isinstance(value, str):
        if _SCALARS.fullmatch(value):
            return value == "true" if value in ("true", "false") else int(value)
        return DoubleQuotedScalarString(value) if _wants_quotes(value) else value
    if isinstance(value, list):
        listing = CommentedSeq([_fresh(item) for item in value])
        if len(_one_line(value)) <= _SHORT and all(isinstance(item, str) for item in value):
            listing.fa.set_flow_style()
        return listing
    table = CommentedMap()
    for name, inner in value.items():
        quoted = DoubleQuotedScalarString(name) if KEYS.fullmatch(name) else name
        table[quoted] = _fresh(inner, name)
    if not value or (key not in _STANDING and len(_one_line(value)) <= _SHORT):
        table.fa.set_flow_style()
        _all_flow(table)
    return table


def _all_flow(value: Any) -> None:
    for inner in value.values() if isinstance(value, CommentedMap) else value:
        if isinstance(inner, CommentedMap | CommentedSeq):
            inner.fa.set_flow_style()
            _all_flow(inner)


_BARE = re.compile(r"(?!\d[\d.eE_]*$)\w[\w.\-]*( [\w.\-]+)*")


def _wants_quotes(value: str) -> bool:
    """All but plain words and names: what YAML might read as something else."""
    return not _BARE.fullmatch(value)


def _one_line(value: Plain) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "[" + ", ".join(map(_one_line, value)) + "]"
    return "{" + ", ".join(f"{key}: {_one_line(inner)}" for key, inner in value.items()) + "}"


def _dumped(value: Any) -> str:
    yaml = YAML(typ="rt", pure=True)
    yaml.width = _WIDE
    yaml.indent(mapping=2, sequence=4, offset=2)
    buffer = io.StringIO()
    yaml.dump(value, buffer)
    return buffer.getvalue()


def _key_text(name: str) -> str:
    return f'"{name}"' if KEYS.fullmatch(name) else name


def _pair_text(name: str, value: Plain) -> str:
    """`name: value` in as many lines as it takes."""
    quoted = DoubleQuotedScalarString(name) if KEYS.fullmatch(name) else name
    return _dumped(CommentedMap({quoted: _fresh(value, name)})).rstrip("\n")


def _flow_text(value: Plain) -> str:
    """A value on one line."""
    found = _fresh(value)
    if isinstance(found, CommentedMap | CommentedSeq):
        found.fa.set_flow_style()
        _all_flow(found)
        return _dumped(found).strip()
    return _scalar_text(str(value))


def _block_text(value: Plain) -> str:
    if isinstance(value, dict):
        return _dumped(_fresh(value)).rstrip("\n")
    return _flow_text(value)


def _scalar_text(value: str) -> str:
    return _dumped(CommentedSeq([_fresh(value)])).strip()[1:].strip()


def _indented(lines: str, column: int, *, first: bool = True) -> str:
    blank = " " * column
    found = [blank + line if line else line for line in lines.split("\n")]
    if not first:
        found[0] = found[0][column:]
    return "\n".join(found)
