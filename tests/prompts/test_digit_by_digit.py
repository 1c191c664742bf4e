"""Digits that are always there: which they are, and that every number is made of them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.catalogue import Catalogue
from prompts.clause import SLOW_TEMPO
from prompts.compose import compose
from prompts.digit_by_digit import GROUP_PAUSE_MS, PAUSE_MS, digit_by_digit, digits_ahead
from prompts.manner import USUAL, Manner
from prompts.render_all import foreseeable

LINE = Catalogue.load_folder(Path(__file__).parents[2] / "prompts" / "text")


def texts(number: str, language: str, manner: Manner = USUAL) -> list[str]:
    return [clause.text for clause in digit_by_digit([number], language, manner)]


def test_a_digit_is_said_as_in_the_whole_number() -> None:
    assert texts("2017", "zh-CN") == ["二零", "幺七"]
    assert texts("2017", "zh-CN", Manner(yao=False)) == ["二零", "一七"]
    assert texts("2017", "en") == ["two", "zero", "one", "seven"]


def test_of_an_odd_number_the_first_digit_stands_alone() -> None:
    assert texts("138", "zh-CN") == ["幺", "三八"]
    assert texts("1*23", "zh-CN") == ["幺", "星号", "二三"]
    assert texts("", "zh-CN") == []


def test_the_pause_after_a_group_is_longer() -> None:
    pauses = [clause.pause_after_ms for clause in digit_by_digit(["20", "7"], "en", USUAL)]
    assert pauses == [PAUSE_MS, GROUP_PAUSE_MS, GROUP_PAUSE_MS]


def test_a_language_without_digits_has_none() -> None:
    assert digit_by_digit(["2017"], "bo", USUAL) == ()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@given(number=st.text("0123456789", min_size=1, max_size=16))
def test_every_number_can_be_said_out_of_what_is_rendered_ahead(language: str, number: str) -> None:
    ahead = set(foreseeable_clauses())
    for prompt, slot in (
        ("ticket_number", "ticket"),
        ("ticket_number_again", "ticket"),
        ("complaint_check_number", "phone"),
    ):
        clauses = compose(LINE, prompt, language, {slot: number})
        digits = [(one.text, one.language) for clause in clauses for one in clause.instead]
        assert digits
        assert set(digits) <= ahead
        if slot == "ticket":
            spoken = "".join(text for text, _language in digits)
            assert spoken == "".join(texts(number, language))


def foreseeable_clauses() -> list[tuple[str, str]]:
    return [(clause.text, clause.language) for clause in FORESEEABLE]


FORESEEABLE = foreseeable(LINE)


def test_digits_are_made_ahead_of_all_else_of_their_language() -> None:
    for language in ("zh-CN", "en"):
        first = [clause.text for clause in FORESEEABLE if clause.language == language]
        digits = [clause.text for clause in digits_ahead(language, USUAL)]
        assert len(digits) == {"zh-CN": 112, "en": 12}[language]
        assert first[: len(digits)] == digits


def test_a_line_that_reads_no_numbers_has_no_digits_rendered() -> None:
    silent = Catalogue({}, ("zh-CN",)).with_overrides({("hello", "zh-CN"): "您好。"})
    assert [clause.text for clause in foreseeable(silent)] == ["您好。"]


def test_slower_is_slower_digit_by_digit_too() -> None:
    (_label, number) = compose(LINE, "ticket_number", "en", {"ticket": "2017"})
    slow = number.at(SLOW_TEMPO)
    assert [clause.tempo for clause in slow.instead] == [SLOW_TEMPO] * 4
    assert slow.instead[0].pause_after_ms == PAUSE_MS * 4 // 3


def test_what_could_be_said_instead_does_not_make_another_clause() -> None:
    (_label, number) = compose(LINE, "ticket_number", "en", {"ticket": "2017"})
    plain = type(number)(number.text, number.language, number.pause_after_ms)
    assert number == plain
    assert number.key("voice") == plain.key("voice")
