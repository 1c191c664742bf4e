"""Days and times as staff write them, whatever their browser."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from wtforms import Form

from admin_web.forms import Day, Moment
from tests.admin_web.builders import DeskUnderTest


class Written(Form):  # type: ignore[misc]
    day = Day("day")
    moment = Moment("moment")


def read(**given: str) -> Written:
    return Written(MultiDict(given))


@pytest.mark.parametrize(
    "text",
    ["2026-12-05", "2026/12/5", "2026.12.05", "2026年12月5日", "20261205", "２０２６－１２－０５"],
)
def test_a_day_is_understood_as_it_is_written_in_china(text: str) -> None:
    form = read(day=text)
    assert form.validate()
    assert form.day.data == date(2026, 12, 5)


@pytest.mark.parametrize("text", ["2026-12-05 18:30", "2026-12-05T18:30", "2026年12月5日18:30"])
def test_a_moment_is_understood_too(text: str) -> None:
    assert read(moment=text).moment.data == datetime(2026, 12, 5, 18, 30)  # noqa: DTZ001


def test_what_is_kept_is_shown_in_one_order_only() -> None:
    form = Written(None, data={"day": date(2026, 7, 12), "moment": datetime(2026, 7, 12, 8, 5)})  # noqa: DTZ001
    assert 'value="2026-07-12"' in str(form.day())
    assert 'value="2026-07-12 08:05"' in str(form.moment())
    assert 'type="text"' in str(form.day())


def test_what_is_no_day_is_refused_in_the_language_of_the_page(desk: DeskUnderTest) -> None:
    answer = desk.as_("supervisor").get("/calls/?first_day=12/07/2026")
    assert answer.status_code == 422
    assert "日期请写成 2026-12-05 这样。" in answer.text
    assert 'value="12/07/2026"' in answer.text


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31"])
def test_a_year_nobody_means_is_refused(desk: DeskUnderTest, text: str) -> None:
    visitor = desk.as_("supervisor")
    assert visitor.get(f"/calls/?first_day={text}").status_code == 422
    assert visitor.get(f"/calls/?last_day={text}").status_code == 422


@given(st.text(max_size=30))
def test_no_text_breaks_a_field(text: str) -> None:
    form = read(day=text, moment=text)
    form.validate()
    assert form.day.data is None or isinstance(form.day.data, date)
