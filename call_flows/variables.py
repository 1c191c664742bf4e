"""What a session knows during a call, by name: `account`, `bill.amount`, `caller.number`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from call_flows.instructions import Replay, Say, SlotValue
from call_flows.model import Condition, Literally, Source, Utterance

# A telephone number as a network presents it: national numbers have 7 digits at
# least, ITU-T E.164 §6 allows 15 at most. A shorter or lettered caller is an
# extension or a name, which nobody can call back from outside.
_NUMBER = re.compile(r"[0-9]{7,15}")


class FlowFailureError(Exception):
    """A flow asked for what cannot be done in this call; the line's on_error exit follows."""


def caller_number(caller: str, home_prefixes: Iterable[str]) -> str:
    """The caller as a number to call back, in its national form; empty if it is none."""
    number = re.sub(r"[ ().-]", "", caller)
    for prefix in home_prefixes:
        if number.startswith(prefix):
            number = number[len(prefix) :]
            break
    bare = number.removeprefix("+")
    return number if _NUMBER.fullmatch(bare) else ""


class Variables:
    """Values by name; an unset one equals the empty text."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._sensitive: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        return self._values.get(name, "")

    def put(self, name: str, value: Any, *, sensitive: bool = False) -> None:
        self._values[name] = "" if value is None else value
        self._sensitive.discard(name)
        if sensitive:
            self._sensitive.add(name)

    def assign(self, values: Mapping[str, Source]) -> None:
        """What a flow sets."""
        for name, source in values.items():
            if isinstance(source, Literally):
                self.put(name, source.value)
            else:
                self.put(name, self[source.name], sensitive=source.name in self._sensitive)

    def put_all(self, into: str, values: Mapping[str, Any]) -> None:
        """A table of values under one name; what an earlier one left is gone."""
        within = f"{into}."
        for name in [name for name in self._values if name.startswith(within)]:
            del self._values[name]
        for name, value in values.items():
            self.put(within + name, value)

    def holds(self, condition: Condition | None) -> bool:
        if condition is None:
            return True
        return (str(self[condition.variable]) in condition.values) is not condition.negated

    def arguments(self, wanted: Mapping[str, str]) -> tuple[dict[str, SlotValue], frozenset[str]]:
        """A lookup's arguments, those unset left out, and which of them are sensitive."""
        found = {name: self[variable] for name, variable in wanted.items()}
        given = {name: value for name, value in found.items() if value != ""}
        return given, frozenset(name for name in given if wanted[name] in self._sensitive)

    def content(self, utterance: Utterance, language: str, variant: str = "") -> Say | Replay:
        """What an utterance says now; FlowFailureError where a value it needs is not known."""
        if utterance.replay:
            return Replay(str(self._needed(utterance.replay, "replay")))
        slots = {
            slot: self._speakable(variable, utterance.prompt)
            for slot, variable in utterance.slots.items()
        }
        return Say(utterance.prompt, slots, utterance.language or language, variant)

    def _needed(self, name: str, by: str) -> Any:
        value = self._values.get(name, "")
        if value == "" and name not in self._values:
            raise FlowFailureError(f"{by} needs the variable {name!r}, which nothing has set")
        return value

    def _speakable(self, name: str, by: str) -> SlotValue:
        value = self._needed(name, by)
        if isinstance(value, str | int | Decimal | date):
            return value
        raise FlowFailureError(
            f"{by}: {name!r} holds a {type(value).__name__}, which cannot be said"
        )
