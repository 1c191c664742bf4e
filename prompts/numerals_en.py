"""Numbers, money, dates and times as English speakers say them.

Small tables of our own: num2words loads sixty languages for two functions. American
forms, as the voice is American; no "and" inside numbers, `zero` rather than `oh` in
digit strings, because `oh` is lost on the telephone. The cases a native reader can
check are in `tests/prompts/said_en.tsv`.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal

from prompts import durations

# fmt: off
_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
# fmt: on
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth",
    "nine": "ninth", "twelve": "twelfth",
}  # fmt: skip
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_KEYS = {"*": "star", "#": "pound"}


def cardinal(number: int) -> str:
    """A whole number: 205 -> two hundred five."""
    if number < 0:
        return "minus " + cardinal(-number)
    if number < 20:
        return _SMALL[number]
    if number < 100:
        tens, rest = divmod(number, 10)
        return _TENS[tens] + (f"-{_SMALL[rest]}" if rest else "")
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        return f"{_SMALL[hundreds]} hundred" + (f" {cardinal(rest)}" if rest else "")
    for scale, name in _SCALES:
        if number >= scale:
            many, rest = divmod(number, scale)
            return f"{cardinal(many)} {name}" + (f" {cardinal(rest)}" if rest else "")
    raise AssertionError("every number of 1000 and more has a scale")


count = cardinal


def decimal(number: Decimal | int) -> str:
    """12.50 -> twelve point five zero."""
    if isinstance(number, int):
        return cardinal(number)
    whole, _, fraction = f"{abs(number):f}".partition(".")
    spoken = cardinal(int(whole))
    if fraction:
        spoken += " point " + digits(fraction)
    return ("minus " if number < 0 else "") + spoken


def percent(number: Decimal | int) -> str:
    """12.5 -> twelve point five percent."""
    return decimal(number) + " percent"


def ordinal(number: int) -> str:
    """21 -> twenty-first."""
    head, dash, last = cardinal(number).rpartition("-")
    if not dash:
        head, dash, last = cardinal(number).rpartition(" ")
    if last in _ORDINALS:
        last = _ORDINALS[last]
    elif last.endswith("y"):
        last = last[:-1] + "ieth"
    else:
        last += "th"
    return head + dash + last


def money(amount: Decimal | int) -> str:
    """An amount in yuan, to the fen: 128.50 -> one hundred twenty-eight point five zero yuan."""
    # Not `quantize`, which raises for what a notice may hold: an amount of thirty figures.
    cents = (Decimal(amount) * 100).to_integral_value(ROUND_HALF_UP).scaleb(-2)
    if cents == 0:
        return "zero yuan"
    return decimal(int(cents) if cents == int(cents) else cents) + " yuan"


def year(number: int) -> str:
    """2026 -> twenty twenty-six, 2005 -> two thousand five, 1900 -> nineteen hundred."""
    high, low = divmod(number, 100)
    if not 1000 <= number <= 9999 or number // 10 % 100 == 0:
        return cardinal(number)
    if low == 0:
        return cardinal(number) if high % 10 == 0 else f"{cardinal(high)} hundred"
    return f"{cardinal(high)} {'oh ' if low < 10 else ''}{cardinal(low)}"


def day(when: date) -> str:
    """2026-12-01 -> December first, twenty twenty-six."""
    return f"{_MONTHS[when.month - 1]} {ordinal(when.day)}, {year(when.year)}"


def weekday(when: date) -> str:
    """Monday to Sunday."""
    return _WEEKDAYS[when.weekday()]


def clock(when: time | datetime) -> str:
    """18:30 -> six thirty PM; noon and midnight by name."""
    if when.minute == 0 and when.hour in (0, 12):
        return "midnight" if when.hour == 0 else "noon"
    half = "AM" if when.hour < 12 else "PM"
    hour = cardinal(when.hour % 12 or 12)
    if when.minute == 0:
        return f"{hour} {half}"
    lead = "oh " if when.minute < 10 else ""
    return f"{hour} {lead}{cardinal(when.minute)} {half}"


def moment(when: datetime) -> str:
    """A date and time of day, as given: convert to the line's zone first."""
    return f"{day(when)}, at {clock(when)}"


def duration(value: int | str) -> str:
    """Seconds, or `2h30m`: 9000 -> two hours thirty minutes, 1800 -> half an hour."""
    given = durations.parts(value)
    if given in ([(30, "m")], [(Decimal("0.5"), "h")]):
        return "half an hour"
    if given == [(Decimal("0.5"), "d")]:
        return "half a day"
    if len(given) == 1 and isinstance(given[0][0], Decimal):
        return f"{cardinal(int(given[0][0]))} and a half {_TIMES[given[0][1]]}s"
    return (
        " ".join(
            f"{cardinal(int(many))} {_TIMES[unit]}{'' if many == 1 else 's'}"
            for many, unit in given
        )
        or "zero seconds"
    )


_TIMES = {"d": "day", "h": "hour", "m": "minute", "s": "second"}


def digits(text: str) -> str:
    """A group of digits one by one: 110 -> one one zero."""
    return " ".join(_KEYS.get(char) or _SMALL[int(char)] for char in text)


def letters(text: str) -> str:
    """Letters by name and digits one by one: A12 -> A, one, two."""
    return ", ".join(
        digits(char) if char.isdigit() else char.upper() for char in text if char.isalnum()
    )
