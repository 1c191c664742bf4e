"""Lists of notices: any cell is read or refused with its line."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.records.tables import Area
from ivr.services import outage_templates
from ivr.services.bill_fields import CellError
from ivr.services.errors import RefusedError
from ivr.services.outage_templates import Filling
from ivr.services.outage_upload import read_areas, read_time

ZONE = ZoneInfo("Asia/Shanghai")
AREAS = [
    Area(code="01", name_zh="城关镇", name_en="Chengguan Town"),
    Area(code="02", name_zh="东湖街道", name_en="East Lake"),
]


@given(
    st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2199, 12, 31))  # noqa: DTZ001
)
def test_every_time_is_read_in_every_way_of_writing(moment: datetime) -> None:
    at = moment.replace(second=0, microsecond=0, tzinfo=ZONE)
    day = f"{at.year}年{at.month}月{at.day}日"
    for text in (
        f"{at:%Y-%m-%d %H:%M}",
        f"{at:%Y-%m-%dT%H:%M:%S}",
        f"{at.year}/{at.month}/{at.day} {at.hour}:{at.minute:02d}",
        f"{day}{at.hour}点{at.minute}分",
        f"{day} {at.hour}：{at.minute:02d}",
    ):
        assert read_time(text, ZONE) == at


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", ()),
        ("全市", ()),
        ("whole town", ()),
        ("1", ("01",)),
        ("城关镇、East Lake", ("01", "02")),
        ("02；1,02", ("02", "01")),
    ],
)
def test_areas_are_known_by_code_and_by_name(text: str, codes: tuple[str, ...]) -> None:
    assert read_areas(text, AREAS) == codes


@given(st.text(max_size=40))
def test_any_cell_is_read_or_refused(text: str) -> None:
    with suppress(CellError):
        read_time(text, ZONE)
    with suppress(CellError):
        assert set(read_areas(text, AREAS)) <= {"01", "02"}


@given(st.text(alphabet="{}abc from area to，。", max_size=40), st.sampled_from(["zh-CN", "en"]))
def test_what_was_filled_in_has_no_brace_left(text: str, language: str) -> None:
    now = datetime(2026, 11, 22, 20, 0, tzinfo=ZONE)
    with suppress(RefusedError):
        said = outage_templates.fill(text, Filling("x", now, now, "y"), language, ZONE)
        assert "{" not in said
        assert "}" not in said
