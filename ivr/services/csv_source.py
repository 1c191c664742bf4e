"""A CSV file as a town's billing software writes it: read as a stream, encoding found out.

Windows spreadsheets in China write GB18030 (GBK), others UTF-8 with or without
a byte-order mark, and "Unicode text" is UTF-16 with tabs. Few GB18030 texts are
valid UTF-8 by accident, so what decodes as UTF-8 to the end is UTF-8.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from ivr.services.errors import Message, RefusedError

BLOCK = 1 << 16
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """`line` is where it begins in the file, from 1; `fault` says why it has no cells."""

    line: int
    cells: Sequence[str]
    fault: Message | None = None


def find_encoding(path: Path, name: str = "") -> str:
    """The encoding of a whole file, read once in blocks; RefusedError where it is none we know."""
    shown = name or path.name
    try:
        with path.open("rb") as file:
            start = file.read(4)
            for mark, encoding in _MARKS:
                if start.startswith(mark):
                    return encoding
            for encoding in ("utf-8", "gb18030"):
                file.seek(0)
                if _decodes(iter(lambda: file.read(BLOCK), b""), encoding):
                    return encoding
    except OSError as error:
        raise RefusedError(
            "%(file)s cannot be read: %(reason)s", file=shown, reason=error.strerror
        ) from error
    raise RefusedError(
        "%(file)s is neither UTF-8 nor GB18030 text; save it as CSV UTF-8", file=shown
    )


def _decodes(blocks: Iterator[bytes], encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for block in blocks:
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


@contextmanager
def open_rows(path: Path, name: str = "") -> Iterator[Iterator[Row]]:
    """The rows of a file; memory does not grow with it. RefusedError.

    A first line `sep=;`, as Excel understands it, names the delimiter and is no row.
    """
    encoding = find_encoding(path, name)
    try:
        # A damaged UTF-16 file must not stop at its first damaged place: its line is reported.
        with path.open(encoding=encoding, errors="replace", newline="") as file:
            first = file.readline(BLOCK)
            named = _SEPARATOR.fullmatch(first.strip())
            if named:
                yield _rows(file, named[1] or "\t", before=1)
            else:
                file.seek(0)
                yield _rows(file, max(",\t;", key=first.count))
    except OSError as error:
        raise RefusedError(
            "%(file)s cannot be read: %(reason)s", file=name or path.name, reason=error.strerror
        ) from error


_SEPARATOR = re.compile(r'"?sep=([,;|]?)"?', re.IGNORECASE)


def _rows(file: TextIO, delimiter: str, before: int = 0) -> Iterator[Row]:
    reader = csv.reader(file, delimiter=delimiter)
    while True:
        line = before + reader.line_num + 1
        try:
            yield Row(line, next(reader))
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(line, (), fault=Message("not CSV: %(reason)s", reason=str(error)))
