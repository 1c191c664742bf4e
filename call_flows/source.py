"""YAML text into a tree that knows, for every value, its place and its line.

Only the plain part of YAML is read: mappings, lists and text. Anchors, tags,
several documents, duplicate keys and outsized files are refused by name, so
that a file of a few hundred bytes cannot become gigabytes. Values stay text as
written; what a field wants (a number, a duration, a yes) is decided by who
reads it, not by YAML's guesses (`0` and `"0"` are the same key of a telephone).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from call_flows.errors import FlowError, Message, Problem

# The default line's largest file is under 8 KB; a hundred times that is no flow.
MAX_CHARACTERS = 500_000
MAX_DEPTH = 20
_MOST_BRACKETS = 5 * MAX_DEPTH
_BRACKETS = re.compile(r"[\[\]{}]")


@dataclass(frozen=True, slots=True)
class Text:
    """A single value, as written."""

    text: str
    place: str
    line: int


@dataclass(frozen=True, slots=True)
class Listing:
    items: tuple[Tree, ...]
    place: str
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping; `lines` says where each key stands."""

    entries: dict[str, Tree]
    place: str
    line: int
    lines: dict[str, int] = field(default_factory=dict)


Tree = Text | Listing | Table


# An editor checks one changed flow among many unchanged ones, at every key that is typed.
@lru_cache(maxsize=64)
def read_table(text: str, place: str) -> Table:
    """Read one YAML document that is a mapping; FlowError names what is wrong and where.

    The same text gives the same table: nobody may change it.
    """
    if len(text) > MAX_CHARACTERS:
        _refuse(
            place,
            0,
            "longer than %(most)s characters; split it into several flows",
            most=MAX_CHARACTERS,
        )
    if outsized(text):
        _refuse(place, 0, "nested more than %(most)s deep", most=MAX_DEPTH)
    try:
        return _Builder(place).build(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 0
        _refuse(place, line, "not YAML: %(reason)s", reason=error.problem or error.context)
    except (YAMLError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else repr(error)
        _refuse(place, 0, "not YAML: %(reason)s", reason=reason)


def outsized(text: str) -> bool:
    """Whether brackets stand deeper in each other than the parser should be made to follow.

    ruamel looks at every open bracket again at each word, before it hands out the first: 100 KB
    of `{a{a{a` would be read for half an hour. Quotes are not looked at: no text comes near.
    """
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth = depth + 1 if found.group() in "[{" else max(0, depth - 1)
        if depth > _MOST_BRACKETS:
            return True
    return False


def decode(data: bytes, place: str) -> str:
    """UTF-8 text of a file; FlowError says at which byte it is not."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        _refuse(place, line, "not UTF-8 text; save the file as UTF-8")


# What is completed from the defaults key by key. Everything else is taken whole:
# a way half written here and half there would lead nowhere anybody meant.
_COMPLETED = frozenset({"on", "no_input", "no_match", "keys"})
_WAYS = frozenset({"goto", "call"})


def merged(upper: Table | None, lower: Table | None) -> Table | None:
    """`upper` with what it leaves out taken from `lower`."""
    if upper is None or lower is None:
        return upper or lower
    entries = dict(lower.entries)
    lines = {**lower.lines, **upper.lines}
    for key, value in upper.entries.items():
        below = entries.get(key)
        complete = key in _COMPLETED and isinstance(value, Table) and not _WAYS & set(value.entries)
        if complete and isinstance(value, Table) and isinstance(below, Table):
            entries[key] = merged(value, below) or value
        else:
            entries[key] = value
    return Table(entries, upper.place, upper.line, lines)


class _Builder:
    """Builds the tree from the parser's events; no recursion deeper than MAX_DEPTH."""

    def __init__(self, place: str) -> None:
        self._place = place

    def build(self, text: str) -> Table:
        self._events: Iterator[Any] = iter(YAML(typ="safe", pure=True).parse(text))
        self._expect("StreamStartEvent")
        if self._expect("DocumentStartEvent", "StreamEndEvent") is None:
            _refuse(self._place, 0, "the file is empty")
        tree = self._value(next(self._events), self._place, 1)
        self._expect("DocumentEndEvent")
        more = next(self._events)
        if type(more).__name__ != "StreamEndEvent":
            _refuse(self._place, _line(more), "a second document ('---'); one flow a file")
        if not isinstance(tree, Table):
            _refuse(self._place, tree.line, "a flow is a mapping of names to values")
        return tree

    def _expect(self, name: str, or_none: str = "") -> object | None:
        event = next(self._events)
        found = type(event).__name__
        if found == or_none:
            return None
        if found != name:
            _refuse(self._place, _line(event), "not expected here: %(found)s", found=found)
        return event  # type: ignore[no-any-return]

    def _value(self, event: Any, place: str, depth: int) -> Tree:
        kind = type(event).__name__
        line = _line(event)
        if kind == "AliasEvent" or getattr(event, "anchor", None):
            _refuse(place, line, "anchors and aliases (& and *) are not allowed; write it out")
        if getattr(event, "tag", None) is not None:
            _refuse(
                place,
                line,
                "tags (%(tag)s) are not allowed; put quotes around the text",
                tag=event.tag,
            )
        if depth > MAX_DEPTH:
            _refuse(place, line, "nested more than %(most)s deep", most=MAX_DEPTH)
        if kind == "ScalarEvent":
            if not _writable(str(event.value)):
                _refuse(place, line, "half a character (a lone surrogate); write the whole one")
            return Text(str(event.value), place, line)
        if kind == "SequenceStartEvent":
            items: list[Tree] = []
            while type(event := next(self._events)).__name__ != "SequenceEndEvent":
                items.append(self._value(event, f"{place}[{len(items) + 1}]", depth + 1))
            return Listing(tuple(items), place, line)
        return self._table(place, line, depth)

    def _table(self, place: str, line: int, depth: int) -> Table:
        table = Table({}, place, line)
        while type(event := next(self._events)).__name__ != "MappingEndEvent":
            key = self._value(event, place, depth + 1)
            if not isinstance(key, Text):
                _refuse(place, key.line, "a key must be a single word")
            within = f"{place}.{key.text}"
            if key.text in table.entries:
                first = table.lines[key.text]
                _refuse(
                    within, key.line, "written twice; the first is on line %(line)s", line=first
                )
            table.lines[key.text] = key.line
            table.entries[key.text] = self._value(next(self._events), within, depth + 1)
        return table


def _writable(text: str) -> bool:
    """Whether it can be stored and shown: YAML's escapes can make half a character of UTF-16."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _refuse(place: str, line: int, template: str, /, **params: object) -> NoReturn:
    raise FlowError([Problem(place, line, Message(template, **params))])
