"""From YAML texts to a FlowSet: one file a job, and `line.yaml` for what all share.

A node's table is laid over the defaults of its flow and of the line: what is
written for its kind (`defaults.ask`) before what is written for all that wait
for the caller (`defaults.input`). Names are checked once everything is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from call_flows.errors import FlowError, Message, Problem
from call_flows.fields import PICTURE, PLACED, SLUG, Fields, Problems, suggestion, word
from call_flows.graph import Cause, exits, ways
from call_flows.model import (
    Announcement,
    CallBackNode,
    FileComplaintNode,
    Flow,
    FlowSet,
    InputNode,
    Move,
    Node,
    Speaking,
    Way,
)
from call_flows.nodes import INPUT_KINDS, KINDS, read_node, read_variant
from call_flows.reading import RESERVED, Reader
from call_flows.source import MAX_CHARACTERS, Table, Text, decode, merged, read_table

SPEC_VERSION = "1"
LINE = "line"
MAIN = "main"
_LANGUAGES = ("zh-CN", "en")


def load_folder(folder: Path) -> FlowSet:
    """Every `*.yaml` of a folder; the file's name is the flow's."""
    return load(read_folder(folder))


def read_folder(folder: Path) -> dict[str, str]:
    """The texts of a folder by flow; FlowError for a file that is no UTF-8 text."""
    found = sorted(folder.glob("*.yaml"))
    if not found:
        raise FlowError([Problem(str(folder), 0, Message("no flow files (*.yaml) here"))])
    texts = {}
    for path in found:
        if path.stat().st_size > 4 * MAX_CHARACTERS:
            message = Message("too large for a flow")
            raise FlowError([Problem(_place(path.stem), 0, message)])
        texts[path.stem] = decode(path.read_bytes(), _place(path.stem))
    return texts


def default_texts() -> dict[str, str]:
    """The texts of the default line, which come with this package."""
    return {
        Path(entry.name).stem: decode(entry.read_bytes(), _place(Path(entry.name).stem))
        for entry in sorted(files("call_flows").joinpath("flows").iterdir(), key=lambda e: e.name)
        if entry.name.endswith(".yaml")
    }


def load(texts: Mapping[str, str]) -> FlowSet:
    """Read flows by name, `line` being what they share; FlowError lists every mistake."""
    flow_set, problems = attempt(texts)
    if problems:
        raise FlowError(problems)
    return flow_set


def attempt(texts: Mapping[str, str]) -> tuple[FlowSet, list[Problem]]:
    """Read flows as far as they can be, and say what is wrong with them.

    For who draws a flow that is being written: a node with a mistake has harmless values in
    its place, a file that is no YAML is absent. Only without problems may callers meet it.
    """
    problems = Problems()
    tables: dict[str, Table] = {}
    for name, text in texts.items():
        if not SLUG.fullmatch(name):
            message = Message("a flow is named with small letters, digits and _")
            problems.append(Problem(_place(name), 0, message))
            continue
        try:
            tables[name] = read_table(text, _place(name))
        except FlowError as error:
            problems.extend(error.problems)
    line = Fields(tables.pop(LINE, Table({}, LINE, 0)), problems)
    if LINE in texts:
        _version(line)
    languages = _languages(line)
    defaults = line.sub("defaults")
    keys = line.sub("keys")
    flows = {
        name: _Flow(table, defaults, keys, languages, problems).read()
        for name, table in tables.items()
    }
    flow_set = _line(line, flows, languages, problems)
    if not problems:
        # References are judged only in files that could be read whole.
        _check_names(flow_set, problems)
    return flow_set, list(dict.fromkeys(problems))


def _place(name: str) -> str:
    return LINE if name == LINE else f"flows.{name}"


def _version(fields: Fields) -> None:
    found = fields.required("spec_version")
    if found is not None and not (isinstance(found, Text) and found.text == SPEC_VERSION):
        fields.problems.note(
            found, "this line reads spec_version: %(version)s", version=SPEC_VERSION
        )


def _languages(line: Fields) -> tuple[str, ...]:
    tree = line.tree("languages")
    if tree is None:
        return _LANGUAGES
    found = [part.text for part in getattr(tree, "items", ()) if isinstance(part, Text)]
    if not found:
        line.problems.note(tree, "a list of languages is wanted, such as [zh-CN, en]")
    return tuple(found) or _LANGUAGES


def _line(
    fields: Fields, flows: dict[str, Flow], languages: tuple[str, ...], problems: Problems
) -> FlowSet:
    reader = Reader("", languages, problems)
    main = fields.word("main", SLUG, MAIN)
    numbers = {}
    for number, tree in fields.items("numbers"):
        numbers[number] = word(tree, SLUG, problems)
    home, on_error = fields.tree("home"), fields.tree("on_error")
    prefixes = fields.tree("home_prefixes")
    speaking = _speaking(fields, reader)
    flow_set = FlowSet(
        flows=flows,
        languages=languages,
        main=main,
        home=reader.way(home, home) if home is not None else Way(Move.GOTO, main),
        on_error=reader.way(on_error, on_error) if on_error is not None else Way(Move.HANG_UP),
        numbers=numbers,
        home_prefixes=tuple(p.text for p in getattr(prefixes, "items", ()) if isinstance(p, Text)),
        variant=read_variant(fields) or "",
    )
    fields.done()
    return replace(flow_set, speaking=speaking)


def _speaking(line: Fields, reader: Reader) -> dict[Speaking, Announcement]:
    """`speaking: {slower: {chosen: prompt, taken_back: prompt}, louder: ...}`."""
    within = line.sub("speaking")
    if within is None:
        return {}
    found = {}
    for kind in Speaking:
        words = within.sub(kind.value)
        if words is not None:
            found[kind] = Announcement(
                reader.content(words.tree("chosen")), reader.content(words.tree("taken_back"))
            )
            words.done()
    within.done()
    return found


class _Flow:
    """Reads one flow's file."""

    def __init__(
        self,
        table: Table,
        line_defaults: Fields | None,
        line_keys: Fields | None,
        languages: tuple[str, ...],
        problems: Problems,
    ) -> None:
        self._name = table.place.rpartition(".")[2]
        self._fields = Fields(table, problems)
        self._languages = languages
        self._problems = problems
        self._reader = Reader(self._name, languages, problems)
        flow_defaults = self._fields.sub("defaults")
        self._defaults = [d.table for d in (flow_defaults, line_defaults) if d is not None]
        for defaults in self._defaults:
            _known_kinds(defaults, problems)
        flow_keys = self._fields.sub("keys")
        self._keys = merged(
            flow_keys.table if flow_keys is not None else None,
            line_keys.table if line_keys is not None else None,
        )

    def read(self) -> Flow:
        fields = self._fields
        _version(fields)
        start = fields.word("start", SLUG)
        back = fields.tree("back")
        # Where nodes were put by hand in the picture; one that is gone since does no harm.
        for _node, placed in fields.items(PICTURE):
            word(placed, PLACED, self._problems)
        nodes = {}
        if fields.required("nodes") is not None:
            for name, tree in fields.items("nodes"):
                word(Text(name, tree.place, fields.table.line), SLUG, self._problems)
                if name in RESERVED:
                    self._problems.note(
                        tree, "%(name)r has a meaning of its own; rename it", name=name
                    )
                if isinstance(tree, Table):
                    node = self._node(tree)
                    if node is not None:
                        nodes[name] = node
                else:
                    self._problems.note(tree, "a node is a table of names and values")
        flow = Flow(
            id=self._name,
            title=self._title(),
            start=start,
            nodes=nodes,
            back=self._reader.way(back, back) if back is not None else None,
            variant=read_variant(fields),
        )
        fields.done()
        return flow

    def _title(self) -> dict[str, str]:
        title = self._fields.sub("title")
        if title is None:
            return {}
        found = {language: title.line(language) for language in self._languages}
        title.done()
        return found

    def _node(self, table: Table) -> Node | None:
        own = Fields(table, self._problems)
        kind = own.one_of("kind", KINDS)
        if not kind:
            return None
        layers = [kind, "input"] if kind in INPUT_KINDS else [kind]
        whole: Table = table
        for defaults in self._defaults:
            for layer in layers:
                below = defaults.entries.get(layer)
                if isinstance(below, Table):
                    whole = merged(whole, below) or whole
        fields = Fields(whole, self._problems)
        fields.tree("kind")
        keys = None
        if kind in INPUT_KINDS:
            own_keys = fields.sub("keys")
            keys = merged(own_keys.table if own_keys is not None else None, self._keys)
        return read_node(fields, kind, self._reader, keys)


def _known_kinds(defaults: Table, problems: Problems) -> None:
    known = (*KINDS, "input")
    for name, tree in defaults.entries.items():
        if name not in known:
            hint = suggestion(name, known)
            problems.note(tree, "unknown kind of node %(name)r%(hint)s", name=name, hint=hint)
        elif not isinstance(tree, Table):
            problems.note(tree, "names and values are wanted here, one to a line")


def _check_names(flow_set: FlowSet, problems: Problems) -> None:
    """Every flow and node that is named exists."""
    if flow_set.main not in flow_set.flows:
        problems.append(Problem(LINE, 0, _no_flow(flow_set.main, flow_set)))
    for number, flow_name in flow_set.numbers.items():
        if flow_name not in flow_set.flows:
            place = f"{LINE}.numbers.{number}"
            problems.append(Problem(place, 0, _no_flow(flow_name, flow_set)))
    written = [way for way in (flow_set.home, flow_set.on_error) if way.place]
    _check_ways(written, flow_set, problems)
    for flow in flow_set.flows.values():
        if flow.start not in flow.nodes:
            problems.append(Problem(f"flows.{flow.id}.start", 0, _no_node(flow.start, flow)))
        if flow.back is not None:
            _check_ways((flow.back,), flow_set, problems)
        for node in flow.nodes.values():
            _check_ways(ways(node), flow_set, problems)
            _check_again(node, problems)
            if isinstance(node, InputNode) and node.hang_up:
                _check_hang_up(flow, node, problems)


def _no_flow(name: str, flow_set: FlowSet) -> Message:
    hint = suggestion(name, flow_set.flows)
    return Message("there is no flow %(name)r%(hint)s", name=name, hint=hint)


def _no_node(name: str, flow: Flow) -> Message:
    hint = suggestion(name, flow.nodes)
    return Message(
        "there is no node %(name)r in the flow %(flow)r%(hint)s",
        name=name,
        flow=flow.id,
        hint=hint,
    )


def _check_ways(found: Iterable[Way], flow_set: FlowSet, problems: Problems) -> None:
    for way in found:
        if way.move not in (Move.NODE, Move.GOTO, Move.CALL):
            continue
        flow = flow_set.flows.get(way.flow)
        if flow is None:
            message = _no_flow(way.flow, flow_set)
            if not way.flow:
                message = Message("name the flow: {goto: flow}, {goto: flow.node} or {call: flow}")
            problems.append(Problem(way.place, way.line, message))
            continue
        if way.node and way.node not in flow.nodes:
            problems.append(Problem(way.place, way.line, _no_node(way.node, flow)))
        own = flow_set.flows.get(way.place.split(".")[1]) if way.then else None
        if own is not None and way.then not in own.nodes:
            problems.append(Problem(way.place, way.line, _no_node(way.then, own)))


def _check_again(node: Node, problems: Problems) -> None:
    """Only who has heard something and answers can hear it again."""
    answered = {
        id(found.way)
        for found in exits(node)
        if isinstance(node, InputNode) and found.cause is not Cause.FAILURE
        if found.label != "empty"
    }
    for way in ways(node):
        if way.move is Move.AGAIN and id(way) not in answered:
            message = Message(
                "slower and louder alone stand at a key; here write {speak: slower, then: node}"
            )
            problems.append(Problem(way.place, way.line, message))


def _check_hang_up(flow: Flow, node: InputNode, problems: Problems) -> None:
    filer = flow.nodes.get(node.hang_up)
    if not isinstance(filer, FileComplaintNode | CallBackNode):
        message = Message(
            "on.hang_up must be `nothing` or a node of kind file_complaint or call_back, "
            "not %(name)r%(hint)s",
            name=node.hang_up,
            hint=suggestion(node.hang_up, flow.nodes),
        )
        problems.append(Problem(f"{node.place}.on.hang_up", node.line, message))
