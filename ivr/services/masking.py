"""Telephone and account numbers for who need not know them: 138****8000.

What is masked is told apart by nobody by its length alone: the letters and digits in the middle
become stars, one for each, so that two records of one caller still look alike. This is the one
place that says how; pages, CSV files and the API are handed one of the two functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable

NumberView = Callable[[str], str]

# from so many letters and digits on: how many stay at the beginning and at the end
_KEPT = ((10, 3, 4), (6, 2, 2), (4, 1, 1))
SHORTEST = 4
WHOLE_TAIL_FROM = 10
"""Numbers of so many letters and digits show their last four (the first row above)."""
# In a sentence, what is long enough to be somebody's number.
_IN_TEXT = re.compile(r"[0-9０-９]{6,}")
# Said of a caller instead of a number (RFC 3323 §4.1 and the usual forms).
_NOBODY = frozenset({"anonymous", "unknown", "restricted", "unavailable", "withheld", "sample"})


def whole(number: str) -> str:
    """The number as it is."""
    return number


def masked(number: str) -> str:
    """A number with its middle hidden; signs between stay. Up to three digits (a key, 110) stay."""
    places = [at for at, char in enumerate(number) if char.isalnum()]
    if number.strip().lower() in _NOBODY:
        return number
    for least, head, tail in _KEPT:
        if len(places) >= least:
            hidden = set(places[head : len(places) - tail])
            return "".join("*" if at in hidden else char for at, char in enumerate(number))
    return number


def in_text(text: str, numbers: NumberView) -> str:
    """A note of staff, with every number of six digits or more seen as `numbers` says."""
    return _IN_TEXT.sub(lambda found: numbers(found[0]), text)
