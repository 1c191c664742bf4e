"""Where the pauses are in a long number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.digit_groups import digit_groups, phone_groups


@pytest.mark.parametrize(
    ("digits", "groups"),
    [
        ("202611220001", ["2026", "1122", "0001"]),
        ("880123", ["880", "123"]),
        ("7", ["7"]),
        ("1234", ["1234"]),
        ("12 345", ["12", "345"]),
        ("", []),
    ],
)
def test_digits_come_in_groups_of_at_most_four(digits: str, groups: list[str]) -> None:
    assert digit_groups(digits) == groups


@pytest.mark.parametrize(
    ("number", "groups"),
    [
        ("13800138000", ["138", "0013", "8000"]),
        ("+86 138 0013 8000", ["138", "0013", "8000"]),
        ("+861088001234", ["010", "8800", "1234"]),
        ("02088001234", ["020", "8800", "1234"]),
        ("0571-88001234", ["0571", "8800", "1234"]),
        ("05718800123", ["0571", "880", "0123"]),
        ("88001234", ["8800", "1234"]),
        ("12345", ["12345"]),
        ("110", ["110"]),
        ("", []),
    ],
)
def test_telephone_numbers_come_in_their_customary_groups(number: str, groups: list[str]) -> None:
    assert phone_groups(number) == groups


@given(st.text(alphabet="0123456789", max_size=30))
def test_no_digit_is_lost_and_no_group_is_long(digits: str) -> None:
    groups = digit_groups(digits)
    assert "".join(groups) == digits
    assert all(1 <= len(group) <= 4 for group in groups)


@given(st.text(alphabet="0123456789", max_size=16).filter(lambda text: not text.startswith("0086")))
def test_no_digit_of_a_telephone_number_is_lost(number: str) -> None:
    assert "".join(phone_groups(number)) == number


@given(st.text(alphabet="0123456789", max_size=30))
def test_a_number_said_again_loses_nothing_either(digits: str) -> None:
    assert "".join(digit_groups(digits, again=True)) == digits


@given(st.text(alphabet="0123456789", min_size=6, max_size=30))
def test_a_number_said_again_is_cut_in_other_places(digits: str) -> None:
    assert digit_groups(digits, again=True) != digit_groups(digits)
