"""Which column of a bill file means what: guessed by its header, chosen by hand, remembered.

A utility sends files of one form month by month: what was chosen for a source is proposed for
its next file, wherever the columns of that name stand there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.records.tables import BillMapping
from ivr.services.bill_fields import COLUMNS, READERS, REQUIRED, CellError, header_name, plain
from ivr.services.text import storable

FIXABLE = ("kind", "period", "due_on")
"""What may be the same for a whole file that has no column for it."""
_COLUMN_OF = {header_name(name): field for field, names in COLUMNS.items() for name in names}
# Names long enough to be meant where they are only a part of a header, the longest first.
_PARTS = sorted(
    ((name, of) for name, of in _COLUMN_OF.items() if len(name) > (4 if name.isascii() else 1)),
    key=lambda pair: -len(pair[0]),
)
_BRACKETS = re.compile(r"[(\[（【].*?[)\]）】]")


@dataclass(frozen=True, slots=True)
class Columns:
    """`columns`: field -> position in a line. `fixed`: field -> what every line says."""

    columns: Mapping[str, int] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)

    def kept(self) -> dict[str, Any]:
        """As JSON."""
        return {"columns": dict(self.columns), "fixed": dict(self.fixed)}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Columns:
        """From what `kept` gave."""
        return cls(dict(kept.get("columns", {})), dict(kept.get("fixed", {})))

    def missing(self) -> list[str]:
        """Fields a bill needs that neither a column nor a fixed text gives."""
        return [name for name in REQUIRED if name not in self.columns and not self.fixed.get(name)]


def guess(header: Sequence[str]) -> Columns:
    """What the names of the columns say; of two that fit a field, the first."""
    found: dict[str, int] = {}
    bare = [header_name(_BRACKETS.sub("", cell)) for cell in header]
    for names in ([header_name(cell) for cell in header], bare):
        for position, name in enumerate(names):
            of = _COLUMN_OF.get(name)
            if of and of not in found and position not in found.values():
                found[of] = position
    for position, name in enumerate(bare):
        if position in found.values():
            continue
        of = next((of for part, of in _PARTS if part in name and of not in found), None)
        if of:
            found[of] = position
    return Columns(found)


def read_header(header: Sequence[str]) -> Columns:
    """The same where nobody can be asked; CellError names what is missing or there twice."""
    exact: dict[str, int] = {}
    for position, cell in enumerate(header):
        of = _COLUMN_OF.get(header_name(cell))
        if of is not None and of in exact:
            raise CellError(
                "two columns give the %(field)s: %(name)r is the second", field=of, name=cell
            )
        if of is not None:
            exact[of] = position
    columns = guess(header)
    if lacking := columns.missing():
        missing = ", ".join(f"{name} ({COLUMNS[name][2]})" for name in lacking)
        raise CellError(
            "the first line must name the columns; missing: %(missing)s", missing=missing
        )
    return columns


def check_fixed(fixed: Mapping[str, str]) -> dict[str, CellError]:
    """Field -> why its fixed text will not do."""
    faults: dict[str, CellError] = {}
    for name, text in fixed.items():
        try:
            READERS[name](plain(text))
        except CellError as error:
            faults[name] = error
    return faults


def proposed(session: Session, source: str, header: Sequence[str]) -> Columns:
    """What was chosen for this source's last file, found by the names in this one; else a guess."""
    known = session.get(BillMapping, storable(source, 80)) if source else None
    if known is None:
        known = _of_header(session, header)
    guessed = guess(header)
    if known is None:
        return guessed
    names = [header_name(cell) for cell in header]
    chosen: dict[str, int] = {}
    former = [header_name(cell) for cell in known.header]
    kept = Columns.of(known.mapping)
    for name, position in kept.columns.items():
        if position < len(former) and former[position] in names:
            chosen[name] = names.index(former[position])
    rest = {
        name: position
        for name, position in guessed.columns.items()
        if name not in chosen
        and name not in kept.fixed
        and position not in chosen.values()
        and names[position] not in former  # what was left out by hand stays out
    }
    return Columns({**chosen, **rest}, kept.fixed)


def _of_header(session: Session, header: Sequence[str]) -> BillMapping | None:
    rows = session.scalars(select(BillMapping).order_by(BillMapping.updated_at.desc()))
    return next((row for row in rows if list(row.header) == list(header)), None)


def source_of(session: Session, header: Sequence[str]) -> str:
    """The source whose last file had exactly this header, or nothing."""
    known = _of_header(session, header)
    return known.source if known else ""


def sources(session: Session) -> list[str]:
    """The names of all sources, for the list to choose from."""
    return list(session.scalars(select(BillMapping.source).order_by(BillMapping.source)))


def remember(
    session: Session,
    source: str,
    header: Sequence[str],
    columns: Columns,
    *,
    who: str,
    now: datetime,
) -> None:
    """Keep the choice for this source's next file; the month of a file is not of the next."""
    name = storable(source.strip(), 80)
    if not name:
        return
    lasting = {key: text for key, text in columns.fixed.items() if key == "kind"}
    row = session.get(BillMapping, name)
    if row is None:
        row = BillMapping(source=name)
        session.add(row)
    row.header = [storable(cell, 80) for cell in header]
    row.mapping = Columns(columns.columns, lasting).kept()
    row.updated_by, row.updated_at = who, now
    session.flush()
