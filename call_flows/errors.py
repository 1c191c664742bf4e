"""What is wrong with a flow file: every problem at once, each with its place and line.

A text is a `Message`: English as it stands, and the template and values it was made
from, by which a page says the same in another language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


class Message(str):
    """An English sentence that remembers its template and the values filled in."""

    __slots__ = ("params", "template")
    template: str
    params: Mapping[str, object]

    def __new__(cls, template: str, /, **params: object) -> Message:
        message = super().__new__(cls, template % params if params else template)
        message.template, message.params = template, params
        return message


NOTHING = ""
NO_HINT = Message(NOTHING)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake: where it stands (`flows.bills.nodes.ask.on.timeout`) and how to mend it."""

    place: str
    line: int
    message: Message

    def __str__(self) -> str:
        where = f"{self.place}: line {self.line}" if self.line else self.place
        return f"{where}: {self.message}"


class FlowError(Exception):
    """The flow files cannot be loaded; `problems` lists every reason."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))
