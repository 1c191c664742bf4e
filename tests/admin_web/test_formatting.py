"""Moments, days, numbers and money as each language writes them, in the line's zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from flask_babel import ngettext

from admin_web import formatting
from admin_web.languages import COOKIE
from tests.admin_web.builders import DeskUnderTest, add_call

MOMENT = datetime(2026, 11, 22, 17, 5, 9, 250_000, tzinfo=UTC)
"""In Shanghai five past one of the next morning."""
NEVER_SHOWN = re.compile(r"\b20\d\d-\d\d-\d\d\b")


def said(desk: DeskUnderTest, language: str, name: str, *arguments: object) -> str:
    with desk.app.test_request_context("/", headers={"Cookie": f"{COOKIE}={language}"}):
        return str(getattr(formatting, name)(*arguments))


@pytest.mark.parametrize(
    ("name", "value", "zh", "en"),
    [
        ("when", MOMENT, ">2026年11月23日 01:05:09<", ">23 Nov 2026, 01:05:09<"),
        ("minute", MOMENT, ">2026年11月23日 01:05<", ">23 Nov 2026, 01:05<"),
        ("minute_text", MOMENT, "2026年11月23日 01:05", "23 Nov 2026, 01:05"),
        ("clock", MOMENT, ">01:05:09.2<", ">01:05:09.2<"),
        ("day", date(2026, 1, 2), ">2026年1月2日<", ">2 Jan 2026<"),
        ("weekday_text", date(2026, 1, 2), "2026年1月2日周五", "Fri, 2 Jan 2026"),
        ("short_day_text", date(2026, 1, 2), "1月2日", "2 Jan"),
        ("period_text", "2026-11", "2026年11月", "Nov 2026"),
        ("period_text", "spring", "spring", "spring"),
        ("money", Decimal("12345.6"), "12,345.60 元", "12,345.60 yuan"),
        ("whole", 1234567, "1,234,567", "1,234,567"),
        ("hour_text", 7, "07:00", "07:00"),
    ],
)
def test_each_language_writes_it_its_own_way(
    desk: DeskUnderTest, name: str, value: object, zh: str, en: str
) -> None:
    assert zh in said(desk, "zh-CN", name, value)
    assert en in said(desk, "en", name, value)


def test_programs_find_the_moment_itself_beside_the_words(desk: DeskUnderTest) -> None:
    assert 'datetime="2026-11-23T01:05:09+08:00"' in said(desk, "en", "when", MOMENT)
    assert 'datetime="2026-01-02"' in said(desk, "zh-CN", "day", date(2026, 1, 2))


def test_counts_in_sentences_are_written_as_numbers_are(desk: DeskUnderTest) -> None:
    with desk.app.test_request_context("/", headers={"Cookie": f"{COOKIE}=en"}):
        assert ngettext("%(num)d call", "%(num)d calls", 12345) == "12,345 calls"
        assert ngettext("%(num)d call", "%(num)d calls", 1) == "1 call"
        page = desk.app.jinja_env.from_string(
            "{% autoescape true %}"
            '{{ ngettext("%(num)d of %(who)s", "%(num)d of %(who)s", n, who="<b>") }}'
            "{% endautoescape %}"
        )
        assert page.render(n=54321) == "54,321 of &lt;b&gt;"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/calls/?first_day=",
        "/calls/call-1",
        "/complaints/",
        "/complaints/work",
        "/bills/?account=880123",
        "/outages/",
        "/schedules/",
        "/retention/",
        "/audit/",
        "/people/",
        "/figures/summary",
    ],
)
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_pages_show_no_day_as_programs_write_it(
    desk: DeskUnderTest, path: str, language: str
) -> None:
    add_call(desk)
    visitor = desk.as_("administrator")
    if language == "en":
        visitor.english()
    page = visitor.get(path).text
    words = re.sub(r"<[^>]*>", " ", page.split("<main", 1)[1])
    assert not NEVER_SHOWN.search(words), NEVER_SHOWN.search(words)
