"""The packed Mandarin dictionaries say what pypinyin says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("pypinyin")

from pypinyin import Style, lazy_pinyin
from pypinyin.constants import PHRASES_DICT

from prompts.engines.mandarin_words import load


def by_pypinyin(word: str) -> list[str]:
    return list(
        lazy_pinyin([word], Style.TONE3, errors="ignore", neutral_tone_with_five=True, v_to_u=False)
    )


def test_every_fiftieth_word_is_read_as_pypinyin_reads_it() -> None:
    words = [word for word in list(PHRASES_DICT)[::50] if len(by_pypinyin(word)) == len(word)]
    assert len(words) > 900
    assert [word for word in words if load().read(word) != by_pypinyin(word)] == []


def test_every_character_is_read_as_pypinyin_reads_it() -> None:
    chars = [chr(code) for code in range(0x4E00, 0x9FA6, 7)]
    assert [char for char in chars if load().read(char) != (by_pypinyin(char) or [""])] == []


def test_words_are_the_longest_that_begin_at_each_place() -> None:
    assert load().cut("我爱中国人民") == ["我", "爱", "中国人", "民"]
    assert load().cut("行长重庆") == ["行长", "重庆"]


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), max_size=30))
def test_a_cut_loses_nothing_and_every_word_has_a_syllable_a_character(run: str) -> None:
    words = load().cut(run)
    assert "".join(words) == run
    assert all(len(load().read(word)) == len(word) for word in words)
