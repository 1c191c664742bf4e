"""How staff want words to be said: what is taken, and where it is found in a text."""

import re

import pytest

from prompts.errors import PromptError
from prompts.lexicon import Pronunciations, checked


@pytest.mark.parametrize(
    ("language", "word", "said", "reason"),
    [
        ("zh-CN", "重庆", "chong2", "has 2 characters, and this is 1 syllables"),
        ("zh-CN", "重庆市", "chong2 qing4", "has 3 characters, and this is 2 syllables"),
        ("zh-CN", "WIFI", "wai1 fei4", "characters only"),
        ("zh-CN", "3号楼", "san1 hao4 lou2", "characters only"),
        ("zh-CN", "重庆", "重庆", "as it is written"),
        ("zh-CN", "重庆", "{name:text}", "without marks"),
        ("zh-CN", "。", "a1", "is no word"),
        ("zh-CN", "长" * 21, "chang2", "is no word"),
        ("zh-CN", " ", "chang2", "give a word"),
        ("en", "Xincheng", "新城", "no Chinese characters"),
        ("en", "Xincheng", "[Xin](/x/)", "without marks"),
    ],
)
def test_what_cannot_be_said_is_refused(language: str, word: str, said: str, reason: str) -> None:
    with pytest.raises(PromptError, match=re.escape(reason)):
        checked(language, word, said)


def test_pinyin_is_kept_written_evenly_and_a_respelling_as_given() -> None:
    assert checked("zh-CN", "重庆", " chóng  qìng ").said == "chong2 qing4"
    assert checked("zh-CN", "重庆", "chong2qing4").pinyin
    assert not checked("zh-CN", "甪直", "路直").pinyin
    assert checked("en", "Chengnan", "chung  nahn").said == "chung nahn"


def test_the_longer_of_two_words_wins() -> None:
    words = Pronunciations.of(
        [("zh-CN", "长乐", "chang2 le4"), ("zh-CN", "长乐路", "zhang3 le4 lu4")]
    )
    assert words.said_in("长乐路和长乐村", "zh-CN") == (
        ("长乐路", "zhang3 le4 lu4"),
        ("长乐", "chang2 le4"),
    )
    assert words.said_in("长乐路", "en") == ()


def test_a_word_of_latin_letters_is_found_whole_and_in_any_case() -> None:
    words = Pronunciations.of([("zh-CN", "APP", "应用"), ("en", "Chengnan", "chung nahn")])
    assert words.respelled("请用app或APP，别用APPLE", "zh-CN") == "请用应用或应用，别用APPLE"
    assert words.respelled("CHENGNAN Road, Chengnanxi", "en") == "chung nahn Road, Chengnanxi"


def test_words_of_the_line_are_respelled_unless_staff_say_otherwise() -> None:
    assert Pronunciations().respelled("WIFI和Wi-Fi", "zh-CN") == "歪费和歪费"
    own = Pronunciations.of([("zh-CN", "WiFi", "无线网")])
    assert own.respelled("免费wifi", "zh-CN") == "免费无线网"


def test_what_newer_rules_refuse_does_not_silence_the_rest(
    caplog: pytest.LogCaptureFixture,
) -> None:
    words = Pronunciations.of([("zh-CN", "重庆", "x"), ("zh-CN", "长乐", "chang2 le4")])
    assert words.said_in("重庆长乐", "zh-CN") == (("长乐", "chang2 le4"),)
    assert "left out" in caplog.text


def test_the_same_words_are_equal_however_they_came() -> None:
    rows = [("zh-CN", "长乐", "chang2 le4"), ("en", "Changle", "chahng luh")]
    assert Pronunciations.of(rows) == Pronunciations.of(reversed(rows))
    assert hash(Pronunciations.of(rows)) == hash(Pronunciations.of(reversed(rows)))
    assert Pronunciations.of(rows) != Pronunciations()
