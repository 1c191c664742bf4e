"""What all nodes are written with: content, conditions, ways, and what happens on silence.

content     `say: main_menu`, or a list of prompts and of tables
            `{prompt: bill_found, with: [bill.amount, bill.due]}`, `{replay: recording}`,
            each with `when:`, `language:` or `barge_in:` where wanted
condition   `{of: bill.state, is: paid}`, `{of: item.ends, is_not: ""}`, `{of: x, in: [a, b]}`
way         `ask_code` (a node of this flow), `back`, `repeat`, `return`, `hang_up`, `slower`,
            `louder`, or a table `{say: ..., set: {...}, speak: slower | louder,
            then: node | goto: flow[.node] | call: flow}`
retry       `{say: [first, second], attempts: 3, then: way}`, or a way at once
"""

from __future__ import annotations

import re
from dataclasses import replace

from call_flows.fields import PROMPT, SLUG, VARIABLE, Fields, Problems, word, words
from call_flows.model import (
    Condition,
    Literally,
    Move,
    Retry,
    Source,
    Speaking,
    Utterance,
    Variable,
    Way,
)
from call_flows.source import Listing, Table, Text, Tree

_MOVES = {move.value: move for move in (Move.BACK, Move.REPEAT, Move.RETURN, Move.HANG_UP)}
_SPEAKING = {speaking.value: speaking for speaking in Speaking}
RESERVED = frozenset(_MOVES) | frozenset(_SPEAKING)
_TARGET = re.compile(r"[a-z][a-z0-9_]{0,63}(\.[a-z][a-z0-9_]{0,63})?")


class Reader:
    """Reads these for one flow; `flow` is empty in the file that all flows share."""

    def __init__(self, flow: str, languages: tuple[str, ...], problems: Problems) -> None:
        self.flow = flow
        self.languages = languages
        self.problems = problems

    def content(self, tree: Tree | None, barge_in: bool = True) -> tuple[Utterance, ...]:
        if tree is None:
            return ()
        parts = tree.items if isinstance(tree, Listing) else (tree,)
        return tuple(self._utterance(part, barge_in) for part in parts)

    def _utterance(self, tree: Tree, barge_in: bool) -> Utterance:
        if not isinstance(tree, Table):
            name = word(tree, PROMPT, self.problems)
            return Utterance(prompt=name, barge_in=barge_in, line=tree.line)
        fields = Fields(tree, self.problems)
        replay = fields.word("replay", VARIABLE, "")
        prompt = fields.word("prompt", PROMPT, "" if replay else None)
        if replay and prompt:
            self.problems.note(tree, "either a prompt or a replay, not both")
        language = fields.one_of("language", self.languages, "")
        found = Utterance(
            prompt=prompt,
            replay=replay,
            slots=self.arguments(fields.tree("with")),
            language=language,
            when=self.condition(fields.tree("when")),
            barge_in=fields.yes_no("barge_in", barge_in),
            line=tree.line,
        )
        fields.done()
        return found

    def arguments(self, tree: Tree | None) -> dict[str, str]:
        """`[bill.amount]` gives the slot `amount`; `{phone: callback}` names it."""
        if tree is None:
            return {}
        if isinstance(tree, Table):
            return {
                word(Text(slot, value.place, value.line), SLUG, self.problems): word(
                    value, VARIABLE, self.problems
                )
                for slot, value in tree.entries.items()
            }
        found = {}
        for name in words(tree, VARIABLE, self.problems):
            slot = name.rpartition(".")[2]
            if slot in found:
                self.problems.note(
                    tree, "two values for %(slot)r; name them: {slot: variable}", slot=slot
                )
            found[slot] = name
        return found

    def condition(self, tree: Tree | None) -> Condition | None:
        if tree is None:
            return None
        if not isinstance(tree, Table):
            self.problems.note(tree, "a condition is written {of: variable, is: value}")
            return None
        fields = Fields(tree, self.problems)
        found = self.condition_in(fields)
        fields.done()
        return found

    def condition_in(self, fields: Fields) -> Condition:
        """The keys of a condition within a larger table."""
        variable = fields.word("of", VARIABLE)
        given = [key for key in ("is", "is_not", "in") if key in fields]
        if len(given) != 1:
            self.problems.note(fields.table, "one of is, is_not and in is wanted")
            return Condition(variable, ())
        tree = fields.table.entries[given[0]]
        if given[0] == "in" and not isinstance(tree, Listing):
            self.problems.note(tree, "a list of values is wanted here")
            return Condition(variable, ())
        parts = tree.items if isinstance(tree, Listing) and given[0] == "in" else (tree,)
        values = []
        for part in parts:
            if isinstance(part, Text):
                values.append(part.text)
            else:
                self.problems.note(part, "a single value is wanted here")
        return Condition(variable, tuple(values), negated=given[0] == "is_not")

    def way(self, tree: Tree | None, where: Tree) -> Way:
        """A way; a missing one is noted at `where` by whoever asked for it."""
        if tree is None:
            return Way(Move.HANG_UP, place=where.place, line=where.line)
        if isinstance(tree, Text):
            return self._step(tree)
        if not isinstance(tree, Table):
            self.problems.note(tree, "one place to go on is wanted here")
            return Way(Move.HANG_UP, place=tree.place, line=tree.line)
        fields = Fields(tree, self.problems)
        way = self.way_in(fields)
        fields.done()
        return way

    def way_in(self, fields: Fields) -> Way:
        """The keys of a way within a larger table."""
        table = fields.table
        then, goto, call = (fields.tree(key) for key in ("then", "goto", "call"))
        if goto is not None and (then is not None or call is not None):
            self.problems.note(table, "goto stands alone; after a call, `then` is where it returns")
        if call is not None:
            flow, node = self._target(call)
            then_node = word(then, SLUG, self.problems) if then is not None else ""
            way = Way(Move.CALL, flow, node, then_node)
        elif goto is not None:
            way = Way(Move.GOTO, *self._target(goto))
        elif then is not None:
            way = self.way(then, then)
        elif "speak" in fields:
            way = Way(Move.AGAIN)
        else:
            self.problems.note(table, "where to go on is missing: then, goto or call")
            way = Way(Move.HANG_UP)
        speak = fields.one_of("speak", _SPEAKING, "")
        say = self.content(fields.tree("say"), fields.yes_no("barge_in", True))
        values = self.values(fields)
        return replace(
            way,
            say=say + way.say,
            values={**values, **way.values},
            speak=_SPEAKING.get(speak, way.speak),
            place=table.place,
            line=table.line,
        )

    def values(self, fields: Fields) -> dict[str, Source]:
        """`set: {category: traffic, callback: {from: caller.number}}`."""
        found: dict[str, Source] = {}
        for name, tree in fields.items("set"):
            word(Text(name, tree.place, tree.line), SLUG, self.problems)
            if isinstance(tree, Text):
                found[name] = Literally(tree.text)
            elif isinstance(tree, Table):
                inner = Fields(tree, self.problems)
                found[name] = Variable(inner.word("from", VARIABLE))
                inner.done()
            else:
                self.problems.note(tree, "a text is wanted here, or {from: variable}")
        return found

    def retry(self, tree: Tree | None, where: Tree, event: str) -> Retry | None:
        """What happens on `event`; noted at `where` if nothing says so."""
        if tree is None:
            self.problems.note(
                where, "what happens on %(event)s is missing: on.%(event)s", event=event
            )
            return None
        if not isinstance(tree, Table) or "attempts" not in tree.entries:
            return Retry(1, self.way(tree, where), reprompt=False)
        fields = Fields(tree, self.problems)
        then = fields.required("then")
        found = Retry(
            attempts=fields.whole("attempts", 3, 1, 10),
            say=self.content(fields.tree("say")),
            reprompt=fields.yes_no("reprompt", True),
            then=self.way(then, then or tree),
        )
        fields.done()
        return found

    def _step(self, tree: Text) -> Way:
        if tree.text in _MOVES:
            return Way(_MOVES[tree.text], place=tree.place, line=tree.line)
        if tree.text in _SPEAKING:
            speak = _SPEAKING[tree.text]
            return Way(Move.AGAIN, speak=speak, place=tree.place, line=tree.line)
        node = word(tree, SLUG, self.problems)
        return Way(Move.NODE, self.flow, node, place=tree.place, line=tree.line)

    def _target(self, tree: Tree) -> tuple[str, str]:
        if isinstance(tree, Text) and _TARGET.fullmatch(tree.text):
            flow, _, node = tree.text.partition(".")
            return flow, node
        self.problems.note(tree, "the name of a flow is wanted, such as bills or main.menu")
        return "", ""
