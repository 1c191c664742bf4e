"""A list of outage notices in a file of a utility: read, looked at, taken in, taken back."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.records.tables import Area, Outage, OutageUpload
from ivr.services import areas, outages
from ivr.services.bill_fields import CellError, header_name, plain, read_kind
from ivr.services.csv_source import Row
from ivr.services.errors import Message, NotFoundError, RefusedError
from ivr.services.outages import Notice
from ivr.services.table_source import open_table
from ivr.services.text import storable

_Read = TypeVar("_Read")
MOST_LINES = 2_000
LONGEST_TEXT = 1000

# field -> names a header may use for it; compared without case, blanks and underscores
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "kind": ("kind", "supply", "type", "类别", "种类", "类型", "停供类别", "业务"),
    "areas": ("areas", "area", "where", "区域", "地区", "范围", "停供区域", "影响区域", "片区"),
    "starts": ("from", "start", "starts", "begin", "开始", "开始时间", "停供时间", "起始时间"),
    "ends": (
        *("to", "end", "ends", "until", "结束", "结束时间", "恢复时间", "预计恢复时间"),
        *("预计恢复", "截止时间"),
    ),
    "text_zh": ("text", "chinese text", "chinese", "内容", "中文内容", "通知内容", "通知", "中文"),
    "text_en": ("english text", "english", "英文", "英文内容"),
    "heard_from": ("heard from", "publish at", "播报时间", "发布时间", "播报开始"),
}
REQUIRED = ("kind", "starts", "text_zh")
_COLUMN_OF = {header_name(name): field for field, names in COLUMNS.items() for name in names}
_TIME = re.compile(
    r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?[ T]*"
    r"(?:([0-9]{1,2})[:时点]([0-9]{1,2})?分?(?::[0-9]{2})?)?"
)
_WHOLE_TOWN = frozenset({"", "全市", "全城", "全区", "wholetown", "thewholetown", "all", "town"})
_BETWEEN_AREAS = re.compile(r"[、,，;；/|\n]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one line, and in which column; empty: the line as a whole."""

    line: int
    column: str
    message: Message


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as it was understood: notices by their lines, and what was wrong."""

    notices: Sequence[tuple[int, Notice]]
    problems: Sequence[Problem]
    lines: int

    @property
    def wrong_lines(self) -> int:
        """How many lines are not taken in."""
        return len({problem.line for problem in self.problems})


def read(session: Session, path: Path, zone: tzinfo, name: str = "") -> Listed:
    """Read a file; RefusedError where it cannot be read at all. Nothing is stored."""
    known = areas.all_areas(session)
    notices: list[tuple[int, Notice]] = []
    problems: list[Problem] = []
    lines = 0
    with open_table(path, name) as rows:
        header = next(rows, None)
        if header is None or not any(header.cells):
            raise RefusedError("the file is empty")
        positions = _positions(header.cells)
        for row in rows:
            if not row.fault and not any(cell.strip() for cell in row.cells):
                continue
            lines += 1
            if lines > MOST_LINES:
                raise RefusedError(
                    "a list has at most %(number)s notices; divide it", number=MOST_LINES
                )
            found = _notice(row, positions, known, zone)
            if isinstance(found, Notice):
                notices.append((row.line, found))
            else:
                problems += found
    return Listed(notices, problems, lines)


def _positions(cells: Sequence[str]) -> dict[str, int]:
    positions: dict[str, int] = {}
    for position, cell in enumerate(cells):
        field = _COLUMN_OF.get(header_name(cell))
        if field is not None:
            positions.setdefault(field, position)
    missing = [f"{field} ({COLUMNS[field][3]})" for field in REQUIRED if field not in positions]
    if missing:
        raise RefusedError(
            "the first line must name the columns; missing: %(missing)s",
            missing=", ".join(missing),
        )
    return positions


def _notice(
    row: Row, positions: Mapping[str, int], known: Sequence[Area], zone: tzinfo
) -> Notice | list[Problem]:
    if row.fault:
        return [Problem(row.line, "", row.fault)]
    problems: list[Problem] = []

    def cell(field: str) -> str:
        at = positions.get(field)
        return row.cells[at].strip() if at is not None and at < len(row.cells) else ""

    def of(field: str, reader: Callable[[str], _Read]) -> _Read | None:
        try:
            return reader(cell(field))
        except CellError as error:
            problems.append(Problem(row.line, field, error.message))
            return None

    kind = of("kind", lambda text: read_kind(plain(text).removeprefix("停")))
    codes = of("areas", lambda text: read_areas(text, known))
    starts = of("starts", lambda text: read_time(text, zone, required=True))
    ends = of("ends", lambda text: read_time(text, zone))
    heard_from = of("heard_from", lambda text: read_time(text, zone))
    text_zh, text_en = of("text_zh", _needed_text), of("text_en", _text)
    if starts is not None and ends is not None and ends <= starts:
        problems.append(Problem(row.line, "ends", Message("an outage must end after it starts")))
    if problems or kind is None or starts is None:
        return problems
    return Notice(
        kind=kind,
        area_code=codes[0] if codes else None,
        starts_at=starts,
        ends_at=ends,
        text_zh=text_zh or "",
        text_en=text_en or "",
        valid_from=heard_from,
        more_areas=tuple(codes[1:]) if codes else (),
    )


def read_time(text: str, zone: tzinfo, *, required: bool = False) -> datetime | None:
    """A moment in the line's zone; CellError. A day alone begins at midnight."""
    bare = plain(text)
    if not bare and not required:
        return None
    match = _TIME.fullmatch(bare)
    try:
        if match is None or not 2000 <= int(match[1]) <= 2199:
            raise ValueError
        year, month, day, hour, minute = (int(part or 0) for part in match.groups())
        return datetime(year, month, day, hour, minute, tzinfo=zone)
    except ValueError:
        raise CellError("%(text)r is not a time such as 2026-12-05 18:30", text=bare) from None


def read_areas(text: str, known: Sequence[Area]) -> tuple[str, ...]:
    """The codes of areas given by code or name, several divided by commas; CellError."""
    if header_name(text) in _WHOLE_TOWN:
        return ()
    codes = []
    for part in _BETWEEN_AREAS.split(unicodedata.normalize("NFKC", text)):
        wanted = header_name(part)
        if not wanted:
            continue
        found = next((row.code for row in known if _is(row, wanted)), None)
        if found is None:
            raise CellError(
                "there is no area %(name)r; add it to the table of areas, or correct it",
                name=part.strip()[:40],
            )
        codes.append(found)
    return tuple(dict.fromkeys(codes))


def _is(row: Area, wanted: str) -> bool:
    if wanted.isdecimal() and row.code.isdecimal():
        return int(wanted) == int(row.code)
    return wanted in (header_name(row.name_zh), header_name(row.name_en or ""))


def _needed_text(text: str) -> str:
    if not text.strip():
        raise CellError("there is nothing for callers to hear")
    return _text(text)


def _text(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise CellError("a notice has at most %(number)s characters", number=LONGEST_TEXT)
    return text.strip().removeprefix("'")


def take_in(
    session: Session,
    listed: Listed,
    *,
    filename: str,
    drafts: bool,
    who: str,
    now: datetime,
) -> OutageUpload:
    """Publish the good lines, or keep them as drafts; RefusedError where there are none."""
    if not listed.notices:
        raise RefusedError("no line of this file is good")
    upload = OutageUpload(
        filename=storable(filename, 100),
        who=storable(who, 64),
        at=now,
        notices=len(listed.notices),
    )
    session.add(upload)
    session.flush()
    for _line, notice in listed.notices:
        row = outages.add(session, notice, who=who, now=now)
        row.draft, row.upload_id = drafts, upload.id
    session.flush()
    return upload


def uploads(session: Session, *, limit: int = 20) -> Sequence[OutageUpload]:
    """The newest first."""
    return session.scalars(select(OutageUpload).order_by(OutageUpload.id.desc()).limit(limit)).all()


def undo(session: Session, upload_id: int, *, who: str, now: datetime) -> int:
    """Take all notices of an upload away, and say how many; NotFoundError.

    RefusedError where somebody has changed, published or ended one of them since.
    """
    upload = session.get(OutageUpload, upload_id, with_for_update=True)
    if upload is None:
        raise NotFoundError("there is no upload %(id)s", id=upload_id)
    if upload.undone_at is not None:
        raise RefusedError("this upload was taken back already")
    rows = session.scalars(select(Outage).where(Outage.upload_id == upload_id)).all()
    touched = [row for row in rows if row.updated_at != row.created_at]
    if touched:
        raise RefusedError(
            "%(number)s of its notices were changed since; end those by hand", number=len(touched)
        )
    for row in rows:
        session.delete(row)
    upload.undone_at, upload.undone_by = now, storable(who, 64)
    session.flush()
    return len(rows)
