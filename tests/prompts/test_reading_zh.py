"""Figures and letters inside Chinese text, as a clerk types them: rows `text` of `said_zh.tsv`."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.reading_zh import ENGLISH_WORDS, speakable

TABLE = (Path(__file__).parent / "said_zh.tsv").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    ("written", "spoken"), [line.split("\t")[1:] for line in TABLE if line.startswith("text\t")]
)
def test_a_clerks_figures_are_read_as_meant(written: str, spoken: str) -> None:
    assert speakable(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("拨打12315", "拨打一二三一五"),
        ("1203房", "一二零三房"),
        ("幺妹的电话是110", "幺妹的电话是一百一十"),
        ("账号A12345", "账号诶一二三四五"),
    ],
)
def test_one_is_yi_where_custom_wants_no_yao(written: str, spoken: str) -> None:
    assert speakable(written, yao=False) == spoken


@given(st.text(alphabet="0123456789.:-%元年月日条AbC ，停电", max_size=40))
def test_nothing_a_clerk_types_is_dropped_or_left_as_a_figure(text: str) -> None:
    spoken = speakable(text)
    assert not re.search(r"\d", spoken)
    rest = ENGLISH_WORDS.sub("", spoken)
    assert not re.search(r"[A-Z]{2}", rest)


@given(st.text(max_size=60))
def test_reading_twice_changes_nothing(text: str) -> None:
    once = speakable(text)
    assert speakable(once) == once
