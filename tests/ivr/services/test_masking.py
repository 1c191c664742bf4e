import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.services.masking import in_text, masked, whole


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13800138000", "138****8000"),
        ("+86 138 0013 8000", "+86 1** **** 8000"),
        ("010-12345678", "010-****5678"),
        ("880123", "88**23"),
        ("6001", "6**1"),
        ("110", "110"),
        ("1", "1"),
        ("", ""),
        ("****", "****"),
        ("anonymous", "anonymous"),
        ("li.na", "l*.*a"),
        ("１３８００１３８０００", "１３８****８０００"),
    ],
)
def test_the_middle_is_hidden_and_the_ends_stay(number, shown):
    assert masked(number) == shown
    assert whole(number) == number


@given(st.text(max_size=40))
def test_masking_keeps_the_length_and_twice_is_once_more(text):
    shown = masked(text)
    assert len(shown) == len(text)
    assert all(new in (old, "*") for new, old in zip(shown, text, strict=True))


@given(st.from_regex(r"[0-9]{4,20}", fullmatch=True))
def test_no_number_is_shown_whole(digits):
    assert masked(digits) != digits
    assert masked(digits).count("*") >= min(2, len(digits) - 2)


def test_numbers_in_a_note_are_hidden_and_the_words_stay():
    note = "改正：回拨号码 13800138000 → 13912345678，2026-11-22，户号880123。"
    shown = "改正：回拨号码 138****8000 → 139****5678，2026-11-22，户号88**23。"
    assert in_text(note, masked) == shown
    assert in_text(note, whole) == note
