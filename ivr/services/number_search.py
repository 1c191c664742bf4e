"""Looking for a telephone number by what staff know of it: the whole, its beginning, its end.

Any part in the middle is not offered: no index of either database finds it without reading every
record, or without an index as large as the records on the way that calls are written. Beginnings
are a range of an index over the numbers, ends one over their last four digits.

Whoever sees numbers masked may look for whole numbers and for the last four digits of those that
show them four (`ivr.services.masking`), and for nothing between: each further digit would tell
one that is hidden.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, func, literal_column
from sqlalchemy.orm import InstrumentedAttribute, Session

from ivr.services.looking import Way, few
from ivr.services.masking import WHOLE_TAIL_FROM
from ivr.services.text import storable

END = 4
"""Digits of the end that an index holds."""
_DIGITS_AT_END = re.compile(r"[0-9]+$")
_SIGNS = "+-. ()"


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """A column of numbers and its indexes: over the number, over its end ("": none)."""

    column: InstrumentedAttribute[str]
    index: str
    end_index: str = ""

    def begins(self, text: str) -> ColumnElement[bool] | None:
        """Numbers that begin so, as a range of the index; None where it cannot be said as one.

        Digits are in this order in every locale; the rest is compared to the letter besides.
        """
        digits = _DIGITS_AT_END.search(text)
        if digits is None or set(digits[0]) == {"9"}:
            return None
        after = str(int(digits[0]) + 1).zfill(len(digits[0]))
        above = self.column < text[: digits.start()] + after
        return (self.column >= text) & above & (func.substr(self.column, 1, len(text)) == text)

    def fits(self, text: str, *, masked: bool) -> ColumnElement[bool]:
        """The same as `ways`, as a condition to be looked at record by record."""
        if masked:
            shown = (self._end() == text) & self._shows_end() if _is_end(text) else None
            return self.column == text if shown is None else (self.column == text) | shown
        begins = func.substr(self.column, 1, len(text)) == text
        return begins | self.column.endswith(text, autoescape=True) if self._ends(text) else begins

    def ways(self, session: Session, text: str, *, masked: bool) -> list[Way]:
        """How numbers are found that are, begin or end so."""
        if masked:
            found = [Way((self.column == text,), index=self.index)]
            if self.end_index and _is_end(text):
                found.append(Way((self._end() == text,), (self._shows_end(),), self.end_index))
            return found
        begins = self.begins(text)
        if begins is not None and few(session, begins):
            found = [Way((begins,), index=self.index)]
        else:  # so many that they are found soon in the order of time
            found = [Way((), (func.substr(self.column, 1, len(text)) == text,))]
        if self._ends(text):
            rest = (self.column.endswith(text, autoescape=True),) if len(text) > END else ()
            found.append(Way((self._end() == text[-END:],), rest, self.end_index))
        return found

    def _ends(self, text: str) -> bool:
        return bool(self.end_index) and len(text) >= END

    def _end(self) -> ColumnElement[str]:
        # To the letter as in the index, or neither database would use that.
        name = f"{self.column.class_.__tablename__}.{self.column.key}"
        return literal_column(f"substr({name}, length({name}) - 3)", Text())

    def _shows_end(self) -> ColumnElement[bool]:
        bare: ColumnElement[Any] = func.coalesce(self.column, "")
        for sign in _SIGNS:
            bare = func.replace(bare, sign, "")
        return func.length(bare) >= WHOLE_TAIL_FROM


def _is_end(text: str) -> bool:
    return len(text) == END and text.isascii() and text.isdigit()


def asked(text: str) -> str:
    """What was written into a field for numbers."""
    return storable(text.strip(), 128)
