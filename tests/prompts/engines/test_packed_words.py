"""A dictionary in one block answers as the `dict` it was made of."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.engines.packed_words import PackedWords, pack

WORDS = st.dictionaries(
    st.text(st.characters(codec="utf-8"), max_size=12),
    st.text(st.characters(codec="utf-8"), max_size=12),
)


@given(WORDS, st.text(st.characters(codec="utf-8"), max_size=12))
def test_it_answers_as_the_dictionary_it_was_made_of(words: dict[str, str], other: str) -> None:
    packed = PackedWords(pack(words))
    assert len(packed) == len(words)
    for word in (*words, other):
        assert packed.get(word) == words.get(word)
        assert (word in packed) == (word in words)


def test_a_word_that_is_not_there_has_the_default() -> None:
    assert PackedWords(pack({})).get("水", "none") == "none"


def test_a_value_is_read_as_what_it_stands_for() -> None:
    packed = PackedWords(pack({"b": json.dumps({"NN": 1.5})}), json.loads)
    assert packed.get("b") == {"NN": 1.5}


def test_many_words_that_want_the_same_slot_are_all_found() -> None:
    words = {f"word{number}": str(number) for number in range(5000)}
    packed = PackedWords(pack(words))
    assert all(packed.get(word) == value for word, value in words.items())


def test_a_value_too_long_for_a_record_is_refused() -> None:
    with pytest.raises(Exception, match="format"):
        pack({"long": "x" * 70_000})
