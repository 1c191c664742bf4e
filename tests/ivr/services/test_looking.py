"""Bounded looking: nothing is skipped, and numbers are found by what is known of them."""

from datetime import UTC, datetime, timedelta

import pytest

from ivr.services import call_search, calls, looking
from ivr.services.call_search import CallFilter

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def fill(database, count=60):
    with database.begin() as session:
        for n in range(count):
            at = NOW - timedelta(minutes=n // 2)  # two at the same moment
            calls.open_call(session, calls.NewCall(f"{n:032x}", f"1380000{n:04}", "12345", at))
            language = "en" if n % 20 == 0 else "zh-CN"
            calls.record_answer(session, f"{n:032x}", at, flow="main", language=language)


def test_a_page_that_looked_enough_says_how_far_and_the_next_goes_on(database, monkeypatch):
    fill(database)
    monkeypatch.setattr(looking, "LOOKED_AT", 7)
    found, after, pages = [], None, 0
    while True:
        with database.read() as session:
            page = call_search.search(session, CallFilter(language="en"), after=after, limit=2)
        found += [summary.call.id for summary in page.calls]
        pages += 1
        assert page.next is None or page.calls or page.back_to is not None
        if page.next is None:
            break
        after = page.next
    assert found == [f"{n:032x}" for n in (0, 20, 40)]
    assert pages > 4


def test_the_file_holds_all_whatever_a_page_looks_at(database, monkeypatch):
    fill(database)
    monkeypatch.setattr(looking, "LOOKED_AT", 7)
    with database.read() as session:
        rows = list(call_search.csv_rows(session, CallFilter(language="en"), batch=2))
    assert len(rows) == 1 + 3


@pytest.mark.parametrize(
    ("asked", "masked", "count"),
    [
        ("13800000012", False, 1),
        ("0012", False, 1),
        ("00012", False, 1),
        ("1380000", False, 60),
        ("3800", False, 0),  # in the middle
        ("13800000012", True, 1),
        ("0012", True, 1),
        ("00012", True, 0),  # a digit more than is shown
        ("1380000", True, 0),
        ("380", True, 0),
    ],
)
def test_a_number_is_found_by_what_one_may_know_of_it(database, asked, masked, count):
    fill(database)
    with database.read() as session:
        page = call_search.search(session, CallFilter(caller=asked, masked=masked), limit=100)
    assert len(page.calls) == count


def test_the_end_of_a_number_that_shows_two_digits_is_not_found_by_four(database):
    with database.begin() as session:
        calls.open_call(session, calls.NewCall("a" * 32, "88001234", "12345", NOW))
    for masked, count in ((False, 1), (True, 0)):
        with database.read() as session:
            page = call_search.search(session, CallFilter(caller="1234", masked=masked))
        assert len(page.calls) == count
