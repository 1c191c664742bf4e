"""Names in pinyin for an English voice: the table beside this file, and what is no name."""

from pathlib import Path

import pytest

from prompts.pinyin_names import names, phonemes

TABLE = (Path(__file__).parent / "pinyin_names.tsv").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    ("name", "sounds"), [line.split("\t") for line in TABLE if not line.startswith("#")]
)
def test_a_name_is_given_the_nearest_english_sounds(name: str, sounds: str) -> None:
    assert phonemes(name) == sounds


@pytest.mark.parametrize("word", ["Water", "Monday", "Please", "Notice", "Shan", "Road", "a", ""])
def test_what_is_not_pinyin_of_two_syllables_is_left_to_the_voice(word: str) -> None:
    assert phonemes(word) == ""


def test_only_words_with_a_capital_may_be_names() -> None:
    assert names("On Xincheng Road, from six, banana and Chengnan.") == ["Xincheng", "Chengnan"]
