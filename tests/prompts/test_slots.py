"""Slots in texts, and values typed on a command line."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.errors import PromptError
from prompts.slots import Slot, SlotType, check_value, parse_text, parse_value, slots_of


def test_a_text_is_cut_at_its_slots() -> None:
    assert parse_text("应缴{amount:money}。") == ("应缴", Slot("amount", SlotType.MONEY), "。")


def test_a_doubled_brace_is_a_brace() -> None:
    assert parse_text("a{{b}}c") == ("a{b}c",)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{amount}", "name:type"),
        ("{amount:coins}", "coins"),
        ("{amount:money", "not paired"),
        ("amount}", "not paired"),
        ("{:money}", "name:type"),
        ("{a:money} {a:date}", "two types"),
    ],
)
def test_a_malformed_slot_is_an_error_that_names_it(text: str, names: str) -> None:
    with pytest.raises(PromptError, match=names):
        slots_of(parse_text(text))


@given(st.text())
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        pieces = parse_text(text)
    except PromptError:
        return
    rebuilt = "".join(
        piece.replace("{", "{{").replace("}", "}}")
        if isinstance(piece, str)
        else f"{{{piece.name}:{piece.type.value}}}"
        for piece in pieces
    )
    assert parse_text(rebuilt) == pieces


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("money", "128.50", Decimal("128.50")),
        ("date", "2026-12-01", date(2026, 12, 1)),
        ("time", "18:30", time(18, 30)),
        ("datetime", "2026-12-01T18:30Z", datetime(2026, 12, 1, 18, 30, tzinfo=UTC)),
        ("weekday", "2026-12-01", date(2026, 12, 1)),
        ("duration", "2h30m", "2h30m"),
        ("duration", "9000", 9000),
        ("percent", "12.5 %", Decimal("12.5")),
        ("digits", " 202611220001 ", "202611220001"),
        ("phone", "+86 138 0013 8000", "+86 138 0013 8000"),
        ("count", "2", 2),
        ("letters", "A12", "A12"),
        ("text", "停电", "停电"),
        ("phrase", "paid", "paid"),
    ],
)
def test_a_typed_value_becomes_what_its_slot_takes(kind: str, text: str, value: object) -> None:
    assert parse_value(SlotType(kind), text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("money", "12,50"),
        ("money", "NaN"),
        ("money", "1e9"),
        ("money", "٣"),
        ("date", "1.12.2026"),
        ("date", "2026-02-30"),
        ("time", "25:00"),
        ("digits", "12a"),
        ("digits", ""),
        ("phone", "call me"),
        ("count", "-1"),
        ("count", "1.5"),
        ("phrase", "../x"),
    ],
)
def test_a_typed_value_that_does_not_fit_is_refused_with_an_example(kind: str, text: str) -> None:
    with pytest.raises(PromptError, match="such as"):
        parse_value(SlotType(kind), text)


@given(st.sampled_from(SlotType), st.text(max_size=40))
def test_a_typed_value_is_taken_or_refused_and_what_is_taken_can_be_spoken(
    kind: SlotType, text: str
) -> None:
    try:
        value = parse_value(kind, text)
    except PromptError:
        return
    check_value(kind, value)


def test_a_truth_value_is_not_a_number() -> None:
    with pytest.raises(PromptError, match="count"):
        check_value(SlotType.COUNT, True)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (SlotType.DURATION, -1),
        (SlotType.DURATION, "2 hours"),
        (SlotType.DURATION, ""),
        (SlotType.DURATION, True),
        (SlotType.PERCENT, "12"),
        (SlotType.WEEKDAY, "Monday"),
    ],
)
def test_what_is_no_length_of_time_percentage_or_day_is_refused(
    kind: SlotType, value: object
) -> None:
    with pytest.raises(PromptError, match=f"not a {kind.value}"):
        check_value(kind, value)  # type: ignore[arg-type]
