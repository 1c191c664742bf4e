"""Numbers as native speakers say them: `said_zh.tsv`, `said_en.tsv`, and what must hold for all."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts import durations, numerals_en, numerals_zh
from prompts.compose import compose_text

READ: dict[str, tuple[str, Callable[[str], Any]]] = {
    "cardinal": ("cardinal", int),
    "count": ("count", int),
    "money": ("money", Decimal),
    "number": ("decimal", Decimal),
    "percent": ("percent", Decimal),
    "ordinal": ("ordinal", int),
    "date": ("day", date.fromisoformat),
    "weekday": ("weekday", date.fromisoformat),
    "time": ("clock", time.fromisoformat),
    "datetime": ("moment", datetime.fromisoformat),
    "duration": ("duration", lambda value: int(value) if value.isdigit() else value),
    "digits": ("digits", str),
    "letters": ("letters", str),
}


def table(name: str) -> list[tuple[str, str, str]]:
    """The rows of a value of a type; those of `text` are for the reading of sentences."""
    lines = (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()
    rows = [tuple(line.split("\t")) for line in lines if not line.startswith("# ")]
    return [row for row in rows if row[0] != "text"]  # type: ignore[misc]


def said(module: ModuleType, kind: str, value: str) -> str:
    function, read = READ[kind]
    return getattr(module, function)(read(value))


@pytest.mark.parametrize(("kind", "value", "expected"), table("said_zh.tsv"))
def test_mandarin_says_it_as_a_native_speaker_would(kind: str, value: str, expected: str) -> None:
    assert said(numerals_zh, kind, value) == expected


@pytest.mark.parametrize(("kind", "value", "expected"), table("said_en.tsv"))
def test_english_says_it_as_a_native_speaker_would(kind: str, value: str, expected: str) -> None:
    assert said(numerals_en, kind, value) == expected


_ZH = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}


def read_back(spoken: str) -> int:
    """An independent reader of Chinese numbers: each unit closes what came before it."""
    for big, worth in (("亿", 10**8), ("万", 10**4)):
        if big in spoken:
            head, _, tail = spoken.rpartition(big)
            return read_back(head) * worth + read_back(tail)
    total = digit = 0
    for char in spoken:
        if char in _UNITS:
            total += (digit or 1) * _UNITS[char]
            digit = 0
        else:
            digit = _ZH[char]
    return total + digit


@given(st.integers(min_value=0, max_value=10**16 - 1))
def test_a_mandarin_number_reads_back_as_itself(number: int) -> None:
    assert read_back(numerals_zh.cardinal(number)) == number


@given(st.integers(min_value=0, max_value=10**10))
def test_two_amounts_that_differ_never_sound_the_same(fen: int) -> None:
    one, other = Decimal(fen) / 100, Decimal(fen + 1) / 100
    assert numerals_zh.money(one) != numerals_zh.money(other)
    assert numerals_en.money(one) != numerals_en.money(other)


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_moment_can_be_said_without_a_figure(when: datetime) -> None:
    for spoken in (numerals_zh.moment(when), numerals_en.moment(when)):
        assert spoken
        assert not any(char.isdigit() and char.isascii() for char in spoken)


@given(st.integers(min_value=0, max_value=10**7))
def test_two_lengths_of_time_that_differ_never_sound_the_same(seconds: int) -> None:
    for module in (numerals_zh, numerals_en):
        assert module.duration(seconds) != module.duration(seconds + 1)


@pytest.mark.parametrize("wrong", [-1, "  ", "2", "2x", "h", "2.3h", "30m2h", "1.5h30m"])
def test_what_is_no_length_of_time_is_refused(wrong: int | str) -> None:
    with pytest.raises(ValueError, match=re.escape(str(wrong))):
        durations.parts(wrong)


@pytest.mark.parametrize("amount", ["5." + "2" * 60, "9" * 40, "9" * 27 + ".999", "0." + "0" * 40])
def test_an_amount_of_any_length_can_be_said(amount: str) -> None:
    """Found by fuzzing: a notice may hold one, and it must not end a caller's prompt."""
    for notice, language in ((f"共{amount}元。", "zh-CN"), (f"It is ${amount}.", "en")):
        assert compose_text(notice, language)
