"""What requests are made of: types that read strictly, and say so in the document.

What a schema of ours allows is taken, and nothing else: a query's ``1`` is no ``true``, and a
time without an offset is the line's (as on its pages), never the machine's.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from admin_web.desk import desk

LONGEST_PAGE = 100

_DATE_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d(?::\d\d)?(?:\.\d{1,9})?)([Zz]|[+-]\d\d:\d\d)?", re.ASCII
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# Any time that exists in any zone; what lies outside finds what the first or the last would.
_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, tzinfo=UTC)
# A day of this century that exists in every year.
_A_DAY = (
    r"20[0-9]{2}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    r"|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
)
_A_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
_AN_OFFSET = r"(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])"

_NO_MOMENT = PydanticCustomError("moment", "a time such as 2026-11-22T08:00:00+08:00")
_NO_DAY = PydanticCustomError("day", "a day such as 2026-11-22")


def _moment(given: Any, *, exact: bool) -> datetime:
    found = _DATE_TIME.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        raise _NO_MOMENT
    day, clock, offset = found.groups()
    if exact and offset is None:
        raise _NO_MOMENT
    # RFC 3339 §5.6: a leap second is told as :60; nothing of ours lasts that long.
    clock = re.sub(r"^(\d\d:\d\d):60", r"\1:59", clock)
    try:
        at = datetime.fromisoformat(f"{day}T{clock}{(offset or '').upper()}")
    except ValueError:
        raise _NO_MOMENT from None
    return at if at.tzinfo else at.replace(tzinfo=desk().zone)


def _asked(given: Any) -> datetime:
    """Read a time of a query; one without an offset, or a day alone, is in the line's zone."""
    if isinstance(given, str) and _DATE.fullmatch(given):
        try:
            at = datetime.combine(date.fromisoformat(given), time(), desk().zone)
        except ValueError:
            raise _NO_MOMENT from None
    else:
        # The "+" of an offset that was not escaped arrives as a blank.
        text = re.sub(r" (\d\d:\d\d)$", r"+\1", given) if isinstance(given, str) else given
        at = _moment(text, exact=False)
    if at.year < _FIRST.year:
        return _FIRST
    return _LAST if at.year > _LAST.year else at


def _written(given: Any) -> datetime:
    at = _moment(given, exact=True)
    if not 2000 <= at.year <= 2099:
        raise _NO_MOMENT
    return at


def _day(given: Any) -> date:
    if not (isinstance(given, str) and _DATE.fullmatch(given) and given.startswith("20")):
        raise _NO_DAY
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise _NO_DAY from None


def _flag(given: Any) -> bool:
    if given not in ("true", "false"):
        raise PydanticCustomError("flag", "true or false")
    return bool(given == "true")


def read_whole(given: Any) -> int:
    """Read a number of a query: digits, and a sign before them."""
    if not (isinstance(given, str) and re.fullmatch(r"-?(0|[1-9][0-9]{0,17})", given)):
        raise PydanticCustomError("whole", "a whole number")
    return int(given)


# --- in queries
AskedMoment = Annotated[
    datetime,
    BeforeValidator(_asked),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "date-time"},
                {"type": "string", "format": "date"},
            ],
            "examples": ["2026-11-22T08:00:00+08:00"],
        }
    ),
]
Flag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]
# A bound stands before the reader, or the document would not tell it.
PageSize = Annotated[
    int,
    Field(ge=1, le=LONGEST_PAGE, description="how many records at most"),
    BeforeValidator(read_whole),
]
RowNumber = Annotated[int, Field(ge=1, le=2**31 - 1), BeforeValidator(read_whole)]
Words = Annotated[str, Field(max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]
Code = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]

# --- in what is sent
Moment = Annotated[
    datetime,
    BeforeValidator(_written),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^{_A_DAY}T{_A_TIME}{_AN_OFFSET}$",
            "description": "RFC 3339",
            "examples": ["2026-11-22T08:00:00+08:00"],
        }
    ),
]
Day = Annotated[
    date,
    BeforeValidator(_day),
    WithJsonSchema(
        {"type": "string", "pattern": f"^{_A_DAY}$", "examples": ["2026-12-05"]},
    ),
]
# A text of staff: something in it that is seen.
SEEN = r"[^\s\x00-\x1f\x7f-\x9f\ufeff]"
"""What is seen, in words that every dialect of regular expressions reads alike."""
Text = Annotated[str, Field(min_length=1, max_length=2000, pattern=SEEN)]


class Given(BaseModel):
    """What a request sends: no field that is not named."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Answer(BaseModel):
    """What is answered. Names stay; new ones may be added."""

    model_config = ConfigDict(protected_namespaces=())


class Query(Given):
    """What stands behind the question mark."""

    model_config = ConfigDict(strict=False)


class Paged(Query):
    """Which page of a list."""

    after: Annotated[
        str | None,
        Field(
            pattern=r"^[0-9]{8}T[0-9]{6}\.[0-9]{6}~[A-Za-z0-9_-]{1,32}$",
            description="`next` of the page before; without it the first page",
        ),
    ] = None
    limit: PageSize = LONGEST_PAGE


class Page(Answer):
    """A page of a list; `next` is null on the last one."""

    next: Annotated[str | None, Field(description="to be sent as `after`")]


One = TypeVar("One")


class Listed(Answer, Generic[One]):
    """A short list, whole."""

    items: list[One]
