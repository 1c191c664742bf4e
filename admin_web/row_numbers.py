"""Numbers of rows in addresses: what no row can have is an address that does not exist.

A database asked for a larger number than its columns hold raises instead of finding nothing.
"""

from __future__ import annotations

from werkzeug.routing import IntegerConverter, Map

LARGEST = 2**31 - 1
"""Of PostgreSQL's `integer`; SQLite's are larger."""


class RowNumber(IntegerConverter):
    """`<int:row>` of a rule, up to `LARGEST`."""

    def __init__(
        self,
        map: Map,
        fixed_digits: int = 0,
        min: int | None = None,
        max: int | None = LARGEST,
        signed: bool = False,
    ) -> None:
        super().__init__(map, fixed_digits, min, max, signed)
