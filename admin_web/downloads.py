"""Tables as CSV (RFC 4180), sent as they are read from the database."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence

from flask import Response
from sqlalchemy.orm import Session

from admin_web.desk import desk
from ivr.services.spreadsheet import BOM

_LINES_A_PIECE = 200


def lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield ``rows`` as CSV text, some lines at a time, a byte order mark first."""
    buffer = io.StringIO()
    buffer.write(BOM)
    writer = csv.writer(buffer)
    for count, row in enumerate(rows, 1):
        writer.writerow(row)
        if count % _LINES_A_PIECE == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def csv_answer(name: str, read: Callable[[Session], Iterable[Sequence[str]]]) -> Response:
    """Return an answer that streams what ``read`` yields, as the file ``name``.csv.

    The first piece is read before the answer begins, so that a database that is down is an
    error page and not a broken file.
    """
    database = desk().database

    def pieces() -> Iterator[str]:
        with database.read() as session:
            yield from lines(read(session))

    stream = pieces()
    first = next(stream)

    def all_pieces() -> Iterator[str]:
        yield first
        yield from stream

    return Response(
        all_pieces(),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
