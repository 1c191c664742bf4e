"""What is wrong with a flow file: every problem at once, each with its place and line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake: where it stands (`flows.bills.nodes.ask.on.timeout`) and how to mend it."""

    place: str
    line: int
    message: str

    def __str__(self) -> str:
        where = f"{self.place}: line {self.line}" if self.line else self.place
        return f"{where}: {self.message}"


class FlowError(Exception):
    """The flow files cannot be loaded; `problems` lists every reason."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))
