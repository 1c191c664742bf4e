"""Lengths of time, as flows and clerks give them: seconds, or `2h30m`, `90m`, `1.5h`.

What is written with units is said in those units (48h is not two days); a bare number of
seconds is cut into the largest ones.
"""

from __future__ import annotations

import re
from decimal import Decimal

UNITS_S = {"d": 86_400, "h": 3600, "m": 60, "s": 1}
PATTERN = re.compile(
    r"(?=\d)(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,4})m)?(?:(\d{1,4})s)?|(\d{1,4}\.5)([dh])",
    re.ASCII,
)

Part = tuple[Decimal | int, str]


def parts(value: int | str) -> list[Part]:
    """Numbers with their units (d, h, m, s), the largest first; [] for no time at all.

    ValueError for what `PATTERN` does not match, and for less than nothing.
    """
    if isinstance(value, int):
        if value < 0:
            raise ValueError(value)
        found: list[Part] = []
        for unit, seconds in UNITS_S.items():
            many, value = divmod(value, seconds)
            if many:
                found.append((many, unit))
        return found
    match = PATTERN.fullmatch(value)
    if match is None:
        raise ValueError(value)
    if match[5]:
        return [(Decimal(match[5]), match[6])]
    return [
        (int(many), unit)
        for many, unit in zip(match.groups()[:4], UNITS_S, strict=True)
        if many and int(many)
    ]
