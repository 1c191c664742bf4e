"""The public holidays and moved working days of China, as the State Council published them.

Of each year only what its notice says (国务院办公厅关于部分节假日安排的通知), which comes out in
October or November of the year before. 2026: notice of 4 November 2025, compared day by day with
`chinesecalendar` 1.11.0 (MIT). A year is added here once its notice is out; until then staff
enter it, or import a list.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from ivr.services.opening import DifferentDay, DifferentKind

_H, _W = DifferentKind.HOLIDAY, DifferentKind.WORKDAY

# month and day of the first and the last day, kind, name
_NOTICES: Mapping[int, tuple[tuple[int, int, int, int, DifferentKind, str], ...]] = {
    2026: (
        (1, 1, 1, 3, _H, "元旦"),
        (1, 4, 1, 4, _W, "元旦调休上班"),
        (2, 14, 2, 14, _W, "春节调休上班"),
        (2, 15, 2, 23, _H, "春节"),
        (2, 28, 2, 28, _W, "春节调休上班"),
        (4, 4, 4, 6, _H, "清明节"),
        (5, 1, 5, 5, _H, "劳动节"),
        (5, 9, 5, 9, _W, "劳动节调休上班"),
        (6, 19, 6, 21, _H, "端午节"),
        (9, 20, 9, 20, _W, "国庆节调休上班"),
        (9, 25, 9, 27, _H, "中秋节"),
        (10, 1, 10, 7, _H, "国庆节"),
        (10, 10, 10, 10, _W, "国庆节调休上班"),
    ),
}

YEARS = tuple(_NOTICES)


def published(year: int) -> tuple[DifferentDay, ...]:
    """The days of a year's notice, in order; none where it is not known here."""
    return tuple(
        DifferentDay(date(year, m, d), date(year, last_m, last_d), kind, name)
        for m, d, last_m, last_d, kind, name in _NOTICES.get(year, ())
    )
