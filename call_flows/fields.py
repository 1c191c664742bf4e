"""Typed reading of a table: each field asked for by name, every mistake noted, none raised.

A `Fields` remembers what was asked for, so that `done()` can name the keys
nobody knows, with the nearest known one. What is missing or wrong is noted in
the common list of problems and replaced by a harmless value: one run of the
loader reports everything there is to mend.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from call_flows.errors import NO_HINT, Message, Problem
from call_flows.source import Listing, Table, Text, Tree

PICTURE = "picture"  # the key of a flow that says how far nodes were moved by hand
SLUG = re.compile(r"[a-z][a-z0-9_]{0,63}")
VARIABLE = re.compile(r"[a-z][a-z0-9_]{0,63}(\.[a-z][a-z0-9_]{0,63})?")
PROMPT = re.compile(r"[a-z][a-z0-9_]{0,63}(\.[a-z0-9_]{1,64})*")
KEYS = re.compile(r"[0-9*#]{1,32}")
PLACED = re.compile(
    r"(?:left|right) [1-9][0-9]{0,3}(?: (?:up|down) [1-9][0-9]{0,3})?|"
    r"(?:up|down) [1-9][0-9]{0,3}"
)
_DURATION = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(ms|s|m)")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0}
_YES_NO = {"true": True, "false": False, "yes": True, "no": False}


class Problems(list[Problem]):
    """What was found so far."""

    def note(self, at: Tree, template: str, /, **params: object) -> None:
        self.append(Problem(at.place, at.line, Message(template, **params)))


def suggestion(word: str, known: Iterable[str]) -> Message:
    """`; did you mean ...?` for the nearest of `known`, or nothing."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return Message("; did you mean %(near)r?", near=near[0]) if near else NO_HINT


class Fields:
    """One table, read field by field."""

    def __init__(self, table: Table, problems: Problems) -> None:
        self.table = table
        self.problems = problems
        self._asked: dict[str, None] = {}

    def __contains__(self, key: str) -> bool:
        self._asked[key] = None
        return key in self.table.entries

    def tree(self, key: str) -> Tree | None:
        """The value as it stands, or None."""
        self._asked[key] = None
        return self.table.entries.get(key)

    def required(self, key: str) -> Tree | None:
        """The value; a missing one is noted."""
        found = self.tree(key)
        if found is None:
            known = [k for k in self.table.entries if k not in self._asked]
            self.problems.note(
                self.table, "%(key)r is missing%(hint)s", key=key, hint=suggestion(key, known)
            )
        return found

    def word(self, key: str, pattern: re.Pattern[str], default: str | None = None) -> str:
        """Text that matches `pattern`; without a default it is required."""
        found = self.required(key) if default is None else self.tree(key)
        if found is None:
            return default or ""
        return word(found, pattern, self.problems)

    def line(self, key: str, default: str = "") -> str:
        """Any single text."""
        found = self.tree(key)
        if found is None:
            return default
        if isinstance(found, Text):
            return found.text
        self.problems.note(found, "one text is wanted here")
        return default

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        found = self.tree(key)
        if found is None:
            return default
        if isinstance(found, Text) and re.fullmatch(r"[0-9]{1,6}", found.text):
            value = int(found.text)
            if low <= value <= high:
                return value
        self.problems.note(
            found, "a whole number from %(low)s to %(high)s is wanted here", low=low, high=high
        )
        return default

    def yes_no(self, key: str, default: bool) -> bool:
        found = self.tree(key)
        if found is None:
            return default
        if isinstance(found, Text) and found.text in _YES_NO:
            return _YES_NO[found.text]
        self.problems.note(found, "true or false is wanted here")
        return default

    def duration(self, key: str, default: float, low: float = 0.1, high: float = 3600.0) -> float:
        """Seconds, from `5s`, `300ms` or `2m`."""
        found = self.tree(key)
        if found is None:
            return default
        if isinstance(found, Text):
            match = _DURATION.fullmatch(found.text)
            if match is not None:
                value = float(match.group(1)) * _UNIT_S[match.group(2)]
                if low <= value <= high:
                    return value
                self.problems.note(
                    found,
                    "from %(low)ss to %(high)ss is wanted here",
                    low=f"{low:g}",
                    high=f"{high:g}",
                )
                return default
        self.problems.note(found, "a time with its unit is wanted here, such as 5s, 300ms or 2m")
        return default

    def one_of(self, key: str, options: Iterable[str], default: str | None = None) -> str:
        options = list(options)
        found = self.required(key) if default is None else self.tree(key)
        if found is None:
            return default or ""
        if isinstance(found, Text) and found.text in options:
            return found.text
        given = found.text if isinstance(found, Text) else ""
        self.problems.note(
            found,
            "one of %(options)s is wanted here%(hint)s",
            options=", ".join(options),
            hint=suggestion(given, options),
        )
        return default or ""

    def sub(self, key: str) -> Fields | None:
        """A table within this one."""
        found = self.tree(key)
        if found is None:
            return None
        if isinstance(found, Table):
            return Fields(found, self.problems)
        self.problems.note(found, "names and values are wanted here, one to a line")
        return None

    def items(self, key: str) -> list[tuple[str, Tree]]:
        """Every entry of a table within this one."""
        within = self.sub(key)
        return [] if within is None else list(within.table.entries.items())

    def done(self) -> None:
        """Note every key that was never asked for."""
        for key, value in self.table.entries.items():
            if key not in self._asked:
                line = self.table.lines.get(key, value.line)
                hint = suggestion(key, self._asked)
                message = Message("unknown key %(key)r%(hint)s", key=key, hint=hint)
                self.problems.append(Problem(value.place, line, message))


def word(tree: Tree, pattern: re.Pattern[str], problems: Problems) -> str:
    """One text that matches `pattern`; what does not is noted."""
    if isinstance(tree, Text) and pattern.fullmatch(tree.text):
        return tree.text
    if isinstance(tree, Text):
        problems.note(
            tree, "%(text)r will not do: %(wanted)s", text=tree.text, wanted=_WANTED[pattern]
        )
    else:
        problems.note(tree, "one text is wanted here: %(wanted)s", wanted=_WANTED[pattern])
    return ""


def words(tree: Tree, pattern: re.Pattern[str], problems: Problems) -> list[str]:
    """One text, or a list of them."""
    parts = tree.items if isinstance(tree, Listing) else (tree,)
    return [word(part, pattern, problems) for part in parts]


_WANTED = {
    SLUG: Message("a name of small letters, digits and _ is wanted, such as ask_account"),
    VARIABLE: Message("the name of a variable is wanted, such as account or bill.amount"),
    PROMPT: Message("the name of a prompt is wanted, such as main_menu"),
    KEYS: Message("keys of a telephone are wanted: 0 to 9, * and #"),
    PLACED: Message("how far it was moved is wanted, such as: right 40 down 20"),
}
