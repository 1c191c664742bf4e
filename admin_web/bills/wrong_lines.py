"""The lines of a file that were wrong, as a file: why, and the line as it came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from flask_babel import gettext as _

from admin_web.names import word
from admin_web.reasons import said
from ivr.services.bill_columns import Columns
from ivr.services.bill_reading import Problem
from ivr.services.errors import RefusedError
from ivr.services.spreadsheet import safe
from ivr.services.table_source import open_table


def wrong_lines(
    problems: Sequence[Problem], path: Path | None, columns: Columns
) -> Iterator[list[str]]:
    """Yield a header and one row for each wrong line; query codes are left out."""
    why = {
        line: "; ".join(
            f"{word(one.column, 'bill_column')}: {said(one.message)}"
            if one.column
            else said(one.message)
            for one in found
        )
        for line, found in groupby(problems, key=lambda one: one.line)
    }
    secret = columns.columns.get("query_code")
    told = [_("Line"), _("What is wrong")]
    if path is None:
        yield told
        yield from ([str(line), safe(text)] for line, text in why.items())
        return
    try:
        with open_table(path) as rows:
            for at, row in enumerate(rows):
                cells = [
                    "" if place == secret and at else safe(cell)
                    for place, cell in enumerate(row.cells)
                ]
                if at == 0:
                    yield told + cells
                elif row.line in why:
                    yield [str(row.line), safe(why.pop(row.line)), *cells]
    except RefusedError:
        pass  # what is wrong with the file as a whole stands among the rest
    yield from ([str(line), safe(text)] for line, text in why.items())
