"""Typed slots in a prompt's text: `您应缴{amount:money}，请于{due:date}前缴纳。`

A slot is `{name:type}`; a literal brace is doubled, as in Python's format strings.
The type says how the value is spoken, so that a clerk who edits the sentence need
not know how to say an amount or a date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import Enum

from prompts import durations
from prompts.errors import Message, PromptError

Value = str | int | Decimal | date | time | datetime


class SlotType(Enum):
    """How a value is spoken."""

    MONEY = "money"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    WEEKDAY = "weekday"
    DURATION = "duration"
    DIGITS = "digits"
    PHONE = "phone"
    COUNT = "count"
    NUMBER = "number"
    PERCENT = "percent"
    ORDINAL = "ordinal"
    LETTERS = "letters"
    TEXT = "text"
    PHRASE = "phrase"


@dataclass(frozen=True, slots=True)
class Slot:
    """One place in a text that is filled when the prompt is spoken."""

    name: str
    type: SlotType


Piece = str | Slot

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_SLOT = re.compile(r"([a-z][a-z0-9_]*)\s*:\s*([a-z]+)")
_TYPES = ", ".join(kind.value for kind in SlotType)


def parse_text(text: str) -> tuple[Piece, ...]:
    """Split `text` into literal strings and slots.

    Raises PromptError for an unclosed brace, a malformed slot or an unknown type.
    """
    pieces: list[Piece] = []
    literal = ""
    at = 0
    for token in _TOKEN.finditer(text):
        literal += text[at : token.start()]
        at = token.end()
        found = token.group()
        if found in ("{{", "}}"):
            literal += found[0]
        elif token.group(1) is None:
            raise PromptError(
                "%(brace)r at column %(column)s is not paired; double it",
                brace=found,
                column=token.start() + 1,
            )
        else:
            if literal:
                pieces.append(literal)
                literal = ""
            pieces.append(_parse_slot(token.group(1)))
    literal += text[at:]
    if literal:
        pieces.append(literal)
    return tuple(pieces)


def slots_of(pieces: tuple[Piece, ...]) -> dict[str, SlotType]:
    """Name and type of every slot; PromptError where one name has two types."""
    found: dict[str, SlotType] = {}
    for slot in _slots(pieces):
        if found.setdefault(slot.name, slot.type) is not slot.type:
            raise PromptError("slot %(slot)r is given two types", slot=slot.name)
    return found


def parse_value(kind: SlotType, text: str) -> Value:
    """Turn what was typed on a command line into a slot's value; PromptError says what fits."""
    text = text.strip()
    try:
        if kind is SlotType.MONEY:
            return _decimal(text)
        if kind in (SlotType.DATE, SlotType.WEEKDAY):
            return date.fromisoformat(text)
        if kind is SlotType.TIME:
            return time.fromisoformat(text)
        if kind is SlotType.DATETIME:
            return datetime.fromisoformat(text)
        if kind in (SlotType.COUNT, SlotType.ORDINAL):
            return _whole(text)
        if kind is SlotType.NUMBER:
            return _decimal(text)
        if kind is SlotType.PERCENT:
            return _decimal(text.removesuffix("%").rstrip())
        if kind is SlotType.DURATION and text.isdigit():
            return _whole(text)
    except ValueError:
        raise _misfit(text, kind) from None
    check_value(kind, text)
    return text


def check_value(kind: SlotType, value: Value) -> None:
    """Raise PromptError where `value` cannot be spoken as `kind`."""
    if not isinstance(value, _ACCEPTED[kind]) or isinstance(value, bool):
        raise _misfit(value, kind)
    if kind is SlotType.DURATION and isinstance(value, int) and value < 0:
        raise _misfit(value, kind)
    if isinstance(value, Decimal) and not value.is_finite():
        raise _misfit(value, kind)
    if isinstance(value, str):
        pattern = _STRINGS.get(kind)
        if pattern is not None and not pattern.fullmatch(value):
            raise _misfit(value, kind)


def _misfit(value: Value, kind: SlotType) -> PromptError:
    return PromptError(
        "%(value)r is not a %(kind)s: %(example)s",
        value=value,
        kind=kind.value,
        example=_EXAMPLES[kind],
    )


def _slots(pieces: tuple[Piece, ...]) -> Iterator[Slot]:
    return (piece for piece in pieces if isinstance(piece, Slot))


def _parse_slot(inside: str) -> Slot:
    match = _SLOT.fullmatch(inside.strip())
    if match is None:
        raise PromptError(
            "{%(given)s} is not a slot; write {name:type}, type one of %(types)s",
            given=inside,
            types=_TYPES,
        )
    try:
        return Slot(match.group(1), SlotType(match.group(2)))
    except ValueError:
        raise PromptError(
            "slot %(slot)r has the unknown type %(type)r; one of %(types)s",
            slot=match.group(1),
            type=match.group(2),
            types=_TYPES,
        ) from None


def _decimal(text: str) -> Decimal:
    if not re.fullmatch(r"[+-]?[0-9]{1,12}(\.[0-9]{1,6})?", text):
        raise ValueError(text)
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None
    return number


def _whole(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,12}", text):
        raise ValueError(text)
    return int(text)


_ACCEPTED: dict[SlotType, tuple[type, ...]] = {
    SlotType.MONEY: (Decimal, int),
    SlotType.DATE: (date,),
    SlotType.TIME: (time, datetime),
    SlotType.DATETIME: (datetime,),
    SlotType.WEEKDAY: (date,),
    SlotType.DURATION: (str, int),
    SlotType.DIGITS: (str, int),
    SlotType.PHONE: (str, int),
    SlotType.COUNT: (int,),
    SlotType.NUMBER: (int, Decimal),
    SlotType.PERCENT: (int, Decimal),
    SlotType.ORDINAL: (int,),
    SlotType.LETTERS: (str,),
    SlotType.TEXT: (str,),
    SlotType.PHRASE: (str,),
}
_STRINGS = {
    SlotType.DURATION: durations.PATTERN,
    SlotType.DIGITS: re.compile(r"[0-9*# -]{1,64}"),
    SlotType.PHONE: re.compile(r"\+?[0-9 ()-]{1,32}"),
    SlotType.LETTERS: re.compile(r"[0-9A-Za-z -]{1,64}"),
    SlotType.PHRASE: re.compile(r"[a-z0-9][a-z0-9_.]*"),
}
_EXAMPLES = {
    SlotType.MONEY: Message("an amount such as 128.50"),
    SlotType.DATE: Message("a date such as 2026-12-01"),
    SlotType.TIME: Message("a time of day such as 18:30"),
    SlotType.DATETIME: Message("a date and time such as 2026-12-01T18:30"),
    SlotType.WEEKDAY: Message("a date such as 2026-12-01, whose day of the week is said"),
    SlotType.DURATION: Message("a length of time such as 2h30m, 45m or 1.5h, or seconds"),
    SlotType.DIGITS: Message("digits such as 202611220001"),
    SlotType.PHONE: Message("a telephone number such as 13800138000"),
    SlotType.COUNT: Message("a whole number such as 3"),
    SlotType.NUMBER: Message("a number such as 12.5"),
    SlotType.PERCENT: Message("hundredths such as 12.5"),
    SlotType.ORDINAL: Message("a whole number such as 3"),
    SlotType.LETTERS: Message("letters and digits such as A12"),
    SlotType.TEXT: Message("any text"),
    SlotType.PHRASE: Message("the name of a phrase of the catalogue, such as paid"),
}
