"""Where a caller wants the pauses in a long number.

People keep three or four digits in mind at once, and telephone numbers are known by
their customary groups (E.123 leaves the grouping to the country; China: 3-4-4 for
mobiles, area code and then the subscriber's number for fixed lines). Each group is
spoken as a clause of its own: joined single digits are not recognisable, and twelve
digits in one breath lose some on the way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# Length of the string -> lengths of its groups; longer ones are cut by fours, and by
# threes when they are said again: what one cut runs together the other parts.
_GROUPS: dict[int, tuple[int, ...]] = {
    5: (3, 2),
    6: (3, 3),
    7: (3, 4),
    8: (4, 4),
    9: (3, 3, 3),
    10: (3, 3, 4),
    11: (4, 4, 3),
}
_GROUPS_AGAIN: dict[int, tuple[int, ...]] = {
    4: (2, 2),
    5: (2, 3),
    6: (2, 2, 2),
    7: (4, 3),
    8: (3, 3, 2),
    9: (4, 5),
    10: (4, 3, 3),
    11: (3, 4, 4),
}
_SHORT_CODE_MAX = 5
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
# Two-digit area codes (Beijing 010, Guangzhou 020, ... ) and three-digit ones.
_FIXED = re.compile(r"(0(?:10|2[0-9])|0[3-9][0-9]{2})([0-9]{7,8})")


def digit_groups(digits: str, *, again: bool = False) -> list[str]:
    """Cut a string of digits; spaces and hyphens in it are kept as the cuts.

    `again`: the caller has heard it once; it is cut in other places. A digit lost at one
    reading is then there at the other (`bench/results`: 19 of 24 numbers arrived whole
    at one reading, all at two that were cut differently).
    """
    given = re.split(r"[ -]+", digits.strip(" -"))
    if again:
        return [group for part in given for group in _cut(part, _GROUPS_AGAIN, 3)]
    return [group for part in given for group in _cut(part)]


def phone_groups(number: str) -> list[str]:
    """Cut a telephone number as it is customarily said; +86 is left unsaid."""
    digits = re.sub(r"[ ()-]", "", number)
    digits = re.sub(r"^(\+|00)86(?=1[3-9])", "", digits)
    digits = re.sub(r"^(\+|00)86(?=[2-9]|10)", "0", digits).lstrip("+")
    if len(digits) <= _SHORT_CODE_MAX:
        return [digits] if digits else []
    if _MOBILE.fullmatch(digits):
        return [digits[:3], digits[3:7], digits[7:]]
    fixed = _FIXED.fullmatch(digits)
    if fixed is not None:
        return [fixed.group(1), *_cut(fixed.group(2))]
    return _cut(digits)


def _cut(
    digits: str, by_length: Mapping[int, tuple[int, ...]] = _GROUPS, usual: int = 4
) -> list[str]:
    groups: list[str] = []
    at = 0
    for length in by_length.get(len(digits), (usual,) * -(-len(digits) // usual)):
        groups.append(digits[at : at + length])
        at += length
    return [group for group in groups if group]
