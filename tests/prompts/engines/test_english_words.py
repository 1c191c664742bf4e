"""The English voice reads from packed dictionaries what it reads from its own."""

import importlib.util
import random
from pathlib import Path

import pytest

if importlib.util.find_spec("hibari") is None:
    pytest.skip("the English voice is not installed", allow_module_level=True)

from hibari.g2p import G2P

from prompts.engines import english_words

LISTS = Path(__file__).parents[3] / "bench" / "voice"


@pytest.fixture(scope="module")
def both() -> tuple[G2P, G2P]:
    return G2P(), english_words.grammar()


def test_sentences_have_the_same_sounds(both: tuple[G2P, G2P]) -> None:
    own, packed = both
    for name in ("sentences.en.txt", "held_out.en.txt"):
        for line in (LISTS / name).read_text(encoding="utf-8").splitlines():
            assert packed(line) == own(line)


def test_words_of_both_dictionaries_have_the_same_sounds(both: tuple[G2P, G2P]) -> None:
    own, packed = both
    words = [*own.lexicon.golds.d, *own.lexicon.silvers.d]
    for word in random.Random(8).sample(words, 1500):
        assert packed(word) == own(word)


def test_a_word_that_no_dictionary_has_is_still_guessed(both: tuple[G2P, G2P]) -> None:
    own, packed = both
    assert packed("zorblatt") == own("zorblatt") != ""
