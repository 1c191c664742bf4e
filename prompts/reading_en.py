"""How figures and units inside English text are read.

A clerk types `No. 2 pump, 8:30-18:00, 10kV line; call 95598`. Left to itself the English
voice says "ninety-five thousand five hundred ninety-eight", takes ¥ for yen and drops a
minus. The rules are a table, tried in order; what they leave (short numbers, years,
`Nov 22`) the voice reads well. Cases: `tests/prompts/said_en.tsv`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from functools import lru_cache

from prompts import numerals_en as en
from prompts.digit_groups import phone_groups

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_CLOCK = r"(\d{1,2}):(\d{2})(?!\d)(?:\s*([AaPp])\.?[Mm]\b\.?)?"
# One and many.
_UNITS = {
    "kWh": ("kilowatt-hour", "kilowatt-hours"), "kW": ("kilowatt", "kilowatts"),
    "kV": ("kilovolt", "kilovolts"), "V": ("volt", "volts"), "MPa": ("megapascal", "megapascals"),
    "km": ("kilometer", "kilometers"), "kg": ("kilogram", "kilograms"),
    "cm": ("centimeter", "centimeters"), "mm": ("millimeter", "millimeters"),
    "m²": ("square meter", "square meters"), "m2": ("square meter", "square meters"),
    "m³": ("cubic meter", "cubic meters"), "m3": ("cubic meter", "cubic meters"),
    "m": ("meter", "meters"), "L": ("liter", "liters"),
    "℃": ("degree Celsius", "degrees Celsius"), "°C": ("degree Celsius", "degrees Celsius"),
}  # fmt: skip


@lru_cache(maxsize=4096)
def speakable(text: str) -> str:
    """The text with figures and units written as they are spoken, where the voice errs."""
    text = text.translate(_WIDE)
    for pattern, reading in _RULES:
        text = pattern.sub(reading, text)
    return text


def _full_date(match: re.Match[str]) -> str:
    try:
        return en.day(date(*(int(part) for part in match.groups())))
    except ValueError:
        return en.digits(re.sub(r"\D", "", match.group()))


def _clock(match: re.Match[str]) -> str:
    hour, minute, half = int(match[1]), int(match[2]), (match[3] or "").lower()
    if minute > 59 or hour > 24 or (half and hour > 12):
        return f"{en.cardinal(hour)} to {en.cardinal(minute)}"
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return en.clock(time(hour % 24, minute))


def _phone(match: re.Match[str]) -> str:
    return ", ".join(en.digits(group) for group in phone_groups(match.group()))


def _value(figures: str) -> Decimal:
    return Decimal(figures.replace(",", ""))


def _unit(match: re.Match[str]) -> str:
    one, many = _UNITS[match[2]]
    return f"{en.decimal(_value(match[1]))} {one if match[1] == '1' else many}"


def _long(match: re.Match[str]) -> str:
    figures = match.group()
    if "," in figures:
        return en.decimal(_value(figures))
    if len(figures) == 4 and figures[0] != "0":
        # The voice reads years well; 1203 households are no year.
        return figures if figures[:2] in ("19", "20") else en.cardinal(int(figures))
    return ", ".join(en.digits(group) for group in phone_groups(figures))


_WIDE = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF5B))}
_WIDE = {code: plain for code, plain in _WIDE.items() if chr(plain).isalnum()} | {
    0xFF05: 0x25, 0xFFE5: 0xA5, 0xFF1A: 0x3A,
}  # fmt: skip

_Reading = Callable[[re.Match[str]], str]
_RULES: tuple[tuple[re.Pattern[str], _Reading], ...] = tuple(
    (re.compile(pattern, re.ASCII), reading)
    for pattern, reading in (
        (r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)", _full_date),
        (
            rf"({_CLOCK})\s*[-~—–]+\s*(?=\d{{1,2}}:\d\d)",
            lambda m: f"{re.sub(_CLOCK, _clock, m[1])} to ",
        ),
        (_CLOCK, _clock),
        (r"\b0\d{2,3}-\d{7,8}\b|(?<!\d)1[3-9]\d{9}(?!\d)|\b400-\d{3,4}-\d{3,4}\b", _phone),
        (r"\bNo\.\s*(?=\d)", lambda _: "number "),
        (
            r"\b((?:[Rr]oom|[Ff]lat|[Uu]nit|[Aa]partment|[Bb]us|[Rr]oute|[Ll]ine) )(\d{3,4})\b",
            lambda m: m[1] + en.digits(m[2]),
        ),
        (
            rf"-?[¥￥]\s?({_NUMBER})|\bRMB\s?({_NUMBER})|(?<![\w.,])(-?(?:{_NUMBER})) ?yuan\b",
            lambda m: en.money(
                (-1 if m[0].startswith("-") else 1) * abs(_value(m[1] or m[2] or m[3]))
            ),
        ),
        (r"(?<=[A-Za-z0-9])@(?=[A-Za-z0-9])", lambda _: " at "),
        (r"\bwww\.", lambda _: "W W W dot "),
        (r"(?<=[a-z])\.(?=[a-z]{2})", lambda _: " dot "),
        (r"(?<=[\d%])\s*[-~–—]\s*(?=\d)", lambda _: " to "),
        (r"(?<![\w.])[-−](?=\d)", lambda _: "minus "),
        (
            rf"\b({_NUMBER})\s?({'|'.join(re.escape(unit) for unit in _UNITS)})(?![A-Za-z0-9])",
            _unit,
        ),
        (r"\b(\d+)/(\d+)\b", lambda m: f"{en.cardinal(int(m[1]))} of {en.cardinal(int(m[2]))}"),
        (rf"({_NUMBER})\s?%", lambda m: en.percent(_value(m[1]))),
        # A12B: a number with letters in it is spelled.
        (
            r"\b(?=[A-Z-]*\d)(?=[\d-]*[A-Z])[A-Z\d]+(?:-[A-Z\d]+)*\b",
            lambda m: en.letters(m.group()),
        ),
        (r"(?<![\w.,])(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{4,}|0\d+)(?![\w]|[.,]\d)", _long),
    )
)
