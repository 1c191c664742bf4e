from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.services.errors import RefusedError
from ivr.services.paging import page_key, parse_page_key
from ivr.services.spreadsheet import cell, safe
from ivr.services.text import digits_of, note_text, storable

ANY = st.text(st.characters(codec=None), max_size=60)
SHANGHAI = ZoneInfo("Asia/Shanghai")


@given(ANY, st.integers(0, 50))
def test_what_is_stored_fits_and_can_be_encoded(text, limit):
    kept = storable(text, limit)
    assert len(kept) <= limit
    assert "\x00" not in kept.encode().decode()
    assert storable(kept, limit) == kept


@given(ANY)
def test_a_note_keeps_its_lines_and_can_be_encoded(text):
    assert "\r" not in note_text(text)
    assert "\x00" not in note_text(text).encode().decode()


def test_only_digits_of_the_keypad_are_digits():
    assert digits_of("+86 (10) 8888-٣３") == "86108888"


@given(ANY)
def test_no_cell_is_a_formula(text):
    assert not safe(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
    assert safe(text).removeprefix("'") == text.removeprefix("'")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (-5, "-5"),
        (1.5, "1.5"),
        (100.0, "100"),
        (Decimal("36.00"), "36.00"),
        (date(2026, 11, 22), "2026-11-22"),
        (datetime(2026, 11, 22, 16, 0, 5, tzinfo=UTC), "2026-11-23 00:00:05"),
        ("-5", "'-5"),
    ],
)
def test_cells_are_written_for_a_clerk_in_the_lines_zone(value, text):
    assert cell(value, SHANGHAI) == text


@given(
    st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.text("0123456789abcdef", min_size=1, max_size=32),
)
def test_a_page_key_gives_back_what_went_in(at, identity):
    assert parse_page_key(page_key(at, identity)) == (at, identity)


@given(st.text(max_size=40))
def test_any_other_page_key_is_refused_and_nothing_else(key):
    try:
        at, identity = parse_page_key(key)
    except RefusedError:
        return
    assert page_key(at, identity)
